"""Text on its way into Slack, made harmless, and text on its way out, made plain again. Pure.

What comes from outside stands in `plain_text` objects: Slack formats, links and pings nothing in them. Only the
fallback text of a message is no such object: there the three control characters are escaped.
"""

import re
from typing import Any

from bot.chat.plain import printable

MOST_SECTION = 3_000
"""Characters of a section's text."""

MOST_BUTTON = 75

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, with … where it was longer."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def plain_text(text: str, most: int = MOST_SECTION) -> dict[str, Any]:
    """An object in which Slack shows every character as it is. Never empty, since Slack refuses that.

    What indents a first line stays: it may be YAML.
    """
    return {"type": "plain_text", "text": cut(printable(text).rstrip() or " ", most), "emoji": False}


def escape(text: str) -> str:
    """The three characters that Slack reads as control characters."""
    return "".join(_ESCAPES.get(one, one) for one in text)


def unescape(text: str, *, people: bool = False) -> str:
    """What a person typed, out of what Slack made of it.

    `people`: leave mentions of people as they are, for commands that are about people; elsewhere a mention is an
    account's handle that happens to be a colleague's name too.
    """
    plain = _REFERENCE.sub(lambda found: _typed(found, people=people), text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_REFERENCE = re.compile(r"<(?P<kind>[@#!]|(?=\w+:))(?P<what>[^|>]*)(?:\|(?P<shown>[^>]*))?>")


def _typed(found: re.Match[str], *, people: bool) -> str:
    kind, what, shown = found["kind"], found["what"], found["shown"]
    if kind == "@":
        return found[0] if people else f"@{shown or what}"
    if kind in {"#", "!"}:
        return f"{'#' if kind == '#' else '@'}{(shown or what).removeprefix('@')}"
    if what.startswith("mailto:"):
        return shown or what.removeprefix("mailto:")
    return _as_typed(what, shown)


def _as_typed(address: str, shown: str | None) -> str:
    """Slack makes a link of every address; a person who typed "example.org" meant just that."""
    bare = address.partition("://")[2]
    return shown if shown and shown in {address, bare} else address
