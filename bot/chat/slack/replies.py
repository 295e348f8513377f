"""Answers as Slack's blocks. Pure."""

from dataclasses import replace
from typing import Any

from bot.chat.slack.cards import Block, do
from bot.chat.slack.text import MOST_BUTTON, MOST_SECTION, cut, escape, plain_text
from bot.commands.types import Button, ButtonKind, Reply

MOST_BLOCKS = 50
MOST_MESSAGE = 12_000
"""Characters of all blocks of a message: Slack takes some 13,200, which it documents nowhere."""

MOST_VALUE = 2_000
SHARE = "share"
"""The id of the button that shows a private answer to the channel."""


def reply(answer: Reply, *, share: str = "") -> dict[str, Any]:
    """The text and blocks of an answer; never where it goes. `share`: the name under which it can be shared."""
    sections: list[Block] = [{"type": "section", "text": plain_text(part)} for part in parts(answer.text)]
    buttons = [button for button in (_button(one, share) for one in answer.buttons) if button is not None]
    actions: list[Block] = [{"type": "actions", "elements": buttons}] if buttons else []
    return {
        "text": escape(cut(answer.text, MOST_SECTION)),
        "blocks": [*sections[: MOST_BLOCKS - len(actions)], *actions],
    }


def pages(answer: Reply) -> list[Reply]:
    """An answer that is too long for one message as several; the buttons stand under the last."""
    pieces = parts(answer.text, MOST_MESSAGE)
    return [
        *(replace(answer, text=piece, buttons=()) for piece in pieces[:-1]),
        replace(answer, text=pieces[-1]),
    ]


def parts(text: str, most: int = MOST_SECTION) -> list[str]:
    """A text in pieces of at most so many characters, broken at line ends where there are any."""
    pieces, piece = [], ""
    for line in text.splitlines() or [""]:
        for start in range(0, max(len(line), 1), most):
            chunk = line[start : start + most]
            if piece and len(piece) + 1 + len(chunk) > most:
                pieces.append(piece)
                piece = chunk
            else:
                piece = f"{piece}\n{chunk}" if piece else chunk
    return [*pieces, piece]


def _button(button: Button, share: str) -> Block | None:
    """A button; none for a command that is too long for one: it can be typed."""
    if button.kind is ButtonKind.SHARE:
        label = plain_text(button.label, MOST_BUTTON)
        return {"type": "button", "text": label, "action_id": SHARE, "value": share} if share else None
    return do(button.label, button.value) if len(button.value) <= MOST_VALUE else None
