"""Messages of Jetstream -> arrivals, and what is learnt of the watched accounts on the way."""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sources.accounts import BLUESKY
from sources.bluesky.api import Api
from sources.bluesky.events import AccountChanged, Event, Removed, Renamed, Reposted, Written, parse_event
from sources.bluesky.memory import Memory, to_memory
from sources.bluesky.records import Address, to_post, to_repost
from sources.clock import Clock
from sources.reading import UnreadableError
from sources.tally import Tally
from sources.types import Account, AccountDeletion, Arrival, Cursor, Deletion, Post, PostKind, SourceError, Wanted

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)
"""For so long Jetstream surely keeps what happened; after a longer silence posts may be missing."""

PLAYED = timedelta(hours=2)
"""After so long a connection has surely played all that was missed before it, and tells what happens."""

_BACK_US = 5_000_000  # before the last event: instances differ a little, and what comes twice is one post
_PROGRESS = timedelta(minutes=10)  # between two cursors while nobody posts
_SECOND_TRY_S = 2.0
_NEVER = datetime.min.replace(tzinfo=UTC)
_PURGED = ("deleted", "takendown")
"""What befell an account whose posts nobody may go on showing; one that is deactivated or suspended may come back."""


class Reader:
    """Knows where reading stands, and who is watched."""

    def __init__(self, api: Api, tally: Tally, clock: Clock) -> None:
        self.wanted: Mapping[str, Wanted] = {}
        """did -> the account and what nobody wants of it; set by whoever is told."""

        self._api = api
        self._tally = tally
        self._clock = clock
        self._memory = Memory()

    def resume(self, after: Cursor | None) -> None:
        """Go on from this position."""
        self._memory = to_memory(after)

    def connected(self) -> Arrival | None:
        """Jetstream is there; a silence before it that was too long is told. None while nobody is watched.

        The position at which a connection begins: a program that ends before anything happens goes on from there.
        """
        if self._memory.time_us is None:
            return None
        heard_at, now = self._memory.heard_at, self._clock.now()
        if heard_at is not None and now - heard_at > KEPT:
            self._tally.gap()
            since, hours = f"{heard_at:%d %B %H:%M}", (now - heard_at) // timedelta(hours=1)
            self._tally.missed(f"Bluesky was not heard for {hours} h from {since} UTC on; posts of then may be missing")
        self._memory = replace(self._memory, heard_at=now)
        return Arrival(cursor=self._memory.cursor())

    def forget(self) -> None:
        """Drop the position: what happens from here on until somebody is watched again interests nobody."""
        self._memory = replace(self._memory, time_us=None, heard_at=None)

    def from_us(self) -> int:
        """From where to ask: a little before what was dealt with, or before now where nothing was."""
        if self._memory.time_us is None:
            self._memory = replace(self._memory, time_us=_microseconds(self._clock.now()), by_our_clock=True)
        return max(0, (self._memory.time_us or 0) - _BACK_US)

    def gone(self) -> list[str]:
        """Who of the watched is not there any more, in words."""
        return [f"{self._author(did)} is {why}" for did, why in self._memory.gone.items() if did in self.wanted]

    async def arrivals(self, batch: Sequence[str], since: datetime) -> AsyncGenerator[Arrival, None]:
        """What these messages come to, each with the position after it. `since`: when the connection was made."""
        events = [event for message in batch if (event := self._read(message)) is not None]
        originals = await self._originals(events)
        for event in events:
            if event.did not in self.wanted:  # any more: the server hears of it a little later
                continue
            late = event.seen_at < since and event.time_us > (self._memory.time_us or 0)
            arrival = self._take_up(event, originals)
            if arrival.post is not None:
                self._tally.given()
                if late:
                    self._tally.recovered()
            yield arrival
        now = self._clock.now()
        if not events and now - (self._memory.heard_at or _NEVER) >= _PROGRESS:
            self._memory = replace(self._memory, heard_at=now)
            self._pass_by(now - PLAYED, since)
            yield Arrival(cursor=self._memory.cursor())

    def _pass_by(self, until: datetime, since: datetime) -> None:
        """Where people are quiet the position follows a connection that lasts: the next one need not play it all again.

        A sign of life alone says nothing of what was dealt with, since one may come while the past is still played.
        """
        position = _microseconds(until)
        if self._memory.time_us is not None and since <= until and position > self._memory.time_us:
            self._memory = replace(self._memory, time_us=position, by_our_clock=True)

    def _read(self, message: str) -> Event | None:
        """What a message says; None where it cannot be read."""
        try:
            return parse_event(message)
        except UnreadableError as error:
            self._tally.skipped(f"a message of Jetstream {error}")
            log.warning("skip source=%s reason=%r", BLUESKY, str(error))
            return None

    async def _originals(self, events: Sequence[Event]) -> Mapping[Address, Post]:
        """What the reposts among the events pass on; asked for twice, since a repost without it says nothing."""
        wanted = {event.subject for event in events if isinstance(event, Reposted) and self._wants_reposts(event.did)}
        if not wanted:
            return {}
        try:
            return await self._api.posts(wanted)
        except SourceError:
            await self._clock.sleep(_SECOND_TRY_S)
        try:
            return await self._api.posts(wanted)
        except SourceError as error:
            log.warning("failed originals source=%s count=%d reason=%r", BLUESKY, len(wanted), str(error))
            return {}

    def _wants_reposts(self, did: str) -> bool:
        wanted = self.wanted.get(did)
        return wanted is not None and PostKind.RETWEET not in wanted.without

    def _take_up(self, event: Event, originals: Mapping[Address, Post]) -> Arrival:
        """What an event comes to. A rewind brings known ones again, and the position does not go back with them.

        Unless it was our own clock's: one that is fast would make us ask for what is yet to come.
        """
        position = event.time_us if self._memory.by_our_clock else max(event.time_us, self._memory.time_us or 0)
        self._memory = replace(self._memory, time_us=position, by_our_clock=False, heard_at=self._clock.now())
        post: Post | None = None
        deleted: Deletion | AccountDeletion | None = None
        match event:
            case Written():
                post = to_post(event.address, event.value, self._author(event.did), event.seen_at)
            case Reposted():
                post = self._repost(event, originals)
            case Removed():
                deleted = Deletion(source=BLUESKY, id=str(event.address))
            case Renamed():
                known = self.wanted[event.did].account.handle
                handle = "" if event.handle == known else event.handle
                self._memory = replace(self._memory, handles=self._known(self._memory.handles, event.did, handle))
            case AccountChanged():
                self._memory = replace(self._memory, gone=self._known(self._memory.gone, event.did, event.status))
                if event.status in _PURGED:
                    deleted = AccountDeletion(source=BLUESKY, account_id=event.did, until=event.seen_at)
        return Arrival(cursor=self._memory.cursor(), post=post, deleted=deleted)

    def _repost(self, event: Reposted, originals: Mapping[Address, Post]) -> Post | None:
        if not self._wants_reposts(event.did):
            return None
        original = originals.get(event.subject)
        if original is None:
            self._tally.skipped(f"a repost by {self._author(event.did)}: the post it passes on could not be read")
            return None
        return to_repost(event.address, event.value, original, self._author(event.did), event.seen_at)

    def _known(self, before: Mapping[str, str], did: str, said: str) -> dict[str, str]:
        """What is known of watched accounts once this is; of others nothing is kept."""
        known = {one: word for one, word in before.items() if one in self.wanted and one != did}
        return known | {did: said} if said else known

    def _author(self, did: str) -> Account:
        account = self.wanted[did].account
        return replace(account, handle=self._memory.handles.get(did, account.handle))


def _microseconds(moment: datetime) -> int:
    """Since 1970, as Jetstream counts."""
    return round(moment.timestamp() * 1_000_000)
