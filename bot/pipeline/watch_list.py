"""The watch list: which channels care about which accounts, with all settings at hand.

Read from the database after each change and kept whole in memory, so that deciding a post reads nothing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from bot.pipeline.left_out import LeftOut, split
from bot.pipeline.watcher import Watcher, watchers_of
from bot.pipeline.watchers import Watchers
from classifier.types import Speaker
from sources.types import Account, Source, SourceError, Wanted
from storage import channels
from storage.database import Database
from storage.types import Channel, ChannelKey

log = logging.getLogger(__name__)

_Identity = tuple[str, str]
"""What makes an account: its source and its id there."""

_NOBODY = Watchers()


class WatchList:
    """What all channels watch now."""

    def __init__(self, database: Database, sources: Iterable[Source], template: str) -> None:
        self._database = database
        self._sources = tuple(sources)
        self._template = template
        self._refreshing = asyncio.Lock()
        self._channels: dict[ChannelKey, Channel] = {}
        self._watchers: dict[_Identity, Watchers] = {}
        self._left_out = LeftOut()
        self._untold = {source.name for source in self._sources}
        """Sources that do not know whom to watch: their accounts changed since they were last told."""

    async def refresh(self, only: ChannelKey | None = None) -> None:
        """Take up what is stored now, of one channel or of all, and tell the sources whose accounts changed.

        A source that could not be told is told again at the next refresh, whatever that is about.
        """
        async with self._refreshing:  # of two that overlap, the older reading must not come out on top
            if only is None:
                self._take_up_all(await self._database.read(channels.load_all))
            else:
                self._take_up(only, await self._database.read(partial(channels.load, key=only)))
            await self._tell_sources()

    def watchers(self, author: Account) -> Watchers:
        """Every channel that watches this account, in the order of their keys."""
        return self._watchers.get(_identity(author), _NOBODY)

    def channel(self, key: ChannelKey) -> Channel | None:
        """A channel as it is set now; None when nothing was ever set there."""
        return self._channels.get(key)

    def channels(self) -> list[Channel]:
        """Every channel there is, in the order of their keys."""
        return list(self._channels.values())

    def leave_out(self, refused: Mapping[str, str], *, by: Speaker | None, now: datetime) -> None:
        """From now on decide without the labels of these hypotheses (-> why), which a model refuses: see LeftOut."""
        for hypothesis, why in refused.items():
            log.warning("left out hypothesis=%r reason=%r", hypothesis, why)
        self._left_out.add(refused, by=by, now=now)
        self._watchers = self._watchers_of(self._channels.values())

    def spoke(self, speaker: Speaker) -> None:
        """A model has answered: what another one refused is left out no more before this one has refused it too."""
        if self._left_out.spoke(speaker):
            self._watchers = self._watchers_of(self._channels.values())

    def pass_time(self, now: datetime) -> None:
        """What has been left out for long is asked again."""
        if self._left_out.pass_time(now):
            self._watchers = self._watchers_of(self._channels.values())

    def asked(self, channel: Channel) -> Channel:
        """The channel as it is decided: without the labels that are left out."""
        return split(channel, self._template, self._left_out.refused)[0]

    def left_out(self, channel: Channel) -> Mapping[str, str]:
        """The labels of this channel that are left out -> why."""
        return split(channel, self._template, self._left_out.refused)[1]

    def accounts(self, sources: frozenset[str]) -> list[Account]:
        """The accounts of these sources that anyone watches."""
        found = sorted(identity for identity in self._watchers if identity[0] in sources)
        return [self._watchers[identity].account for identity in found]

    def wanted(self, sources: frozenset[str]) -> list[Wanted]:
        """The same, with the kinds of posts that nobody who watches them wants."""
        found = sorted(identity for identity in self._watchers if identity[0] in sources)
        return [_wanted(self._watchers[identity]) for identity in found]

    def _take_up_all(self, stored: list[Channel]) -> None:
        self._channels = {channel.key: channel for channel in stored}
        self._watchers = self._watchers_of(stored)
        self._untold = {source.name for source in self._sources}

    def _watchers_of(self, everyone: Iterable[Channel]) -> dict[_Identity, Watchers]:
        found: dict[_Identity, list[Watcher]] = defaultdict(list)
        for channel in everyone:
            for watcher in self._of_channel(channel):
                found[_identity(watcher.watch.account)].append(watcher)
        return {account: Watchers(tuple(watchers)) for account, watchers in found.items()}

    def _of_channel(self, channel: Channel) -> list[Watcher]:
        return watchers_of(channel, self._template, self._left_out.refused)

    def _take_up(self, key: ChannelKey, stored: Channel | None) -> None:
        before = self._channels.get(key)
        mine = {} if stored is None else {_identity(one.watch.account): one for one in self._of_channel(stored)}
        left = () if before is None else (_identity(watch.account) for watch in before.watches)
        self._put_channel(key, stored)
        for account in {*mine, *left}:
            self._put_watcher(account, key, mine.get(account))

    def _put_channel(self, key: ChannelKey, stored: Channel | None) -> None:
        if stored is None:
            self._channels.pop(key, None)
            return
        is_new = key not in self._channels
        self._channels[key] = stored
        if is_new:
            self._channels = dict(sorted(self._channels.items(), key=lambda item: item[0]))

    def _put_watcher(self, account: _Identity, key: ChannelKey, watcher: Watcher | None) -> None:
        before = self._watchers.get(account, _NOBODY)
        after = before.with_watcher(key, watcher)
        if after.everyone:
            self._watchers[account] = after
        else:
            self._watchers.pop(account, None)
        if not (before.everyone and after.everyone and _wanted(before) == _wanted(after)):
            self._untold.update(source.name for source in self._sources if account[0] in source.serves)

    async def _tell_sources(self) -> None:
        for source in self._sources:
            if source.name not in self._untold:
                continue
            try:
                await source.watch(self.wanted(source.serves))
            except SourceError as error:  # what was changed is changed; the source tells its trouble to /health
                log.warning("failed watch source=%s reason=%r", source.name, str(error))
            else:
                self._untold.discard(source.name)


def _wanted(watchers: Watchers) -> Wanted:
    return Wanted(account=watchers.account, without=watchers.without)


def _identity(account: Account) -> _Identity:
    return account.source, account.id
