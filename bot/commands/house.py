"""What handlers need of the house, and how they change a channel: one transaction, audited, all or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.chat.base import ChatPlatform
from bot.commands.types import Asked
from bot.insight.health import Health
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import Clock
from sources.types import Source
from storage import audit, channels
from storage.database import Connection, Database
from storage.types import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The rooms a handler may enter."""

    database: Database
    watch_list: WatchList
    batcher: Batcher
    sources: Mapping[str, Source]
    """By the source that accounts and posts name; a source that is not set up is missing."""

    platforms: Mapping[str, ChatPlatform]
    clock: Clock
    health: Health

    def channel(self, asked: Asked) -> Channel:
        """The channel someone wrote in, as it is set now."""
        return self.watch_list.channel(asked.channel) or _new(asked)

    async def change(self, asked: Asked, change: Callable[[Channel], Channel]) -> tuple[Channel, Channel]:
        """Apply a pure change to the channel as it is stored, note it in the audit, and act on it from now on.

        Returns the channel before and after. What `change` raises is raised here, and nothing is stored then.
        """
        at = self.clock.now()

        def work(connection: Connection) -> tuple[Channel, Channel]:
            before = channels.load(connection, asked.channel) or _new(asked)
            after = change(before)
            channels.save(connection, after)
            audit.record(
                connection,
                before=before,
                after=after,
                actor=asked.actor.id,
                actor_name=asked.actor.name,
                command=asked.text,
                at=at,
            )
            return before, after

        outcome = await self.database.transaction(work)
        await self.watch_list.refresh()
        return outcome


def _new(asked: Asked) -> Channel:
    return Channel(key=asked.channel, name=asked.channel_name)
