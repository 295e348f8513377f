"""Answers as Discord's messages. Pure."""

import re
from dataclasses import replace

from bot.chat.discord.buttons import MOST_IN_A_ROW, MOST_ROWS, Drawn, do_id, share_id
from bot.chat.discord.message import Attached, Message
from bot.chat.discord.text import BLANK, MOST_CONTENT, MOST_SHOWN, content, fitting, units
from bot.chat.plain import printable
from bot.commands.types import Button, ButtonKind, Reply

_ACTS_IN_CODE = re.compile(r"```|://|<[@#/:a-z]|@(?:everyone|here)|discord", re.IGNORECASE)
"""What ends a block of code, or what a server that reads no markdown may take for more than characters."""


def pages(answer: Reply) -> list[Reply]:
    """An answer that is too long for one message as several, broken at line ends where there are any; the buttons
    stand under the last. A file is never broken."""
    if answer.file:
        return [answer]
    rest, pieces = printable(answer.text), []
    while (end := fitting(rest, MOST_SHOWN)) < len(rest):
        line_end = rest.rfind("\n", 1, end + 1)
        pieces.append(rest[: line_end if line_end > 0 else end])
        rest = rest[line_end + 1 if line_end > 0 else end :]
    shown = [piece for piece in (*pieces, rest) if piece.strip()] or [BLANK]
    return [*(replace(answer, text=piece, buttons=()) for piece in shown[:-1]), replace(answer, text=shown[-1])]


def message(answer: Reply, *, share: str = "") -> Message:
    """An answer as one message, or one of its pages. `share`: the name under which it can be shown to the channel."""
    rows = _rows(answer, share)
    if answer.file:
        return replace(_file(answer), rows=rows)
    return Message(content=content(answer.text), rows=rows)


def _file(answer: Reply) -> Message:
    """A file to be copied as it stands: a block of code where that changes nothing of it, else a file."""
    block = f"```yaml\n{answer.text}\n```"
    sound = not _ACTS_IN_CODE.search(answer.text) and answer.text == printable(answer.text)
    if sound and units(block) <= MOST_CONTENT:
        return Message(content=block)
    return Message(
        content=f"All of it is in {answer.file}.",
        attached=Attached(name=answer.file, text=f"{answer.text}\n"),
    )


def _rows(answer: Reply, share: str) -> tuple[tuple[Drawn, ...], ...]:
    """The buttons by fives. No two do the same, since Discord refuses ids that stand twice in a message."""
    drawn = {one.id: one for one in (_drawn(button, share) for button in answer.buttons) if one.id}
    buttons = tuple(drawn.values())[: MOST_IN_A_ROW * MOST_ROWS]
    return tuple(buttons[start : start + MOST_IN_A_ROW] for start in range(0, len(buttons), MOST_IN_A_ROW))


def _drawn(button: Button, share: str) -> Drawn:
    """A button; one without an id for a command that is too long for one: it can be typed."""
    return Drawn(label=button.label, id=share_id(share) if button.kind is ButtonKind.SHARE else do_id(button.value))
