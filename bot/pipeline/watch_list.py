"""The watch list: which channels care about which accounts, with all settings at hand.

Read from the database after each change and kept whole in memory, so that deciding a post reads nothing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from classifier.hypothesis import render
from sources.types import Account, Source, SourceError
from storage import channels
from storage.database import Database
from storage.types import Channel, ChannelKey, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watcher:
    """A channel that watches an account, with the hypotheses of its labels, in their order."""

    channel: Channel
    watch: Watch
    hypotheses: tuple[str, ...]


class WatchList:
    """What all channels watch now."""

    def __init__(self, database: Database, sources: Iterable[Source], template: str) -> None:
        self._database = database
        self._sources = tuple(sources)
        self._template = template
        self._refreshing = asyncio.Lock()
        self._channels: dict[ChannelKey, Channel] = {}
        self._watchers: dict[tuple[str, str], tuple[Watcher, ...]] = {}

    async def refresh(self) -> None:
        """Take up what is stored now, and tell the sources whom to watch."""
        async with self._refreshing:  # of two that overlap, the older reading must not come out on top
            await self._refresh()

    async def _refresh(self) -> None:
        stored = await self._database.read(channels.load_all)
        watchers: dict[tuple[str, str], list[Watcher]] = defaultdict(list)
        for channel in stored:
            hypotheses = tuple(render(label.label, self._template) for label in channel.labels)
            for watch in channel.watches:
                watcher = Watcher(channel=channel, watch=watch, hypotheses=hypotheses)
                watchers[watch.account.source, watch.account.id].append(watcher)
        self._channels = {channel.key: channel for channel in stored}
        self._watchers = {account: tuple(found) for account, found in watchers.items()}
        for source in self._sources:
            try:
                await source.watch(self.accounts(source.serves))
            except SourceError as error:  # what was changed is changed; the source tells its trouble to /health
                log.warning("failed watch source=%s reason=%r", source.name, str(error))

    def watchers(self, author: Account) -> tuple[Watcher, ...]:
        """Every channel that watches this account."""
        return self._watchers.get((author.source, author.id), ())

    def channel(self, key: ChannelKey) -> Channel | None:
        """A channel as it is set now; None when nothing was ever set there."""
        return self._channels.get(key)

    def channels(self) -> list[Channel]:
        """Every channel there is."""
        return list(self._channels.values())

    def accounts(self, sources: frozenset[str]) -> list[Account]:
        """The accounts of these sources that anyone watches."""
        return [
            found[0].watch.account
            for (source, _), found in sorted(self._watchers.items(), key=lambda item: item[0])
            if source in sources
        ]
