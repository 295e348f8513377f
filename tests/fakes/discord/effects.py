"""What a posted message does to the people who see it: whom it notifies, what it links, embeds, formats. Pure.

Where Discord's documentation leaves room, the stricter reading counts: a mention notifies also inside a code block or
behind a backslash (the server reads the raw content), an edit notifies like a new message, an embed's title and field
names read markdown like its description, an invite shows its card wherever it stands in the content. Author names,
footers and component labels are plain text to Discord: nothing in them means anything.
To judge text from outside, compare with the effects of the same card around a harmless text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.fakes.discord.components import LINK, buttons
from tests.fakes.discord.permissions import MENTION_EVERYONE
from tests.fakes.discord.world import BOT_USER, SUPPRESS_EMBEDS, Json, Message, World

EffectKind = Literal[
    "ping",
    "mention",
    "channel",
    "command",
    "emoji",
    "date",
    "masked link",
    "link",
    "invite",
    "unfurl",
    "format",
    "image",
]


@dataclass(frozen=True, order=True)
class Effect:
    """One thing a message does. `where` is a JSON pointer into {content, embeds, components}."""

    kind: EffectKind
    what: str
    where: str


_MENTION = re.compile(r"<@(!?\d{15,21}|&\d{15,21})>")
_EVERYONE = re.compile(r"@(everyone|here)")
_MASKED = re.compile(
    r"(?<!\\)\[(?P<text>(?:[^\]\\\n]|\\.)*)\]\(\s*<?(?P<url>[a-z][a-z0-9+.-]*:[^\s)>]+)", re.IGNORECASE
)
_URL = re.compile(r"(?<![a-z0-9])(?:https?|discord|steam)://[^\s<>]+", re.IGNORECASE)
_SILENCED = re.compile(r"<(?:https?|discord|steam)://[^\s<>]+>", re.IGNORECASE)
_INVITE = re.compile(
    r"(?:discord\.gg|discord(?:app)?\.com/invite|discord\.com/events|discord\.new)/[\w-]+", re.IGNORECASE
)
_TOKENS: tuple[tuple[EffectKind, re.Pattern[str]], ...] = (
    ("channel", re.compile(r"<#(\d{15,21})>")),
    ("channel", re.compile(r"<id:(\w+)>")),
    ("command", re.compile(r"</([^:<>\n]+:\d{15,21})>")),
    ("emoji", re.compile(r"<a?:(\w{2,32}:\d{15,21})>")),
    ("date", re.compile(r"<t:(-?\d+(?::[tTdDfFRsS])?)>")),
)
_SHORTCODE = re.compile(r"(?<![\w:]):([a-z0-9_+-]{2,}):(?!\w)")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_FORMATS = (
    ("preformatted", re.compile(r"```.+?```", re.DOTALL)),
    ("code", re.compile(r"(?<!`)(`{1,2})(?!`)[^\n]+?(?<!`)\1(?!`)")),
    ("bold", re.compile(r"\*\*(?=\S)[\s\S]+?\*\*")),
    ("underline", re.compile(r"__[\s\S]+?__")),
    ("italic", re.compile(r"(?<!\*)\*(?=[^\s*])[^*]+?(?<=\S)\*(?!\*)|(?<![\w_])_(?=[^_])[^_]+?_(?![\w_])")),
    ("strike", re.compile(r"~~[\s\S]+?~~")),
    ("spoiler", re.compile(r"\|\|[\s\S]+?\|\|")),
    ("quote", re.compile(r"^ *>(?:>>)? [^\n]*", re.MULTILINE)),
    ("heading", re.compile(r"^ *#{1,3} +\S", re.MULTILINE)),
    ("small", re.compile(r"^ *-# +\S", re.MULTILINE)),
    ("list", re.compile(r"^ *(?:[-*]|\d+\.) +\S", re.MULTILINE)),
)


def effects(message: Message, world: World) -> list[Effect]:
    """Everything the message does, in the order of reading."""
    return effects_of(message.payload, world, channel=message.channel, flags=message.flags)


def pings(message: Message, world: World) -> list[Effect]:
    """Only whom it notifies, under its allowed_mentions: people, roles, everyone, here."""
    return [effect for effect in effects(message, world) if effect.kind == "ping"]


def effects_of(payload: Json, world: World, *, channel: str, flags: int = 0) -> list[Effect]:
    """The same for a payload not sent yet."""
    content = str(payload.get("content") or "")
    found = [
        Effect("ping", who, "/content") for who in _pings(content, payload.get("allowed_mentions"), world, channel)
    ]
    found += _read(content, "/content")
    if not flags & SUPPRESS_EMBEDS:
        found += [Effect("unfurl", url, "/content") for url in _unfurled(content)]
    for number, embed in enumerate(payload.get("embeds") or []):
        found += _of_embed(embed, f"/embeds/{number}")
    for part in buttons(payload.get("components") or []):
        if part.get("style") == LINK:
            found.append(Effect("link", str(part["url"]), "/components/url"))
    return found


def _pings(content: str, allowed: Json | None, world: World, channel: str) -> Iterator[str]:
    """Without allowed_mentions everything is parsed; with them only what they name."""
    rules: Json = {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed
    parse = rules.get("parse") or []
    mighty = bool(world.permissions(BOT_USER, world.channels[channel]) & MENTION_EVERYONE)
    home = world.guild_of(world.channels[channel])
    for match in _MENTION.finditer(content):
        written = match[1].removeprefix("!")
        if written.startswith("&"):
            role = home.roles.get(written[1:]) if home is not None else None
            known = role is not None and (role.mentionable or mighty)
            if known and ("roles" in parse or written[1:] in (rules.get("roles") or [])):
                yield written
        elif written in world.users and ("users" in parse or written in (rules.get("users") or [])):
            yield written
    if "everyone" in parse and mighty:
        yield from (match[1] for match in _EVERYONE.finditer(content))


def _of_embed(embed: Json, where: str) -> Iterator[Effect]:
    """An embed never notifies; what is written as a mention there shows as one."""
    for name in ("title", "description"):
        yield from _read(str(embed.get(name) or ""), f"{where}/{name}")
    for number, entry in enumerate(embed.get("fields") or []):
        for name in ("name", "value"):
            yield from _read(str(entry.get(name) or ""), f"{where}/fields/{number}/{name}")
    for path in ("url", "author/url"):
        address = _at(embed, path)
        if address:
            yield Effect("link", address, f"{where}/{path}")
    for path in ("image/url", "thumbnail/url", "author/icon_url", "footer/icon_url"):
        address = _at(embed, path)
        if address:
            yield Effect("image", address, f"{where}/{path}")


def _at(embed: Json, path: str) -> str:
    here: object = embed
    for step in path.split("/"):
        here = here.get(step) if isinstance(here, dict) else None
    return str(here or "")


def _read(text: str, where: str) -> Iterator[Effect]:
    """Everything one text means where Discord reads markdown."""
    for match in _MENTION.finditer(text):
        yield Effect("mention", match[1].removeprefix("!"), where)
    yield from (Effect("mention", match[1], where) for match in _EVERYONE.finditer(text))
    plain = _ESCAPED.sub("\ufffc", text)
    for kind, pattern in _TOKENS:
        yield from (Effect(kind, match[1], where) for match in pattern.finditer(plain))
    for match in _MASKED.finditer(plain):
        yield Effect("masked link", match["url"], where)
    yield from (Effect("link", match.group(), where) for match in _URL.finditer(plain))
    yield from (Effect("invite", match.group(), where) for match in _INVITE.finditer(text))
    bare = _URL.sub("\ufffc", plain)
    yield from (Effect("format", name, where) for name, pattern in _FORMATS if pattern.search(bare))
    yield from (Effect("emoji", match[1], where) for match in _SHORTCODE.finditer(bare))


def _unfurled(content: str) -> Iterator[str]:
    """Links that get a preview: those not between < and >; and invites wherever they stand."""
    loud = _SILENCED.sub("\ufffc", content)
    yield from (match.group() for match in _URL.finditer(loud))
    yield from (match.group() for match in _INVITE.finditer(content))
