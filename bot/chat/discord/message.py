"""What is said in one message of Discord's: plain data, and the arguments that discord.py takes for it."""

import io
from dataclasses import dataclass
from typing import Any

import discord

from bot.chat.discord.buttons import Drawn


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """A file that goes with a message."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is said; never where. All texts are markdown that was made harmless."""

    content: str
    embed: discord.Embed | None = None
    rows: tuple[tuple[Drawn, ...], ...] = ()
    """Buttons, at most 5 in a row and 5 rows."""

    attached: Attached | None = None

    def arguments(self) -> dict[str, Any]:
        """What both a new message and an edit take: an edit leaves nothing of what stood there, new mentions included.

        The view is new each time and holds nothing that has to be remembered between a press and its answer.
        """
        return {
            "content": self.content,
            "embeds": [self.embed] if self.embed else [],
            "view": self._view(),
            "allowed_mentions": discord.AllowedMentions.none(),
        }

    def files(self) -> list[discord.File]:
        """The file beside a new message (`files=`) or an edit (`attachments=`), to be sent once; mostly none."""
        if self.attached is None:
            return []
        data = io.BytesIO(self.attached.text.encode("utf-8", "replace"))
        return [discord.File(data, filename=self.attached.name)]

    def _view(self) -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        for row, buttons in enumerate(self.rows):
            for drawn in buttons:
                item = drawn.item()
                item.row = row
                view.add_item(item)
        return view
