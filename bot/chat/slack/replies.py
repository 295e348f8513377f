"""Answers as Slack's blocks. Pure."""

from dataclasses import replace
from typing import Any

from bot.chat.plain import printable
from bot.chat.slack.cards import DO, MOST_FALLBACK, Block, do, parts
from bot.chat.slack.text import MOST_BUTTON, QUIET, fallback, plain_text
from bot.commands.types import Button, ButtonKind, Reply

MOST_BUTTONS = 25
MOST_VALUE = 2_000
MOST_MESSAGE = 11_000
"""Slack refuses messages whose texts have more than some 13,200 characters together, those of buttons included."""

SHARE = "share"
"""The id of the button that shows a private answer to the channel."""


def reply(answer: Reply, *, share: str = "") -> dict[str, Any]:
    """The text and blocks of an answer; never where it goes. `share`: the name under which it can be shared."""
    sections: list[Block] = [{"type": "section", "text": plain_text(part)} for part in parts(_fitting(answer.text))]
    made = (_button(place, one, share) for place, one in enumerate(answer.buttons))
    buttons = [button for button in made if button is not None][:MOST_BUTTONS]
    actions: list[Block] = [{"type": "actions", "elements": buttons}] if buttons else []
    return {"text": fallback(answer.text, MOST_FALLBACK) or " ", "blocks": [*sections, *actions], **QUIET}


def pages(answer: Reply) -> list[Reply]:
    """An answer that is too long for one message as several; the buttons stand under the last."""
    pieces = parts(answer.text, MOST_MESSAGE)
    return [
        *(replace(answer, text=piece, buttons=()) for piece in pieces[:-1]),
        replace(answer, text=pieces[-1]),
    ]


def _fitting(text: str) -> str:
    """What one message can hold; where that is not all, how much is missing stands at its end."""
    shown = printable(text)
    if len(shown) <= MOST_MESSAGE:
        return shown
    return f"{shown[:MOST_MESSAGE]}…\n(The other {len(shown) - MOST_MESSAGE:,} characters do not fit into one message.)"


def _button(place: int, button: Button, share: str) -> Block | None:
    """A button; none for a command that is too long for one: it can be typed."""
    if button.kind is ButtonKind.SHARE:
        label = plain_text(button.label, MOST_BUTTON)
        return {"type": "button", "text": label, "action_id": SHARE, "value": share} if share else None
    if not 0 < len(button.value) <= MOST_VALUE:
        return None
    return do(button.label, button.value) | {"action_id": f"{DO}:{place}"}
