"""Text on its way into Slack, made harmless, and text on its way out, made plain again. Pure.

What comes from outside stands in `plain_text` objects: Slack formats, links and pings nothing in them. Only the
fallback text of a message is no such object: there the three control characters are escaped, and QUIET goes with it.
"""

import re
from typing import Any

from bot.chat.plain import one_line, printable

MOST_SECTION = 3_000
"""Characters of a section's text."""

MOST_BUTTON = 75

QUIET: dict[str, Any] = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
"""What is said beside every message. Without it an edit looks for names in the fallback text: @here would ping."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, with … where it was longer."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def plain_text(text: str, most: int = MOST_SECTION) -> dict[str, Any]:
    """An object in which Slack shows every character as it is. Never empty, since Slack refuses that.

    What stands at its beginning and end stays: indentation may be YAML.
    """
    shown = printable(text)
    return {"type": "plain_text", "text": cut(shown if shown.strip() else " ", most), "emoji": False}


def fallback(text: str, most: int) -> str:
    """The one line that push messages and screen readers say; at most `most` characters before it is escaped."""
    return escape(one_line(text, most))


def escape(text: str) -> str:
    """The three characters that Slack reads as control characters."""
    return "".join(_ESCAPES.get(one, one) for one in text)


def unescape(text: str, *, people: bool = False) -> str:
    """What a person typed, out of what Slack made of it.

    `people`: leave mentions of people as they are, for commands that are about people; elsewhere a mention is an
    account's handle that happens to be a colleague's name too.
    """
    plain = _REFERENCE.sub(lambda found: _typed(found, people=people), _LONE.sub("\N{REPLACEMENT CHARACTER}", text))
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_LONE = re.compile("[\ud800-\udfff]")
"""Halves of characters, which JSON can carry and a database cannot."""

_REFERENCE = re.compile(r"<(?P<kind>[@#!]|(?=\w+:))(?P<what>[^|>]*)(?:\|(?P<shown>[^>]*))?>")


def _typed(found: re.Match[str], *, people: bool) -> str:
    kind, what, shown = found["kind"], found["what"], found["shown"]
    if kind == "@":
        return found[0] if people else f"@{shown or what}"
    if what.startswith("date^"):
        return shown or what
    if kind in {"#", "!"}:
        return f"{'#' if kind == '#' else '@'}{(shown or what).removeprefix('@')}"
    if what.startswith("mailto:"):
        return shown or what.removeprefix("mailto:")
    return _as_typed(what, shown)


def _as_typed(address: str, shown: str | None) -> str:
    """Slack makes a link of every address; a person who typed "example.org" meant just that."""
    bare = address.partition("://")[2]
    return shown if shown and shown in {address, bare} else address
