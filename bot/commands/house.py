"""What handlers need of the house, and how they change a channel: one transaction, audited, all or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.chat.base import ChatPlatform
from bot.commands.reactions import Emoji, emoji
from bot.commands.types import Asked
from bot.insight.health import Health
from bot.pipeline.bell import Bell
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import Clock
from sources.types import Source
from storage import audit, channels
from storage.database import Connection, Database
from storage.failpoints import Commit
from storage.settings_items import Items
from storage.types import Channel, ChannelKey

REDRAW_AFTER = timedelta(seconds=2)
"""Several people judge an alert in one breath: its card is redrawn once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A channel before and after a change, and the change's number in the log (None: nothing was changed)."""

    before: Channel
    after: Channel
    number: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownImport:
    """An import whose difference was shown: its code, the settings it was compared with, the channel it would make."""

    code: str
    compared: Items
    after: Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The rooms a handler may enter."""

    database: Database
    watch_list: WatchList
    batcher: Batcher
    sources: Mapping[str, Source]
    """By the source that accounts and posts name; a source that is not set up is missing."""

    missing: Mapping[str, str]
    """Why it is missing and what can be done, in words, by the source."""

    platforms: Mapping[str, ChatPlatform]
    clock: Clock
    health: Health
    owed: Bell
    """Rung when the outbox owes something new."""

    emoji: Emoji = field(default_factory=emoji)
    """What reactions mean."""

    imports: dict[ChannelKey, ShownImport] = field(default_factory=dict)
    """By channel the import that was shown last and waits for its yes."""

    def channel(self, asked: Asked) -> Channel:
        """The channel someone wrote in, as it is set now."""
        return self.watch_list.channel(asked.channel) or _new(asked)

    async def change(self, asked: Asked, change: Callable[[Channel], Channel]) -> Changed:
        """Apply a pure change to the channel as it is stored, note it in the audit, and act on it from now on.

        What `change` raises is raised here, and nothing is stored then.
        """
        return await self.change_with(asked, lambda _connection, before: (change(before), None))

    async def change_with(
        self, asked: Asked, change: Callable[[Connection, Channel], tuple[Channel, int | None]]
    ) -> Changed:
        """The same for a change that needs to read; it returns the channel and which change it takes back, if any."""
        by = audit.By(actor=asked.actor.id, actor_name=asked.actor.name, command=asked.text, at=self.clock.now())

        def work(connection: Connection) -> Changed:
            before = channels.load(connection, asked.channel) or _new(asked)
            after, undoes = change(connection, before)
            channels.save(connection, after)
            number = audit.record(connection, before=before, after=after, by=by, undoes=undoes)
            return Changed(before=before, after=after, number=number)

        changed = await self.database.transaction(work, Commit.SETTINGS)
        await self.watch_list.refresh(asked.channel)
        return changed


def _new(asked: Asked) -> Channel:
    return Channel(key=asked.channel, name=asked.channel_name)
