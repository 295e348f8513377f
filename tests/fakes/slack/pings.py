"""What a posted message does to the people who see it: whom it notifies, what it links, unfurls, formats. Pure.

Where Slack's documentation leaves room, the stricter reading counts: a text object without `verbatim: true` may have
mentions, channel names and URLs found in it ("certain mentions will be automatically parsed"), an emoji name in a
plain_text object shows as an emoji unless `emoji` is false, and a link may unfurl unless both flags say no.
To judge text from outside, compare with the effects of the same card around a harmless text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.fakes.slack.world import Json, Message, Workspace

EffectKind = Literal["mention", "group", "channel", "link", "unfurl", "format", "emoji", "date", "image"]


@dataclass(frozen=True, order=True)
class Effect:
    """One thing a message does. `where` is a JSON pointer into {text, blocks, attachments}."""

    kind: EffectKind
    what: str
    where: str


@dataclass(frozen=True)
class _Reading:
    """How Slack reads a piece of text."""

    formats: bool = False
    finds_links: bool = False
    finds_names: bool = False
    shows_emoji: bool = True
    notifies_only: bool = False


_CONTROL = re.compile(r"<([^<>\n]+)>")
_URL = re.compile(r"(?:https?|ftp|slack|tel|mailto):/{0,2}[^\s<>|]+", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.])[\w.%+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)
_BROADCAST = re.compile(r"(?<![\w@])@(here|channel|everyone|group)\b", re.IGNORECASE)
_NAMED = re.compile(r"(?<![\w@])@([a-z0-9][\w.-]*)", re.IGNORECASE)
_CHANNEL = re.compile(r"(?<![\w#&])#([a-z0-9][\w-]*)", re.IGNORECASE)
_EMOJI = re.compile(r":(100|1234|[a-z0-9_+'-]*[a-z+][a-z0-9_+'-]*|-1)(?:::skin-tone-[2-6])?:")
_FORMATS = (
    ("preformatted", re.compile(r"```.+?```", re.DOTALL)),
    ("code", re.compile(r"(?<![`])`[^`\n]+`(?!`)")),
    ("bold", re.compile(r"(?<![A-Za-z0-9*])\*(?=[^\s*])[^*\n]*?(?<=\S)\*(?![A-Za-z0-9*])")),
    ("italic", re.compile(r"(?<![A-Za-z0-9_])_(?=[^\s_])[^_\n]*?(?<=\S)_(?![A-Za-z0-9_])")),
    ("strike", re.compile(r"(?<![A-Za-z0-9~])~(?=[^\s~])[^~\n]*?(?<=\S)~(?![A-Za-z0-9~])")),
    ("quote", re.compile(r"^(?:&gt;|>).*$", re.MULTILINE)),
)


def effects(message: Message, workspace: Workspace) -> list[Effect]:
    """Everything the message does, in the order of reading."""
    found = list(_of_text(message, workspace))
    found += effects_of_blocks(message.blocks, workspace)
    for number, attachment in enumerate(message.attachments):
        found += _of_attachment(attachment, workspace, f"/attachments/{number}")
    if message.options.get("unfurl_links") is not False or message.options.get("unfurl_media") is not False:
        found += [
            Effect("unfurl", effect.what, effect.where)
            for effect in found
            if effect.kind == "link" and not effect.where.endswith("/url")  # a button's address never unfurls
        ]
    return found


def pings(message: Message, workspace: Workspace) -> list[Effect]:
    """Only whom it notifies: mentions of people, and of groups (here, channel, everyone, user groups)."""
    return [effect for effect in effects(message, workspace) if effect.kind in ("mention", "group")]


def effects_of_blocks(blocks: list[Json], workspace: Workspace, where: str = "/blocks") -> list[Effect]:
    """The same for blocks alone, for example those of a modal."""
    return [effect for number, block in enumerate(blocks) for effect in _walk(block, workspace, f"{where}/{number}")]


def _of_text(message: Message, workspace: Workspace) -> Iterator[Effect]:
    """The text beside blocks is read out in notifications only, yet whom it names is notified."""
    options = message.options
    parses = options.get("parse") in ("full", "client")
    reading = _Reading(
        formats=options.get("mrkdwn") is not False and options.get("parse") != "full",
        finds_links=True,
        finds_names=parses or str(options.get("link_names", "")).lower() in ("true", "1"),
        notifies_only=bool(message.blocks),
    )
    yield from _read(message.text, reading, workspace, "/text")


def _walk(thing: object, workspace: Workspace, where: str) -> Iterator[Effect]:
    if isinstance(thing, list):
        for number, item in enumerate(thing):
            yield from _walk(item, workspace, f"{where}/{number}")
    if not isinstance(thing, dict):
        return
    kind = thing.get("type")
    if kind == "mrkdwn":
        loose = thing.get("verbatim") is not True
        reading = _Reading(formats=True, finds_links=loose, finds_names=loose)
        yield from _read(thing["text"], reading, workspace, where)
    elif kind == "plain_text":
        yield from _read(thing["text"], _Reading(shows_emoji=thing.get("emoji") is not False), None, where)
    elif kind == "rich_text":
        yield from _of_rich_text(thing, where)
    else:
        if "image_url" in thing:
            yield Effect("image", thing["image_url"], where)
        if "url" in thing:
            yield Effect("link", thing["url"], f"{where}/url")
        for name, value in thing.items():
            yield from _walk(value, workspace, f"{where}/{name}")


def _of_rich_text(thing: Json, where: str) -> Iterator[Effect]:
    """Rich text says itself what is what; its plain text stays plain."""
    for number, part in enumerate(thing.get("elements", [])):
        here = f"{where}/elements/{number}"
        kind = part.get("type", "")
        if kind in ("rich_text_list", "rich_text_preformatted", "rich_text_quote"):
            yield Effect("format", kind.removeprefix("rich_text_"), here)
        if part.get("style") and isinstance(part["style"], dict):
            yield from (Effect("format", name, here) for name, on in part["style"].items() if on)
        named: dict[str, tuple[EffectKind, str]] = {
            "user": ("mention", "user_id"),
            "usergroup": ("group", "usergroup_id"),
            "broadcast": ("group", "range"),
            "channel": ("channel", "channel_id"),
            "link": ("link", "url"),
            "emoji": ("emoji", "name"),
            "date": ("date", "timestamp"),
        }
        if kind in named:
            effect, name = named[kind]
            yield Effect(effect, str(part.get(name)), here)
        yield from _of_rich_text(part, here)


def _of_attachment(attachment: Json, workspace: Workspace, where: str) -> Iterator[Effect]:
    reading = _Reading(formats=True, finds_links=True, finds_names=True)
    for name, value in attachment.items():
        here = f"{where}/{name}"
        if name == "blocks":
            yield from effects_of_blocks(value, workspace, here)
        elif name.endswith("_link"):
            yield Effect("link", value, here)
        elif name in ("image_url", "thumb_url", "author_icon", "footer_icon"):
            yield Effect("image", value, here)
        elif name == "fields":
            for number, entry in enumerate(value):
                yield from _read(entry.get("value", ""), reading, workspace, f"{here}/{number}")
        elif isinstance(value, str) and name not in ("color", "callback_id", "ts"):
            yield from _read(value, reading, workspace, here)


def _read(text: str, reading: _Reading, workspace: Workspace | None, where: str) -> Iterator[Effect]:
    """The effects of one text. `workspace` None: plain text, in which only emoji mean something."""
    found = list(_in_text(text, reading, workspace))
    kept = ("mention", "group", "link") if reading.notifies_only else None
    yield from (Effect(kind, what, where) for kind, what in found if kept is None or kind in kept)


def _in_text(text: str, reading: _Reading, workspace: Workspace | None) -> Iterator[tuple[EffectKind, str]]:
    rest = text
    if workspace is not None:
        for match in _CONTROL.finditer(text):
            yield from _control(match[1])
        rest = _CONTROL.sub("\ufffc", text)
    if reading.formats:
        yield from (("format", name) for name, pattern in _FORMATS if pattern.search(rest))
    if reading.shows_emoji:
        yield from (("emoji", match[1]) for match in _EMOJI.finditer(rest))
    if reading.finds_links:
        yield from (("link", match.group()) for pattern in (_URL, _MAIL) for match in pattern.finditer(rest))
    if reading.finds_names and workspace is not None:
        yield from _names(rest, workspace)


def _names(text: str, workspace: Workspace) -> Iterator[tuple[EffectKind, str]]:
    """Mentions written as people type them."""
    yield from (("group", match[1].lower()) for match in _BROADCAST.finditer(text))
    people = {user.name: user.id for user in workspace.users.values()}
    channels = {channel.name: channel.id for channel in workspace.channels.values()}
    for match in _NAMED.finditer(text):
        name = match[1].lower().rstrip(".-")
        if name in workspace.user_groups:
            yield "group", workspace.user_groups[name]
        elif name in people:
            yield "mention", people[name]
    for match in _CHANNEL.finditer(text):
        if match[1].lower() in channels:
            yield "channel", channels[match[1].lower()]


def _control(inside: str) -> Iterator[tuple[EffectKind, str]]:
    """What stands between < and >."""
    body = inside.partition("|")[0]
    if re.fullmatch(r"@[UW][A-Z0-9]+", body):
        yield "mention", body[1:]
    elif re.fullmatch(r"#[CGD][A-Z0-9]+", body):
        yield "channel", body[1:]
    elif body.startswith("!subteam^"):
        yield "group", body.removeprefix("!subteam^")
    elif body.startswith("!date^"):
        yield "date", body
        if body.count("^") > 2:
            yield "link", body.rsplit("^", 1)[1]
    elif body.startswith("!"):
        yield "group", body[1:]
    elif re.match(r"[a-z][a-z0-9+.-]*:", body, re.IGNORECASE):
        yield "link", body
