"""Cards as plain text, and outside text made harmless for a terminal. Pure."""

import re
import unicodedata

from bot.cards import AlertCard, Card, NoticeCard, SummaryCard

FIRST_WORDS = 72
"""How much of a post stands in the first line of its alert."""

MOST_TEXT = 4_000
"""How much of a post a card shows."""

MOST_NAME = 80
"""How much of a person's name is kept."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_ADDRESS = re.compile(r"https?://[^\s/?#@<>\"|\\]+([/?#][^\s<>\"|\\]*)?")


def printable(text: str) -> str:
    """Text that moves no cursor, sets no colour and turns no direction: control characters are shown as �.

    Line breaks and tabs stay, the breaks of Windows as plain ones; so do the joiners that emoji are made of.
    """
    unix = text.replace("\r\n", "\n")
    return "".join(character if _is_harmless(character) else _REPLACEMENT for character in unix)


def one_line(text: str, most: int) -> str:
    """The first words of a text, on one line, cut with … where it is longer than `most` characters."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def is_address(text: str) -> bool:
    """Whether a button may open this: a page whose host is what it seems (not https://bank.example@evil.example)."""
    return _ADDRESS.fullmatch(text) is not None and text == printable(text)


def plain_card(card: Card) -> str:
    """A card as lines of text. Only the first line starts at the margin, so no post can forge an alert."""
    match card:
        case AlertCard():
            return "\n".join([_headline(card), *(f"  {line}" for line in _body(card))])
        case SummaryCard():
            return "\n".join([one_line(card.headline, 400), *(f"  {line}" for line in summary_lines(card))])
        case NoticeCard():
            return printable(card.text)


def summary_lines(card: SummaryCard) -> list[str]:
    """One line an alert, the strongest first, and where the others are."""
    lines = [
        f"alert {one.alert} · {one_line(one.fallback, 200)} {one_line(one.url, 200)}".rstrip() for one in card.strongest
    ]
    return [*lines, card.rest] if card.rest else lines


def marks_line(card: AlertCard) -> str:
    """The labels that alert, strong ones said to be."""
    return ", ".join(f"{one_line(str(mark), 80)}{' (high)' if mark.high else ''}" for mark in card.marks)


def whole_text(card: AlertCard) -> str:
    """The post's text unaltered, cut only for length: a screen is no place for a book."""
    text = printable(card.text)
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT].rstrip()}… ({len(text):,} characters in all)"


def byline(card: AlertCard) -> str:
    """Who wrote the post, and when."""
    name = one_line(card.author.name, 60)
    written = card.published_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"{name + ' ' if name else ''}{one_line(str(card.author), 80)} · {written}"


def person_name(name: str) -> str:
    """A person's name as it can stand in a mention, `<@id|name>`: on one line, without what would end it."""
    return " ".join(re.sub(r"[<>|]", " ", name).split())[:MOST_NAME]


def judging_line(card: AlertCard) -> str:
    """What the alert rests on, how to judge it, and how it was judged."""
    context = one_line(card.context, 200)
    line = f"{context} · +1 {card.alert} relevant, -1 {card.alert} not relevant"
    return f"{line} · {one_line(card.judged, 200)}" if card.judged else line


def _headline(card: AlertCard) -> str:
    author = one_line(str(card.author), 80)
    return f"ALERT {card.alert} {one_line(str(card.marks[0]), 80)} {author}: {one_line(card.text, FIRST_WORDS)}"


def _body(card: AlertCard) -> list[str]:
    lines = [marks_line(card), byline(card), *whole_text(card).splitlines()]
    if card.url:
        lines.append(one_line(card.url, 500))
    return [*lines, judging_line(card)]


def _is_harmless(character: str) -> bool:
    if character in "\n\t":
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _BIDI_CONTROLS
