"""Cards as Slack's blocks. Pure."""

import zlib
from typing import Any

from bot.cards import AlertCard, Card, NoticeCard, Press, SummaryCard
from bot.chat.plain import byline, is_address, marks_line, printable, summary_lines
from bot.chat.slack.text import MOST_BUTTON, MOST_SECTION, QUIET, fallback, plain_text
from storage.types import DeliveryKey

EVENT_TYPE = "lapwing_delivery"
"""The type of the metadata that carries a delivery's key."""

MOST_FALLBACK = 300
MOST_URL = 3_000
MOST_OPTION = 150
MOST_OPTIONS, LEAST_OPTIONS = 5, 2

DO = "do"
"""What the ids of actions begin with whose value is a command, run for whoever presses."""

SHOW = "show"
"""The id of the button that shows a collapsed alert to whoever presses it; its value is the alert's number."""

OPEN = "open"
"""The id of a button that is only a link: Slack tells us of it, and nothing is to be done."""

Block = dict[str, Any]


def said(card: Card) -> dict[str, Any]:
    """What is said of a card; never where."""
    return {"text": fallback(card.fallback, MOST_FALLBACK), "blocks": blocks(card), **QUIET}


def metadata(key: DeliveryKey) -> dict[str, Any]:
    """What a message carries so that it can be found again: nothing that means anything to anybody else."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def key_in(message: dict[str, Any]) -> str:
    """The key of the delivery that a message of a channel's history was; empty for any other message."""
    found = message.get("metadata") or {}
    if found.get("event_type") != EVENT_TYPE:
        return ""
    return str((found.get("event_payload") or {}).get("key", ""))


def blocks(card: Card) -> list[Block]:
    """The card's blocks. Their ids change whenever the card does: by them Slack knows what it has drawn already."""
    match card:
        case AlertCard(collapsed=True):
            made = _collapsed(card)
        case AlertCard():
            made = _alert(card)
        case SummaryCard():
            made = [_section(part) for part in (card.headline, *parts("\n".join(summary_lines(card))))]
        case NoticeCard():
            made = [_section(card.text)]
    revision = zlib.crc32(repr(made).encode("utf-8", "surrogatepass"))
    return [block | {"block_id": f"{place}-{revision:08x}"} for place, block in enumerate(made)]


def _alert(card: AlertCard) -> list[Block]:
    signal = "🔴" if card.marks[0].high else "🟠"
    rests_on = f"{card.context} · {card.judged}" if card.judged else card.context
    return [
        _section(f"{signal} {marks_line(card)}"),
        _section(f"{byline(card)}\n{card.text}"),
        {"type": "context", "elements": [plain_text(rests_on)]},
        {"type": "actions", "elements": _buttons(card)},
    ]


def _collapsed(card: AlertCard) -> list[Block]:
    return [
        _section(f"{marks_line(card)} · {byline(card)}"),
        {"type": "context", "elements": [plain_text(card.judged)]},
        {"type": "actions", "elements": _buttons(card)},
    ]


def _buttons(card: AlertCard) -> list[Block]:
    made = (_button(press, card) for press in card.buttons)
    return [button for button in made if button is not None]


def _button(press: Press, card: AlertCard) -> Block | None:
    match press:
        case Press.OPEN_POST:
            return _link(press, card.url)
        case Press.MORE:
            return _more(card)
        case Press.SHOW:
            return {"type": "button", "text": plain_text(press), "action_id": SHOW, "value": str(card.alert)}
        case _:
            return do(press, f"{_COMMANDS[press]} {card.alert}")


_COMMANDS = {
    Press.RELEVANT: "+1",
    Press.NOT_RELEVANT: "-1",
    Press.WHY: "/why",
    Press.UNDO: "0",
}
"""What a button comes to; the alert's number follows."""


def do(label: str, command: str) -> Block:
    """A button that runs a command for whoever presses it."""
    shown = plain_text(label, MOST_BUTTON)
    return {"type": "button", "text": shown, "action_id": f"{DO}:{shown['text']}", "value": printable(command)}


def _link(label: str, url: str) -> Block | None:
    """A button that opens a page; none where the address is none that Slack opens."""
    if not is_address(url) or len(url) > MOST_URL:
        return None
    return {"type": "button", "text": plain_text(label, MOST_BUTTON), "action_id": OPEN, "url": url}


def _more(card: AlertCard) -> Block | None:
    """What else can be done about an alert, as commands; what is too long for an option has to be typed."""
    wishes = [wish for wish in card.more if len(wish.command) <= MOST_OPTION][:MOST_OPTIONS]
    if len(wishes) < LEAST_OPTIONS:  # no menu, but what is left of it can still be pressed
        return do(wishes[0].label, wishes[0].command) if wishes else None
    options = [{"text": plain_text(wish.label, MOST_BUTTON), "value": printable(wish.command)} for wish in wishes]
    return {"type": "overflow", "action_id": f"{DO}:{Press.MORE}", "options": options}


def parts(text: str, most: int = MOST_SECTION) -> list[str]:
    """A text in pieces of at most so many characters, broken at line ends where there are any."""
    pieces, piece = [], ""
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), most):
            chunk = line[start : start + most]
            if piece and len(piece) + 1 + len(chunk) > most:
                pieces.append(piece)
                piece = chunk
            else:
                piece = f"{piece}\n{chunk}" if piece else chunk
    return [*pieces, piece]


def _section(text: str) -> Block:
    return {"type": "section", "text": plain_text(text)}
