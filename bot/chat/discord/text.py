r"""Text on its way into Discord, made harmless. Pure.

What people read in messages and embeds is markdown to Discord, so what comes from outside is made literal with
backslashes. Names of authors, footers and what stands on buttons is no markdown: there a backslash would be shown.

Lengths are counted in UTF-16 units, as Discord's own apps do: no other way of counting comes to more.
"""

import re
import unicodedata

from bot.chat.plain import printable

MOST_CONTENT = 2_000
"""Characters of a message's own text."""

MOST_SHOWN = MOST_CONTENT - 1
"""The same, one left for what keeps Discord from taking away the space that a message begins with."""

MOST_LABEL = 80
"""Characters on a button."""

BLANK = "\N{ZERO WIDTH SPACE}"
"""What stands where Discord refuses to have nothing."""

_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
"""Both ping behind a backslash, too; what is no word any more does not."""

_ACTS = re.compile(
    r"""
    [\\*_~`|<>\[\]]         # emphasis, code, spoilers, quotes, mentions, times, links with a text of their own
    | @(?=[\d&!])           # the server looks for <@1> without minding backslashes before it
    | :(?=\S)               # addresses, and emoji by name
    | \.(?=[A-Za-z])        # invitations, which need no https:// before them
    | [#-](?![^\W_])        # headings, small print, lists; "#ai" and "well-known" are none
    | (?<=\d)\.(?![^\W_])   # numbered lists; "3.14" is none
    """,
    re.VERBOSE,
)
"""What a backslash takes the meaning from. No letter and no digit: before these a backslash would be shown."""

_JOINER = "\N{ZERO WIDTH JOINER}"
_MOST_JOINED = 32
"""Characters that one shown character may be made of before a cut falls into it."""


def escape(text: str, most: int, *, end: str = "…") -> str:
    """Outside text that Discord shows as it is where it reads markdown, of at most `most` UTF-16 units, backslashes
    included. `end`: what stands behind it where it was cut, itself escaped. Empty for an empty text."""
    return cut(literal(text), most, end=end)


def counted(text: str, most: int) -> str:
    """Like escape; where the text was cut, it says how long it is."""
    return escape(text, most, end=f"… ({len(printable(text)):,} characters in all)")


def content(text: str) -> str:
    """Words as a message's own text, indentation and all. Never empty: Discord refuses that."""
    shown = counted(text, MOST_SHOWN)
    return shown if shown[:1].strip() else f"{BLANK}{shown}"


def plain(text: str, most: int) -> str:
    """One line for places without markdown: authors, footers, buttons, options. Never empty: Discord refuses that."""
    flat = " ".join(printable(text).split())
    return cut(flat, most) or BLANK


def literal(text: str) -> str:
    """The whole text with all that Discord would format, link, mention or expand made literal."""
    return _ACTS.sub(r"\\\g<0>", _EVERYBODY.sub(f"@{BLANK}", printable(text)))


def cut(text: str, most: int, *, end: str = "…") -> str:
    """A text of at most `most` UTF-16 units, with `end` where it was longer.

    No backslash is parted from what it stands before, and no shown character from its parts, unless they are many.
    """
    if units(text) <= most:
        return text
    kept = text.encode("utf-16-le")[: 2 * max(0, most - units(end))].decode("utf-16-le", "ignore")
    kept = text[: _between_characters(text, len(kept))]
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - backslashes % 2].rstrip() + end


def fitting(text: str, most: int) -> int:
    """How many of a text's first characters fit into `most` UTF-16 units once they are escaped: all of them, or so
    many that no shown character is broken."""
    kept = len(text[:most])
    while (over := units(literal(text[:kept])) - most) > 0:
        kept -= -(-over // 2)  # no character is longer than two units, escaped or not
    return kept if kept == len(text) else _between_characters(text, kept)


def units(text: str) -> int:
    """How long a text is to Discord, at most."""
    return len(text.encode("utf-16-le")) // 2


def _between_characters(text: str, place: int) -> int:
    """The last place up to this one that stands in no character made of several, as flags and families are."""
    for earlier in range(place, max(0, place - _MOST_JOINED), -1):
        if not _are_one(text[earlier - 1], text[earlier]):
            return earlier
    return place


def _are_one(before: str, after: str) -> bool:
    return (
        _JOINER in {before, after}
        or unicodedata.category(after) in {"Mn", "Me"}  # accents, and what chooses how an emoji looks
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # tones of skin
        or all("\U0001f1e6" <= one <= "\U0001f1ff" for one in (before, after))  # the halves of flags
    )
