"""One account, asked for again and again: what is new, what was edited, what is gone."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sources.accounts import MASTODON
from sources.clock import Clock
from sources.mastodon.finding import local_id, moved_to
from sources.mastodon.memory import Memory, differences
from sources.mastodon.server import PAGE, NotThereError, PrivateError, Server
from sources.mastodon.statuses import Status, order, to_status
from sources.reading import Record, UnreadableError, text, word
from sources.tally import Tally
from sources.types import Arrival, Deletion, Post, SourceError, Wanted

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
"""How often an account is asked for what is new."""

LOOK_BACK_EVERY = timedelta(minutes=5)
"""How often the latest page is read whole, for what was edited or deleted on it."""

_ACCOUNT_EVERY = timedelta(hours=1)  # whether it is still there
_FIRST = timedelta(hours=1)  # how far the first page is given: the watch may be older than this start of ours
_FULL = 20  # statuses; a page of fewer is the last one, whatever the server's limit
_MOST_PAGES = 25
_MOST_CHECKS = 5  # of vanished statuses at a time
_LONG = 10_000  # characters of HTML
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Poll:
    """Knows what was dealt with of one account. Its methods raise SourceError and can be called again."""

    def __init__(self, server: Server, wanted: Wanted, memory: Memory | None, clock: Clock, tally: Tally) -> None:
        self.wanted = wanted
        self.due = clock.now()
        self.late = memory is not None
        """Whether posts may have waited for us: after a start, and after a failure."""

        self._server = server
        self._id = local_id(wanted.account)[1]
        self._memory = memory
        self._clock = clock
        self._tally = tally
        self._since = clock.now() - _FIRST
        self._look_back_at = _EPOCH
        self._account_at = _EPOCH

    async def turn(self) -> list[Arrival]:
        """What is new, oldest first; now and then edits and deletions after it."""
        if self._memory is None:
            return await self._first()
        found = await self._new(self._memory)
        try:
            found += await self._look_around()
        except SourceError:
            if not found:
                raise  # else what was found comes first, and the rest is tried again next time
        self.late = False
        return found

    async def _look_around(self) -> list[Arrival]:
        """What is worth a look now and then."""
        now, found = self._clock.now(), list[Arrival]()
        if now >= self._look_back_at:
            found = await self._look_back(self._memory or Memory())
            self._look_back_at = now + LOOK_BACK_EVERY
        if now >= self._account_at:
            self._account_at = now + _ACCOUNT_EVERY
            await self._check_account()
        return found

    async def _first(self) -> list[Arrival]:
        """The latest page is remembered, and given as far as it is fresh."""
        page = await self._server.statuses(self._id, without=self.wanted.without)
        self._memory, arrivals = Memory(), []
        for status in await self._read(page):
            self._memory = self._memory.with_shown(status.id, status.edited_at)
            if status.post.published_at >= self._since:
                arrivals.append(self._arrival(post=status.post))
        self._look_back_at = self._clock.now() + LOOK_BACK_EVERY
        return arrivals or [self._arrival()]

    async def _new(self, memory: Memory) -> list[Arrival]:
        statuses = await self._after(memory)
        arrivals = []
        for status in await self._read(statuses):
            memory = self._memory = memory.with_shown(status.id, status.edited_at)
            arrivals.append(self._arrival(post=status.post))
        newest = max((word(status.get("id")) for status in statuses), key=order, default="")
        if order(newest) > order(memory.last_id):  # what could not be read is not read again each minute
            self._memory = memory.after(newest)
            arrivals.append(self._arrival())
        return arrivals

    async def _after(self, memory: Memory) -> list[Record]:
        """All statuses later than the last: as many pages as that takes, since a server gives the newest first."""
        found: dict[str, Record] = {}
        max_id = ""
        for _ in range(_MOST_PAGES):
            page = await self._server.statuses(
                self._id, since_id=memory.last_id, max_id=max_id, without=self.wanted.without
            )
            fresh = {one: status for status in page if (one := word(status.get("id"))) and one not in found}
            fresh = {one: status for one, status in fresh.items() if order(one) > order(memory.last_id)}
            found |= fresh
            if len(page) < _FULL or len(fresh) < len(page):
                return list(found.values())
            max_id = min(fresh, key=order)
        self._tally.gap()
        log.warning("gap source=%s account=%s posts=%d", MASTODON, self.wanted.account.id, len(found))
        return list(found.values())

    async def _look_back(self, memory: Memory) -> list[Arrival]:
        page = await self._server.statuses(self._id, without=self.wanted.without)
        ids = [one for status in page if (one := word(status.get("id")))]
        found = differences(memory, await self._read(page, again=True), ids, limit=min(PAGE, max(_FULL, len(page))))
        arrivals = []
        for status in found.edited:
            memory = self._memory = memory.with_shown(status.id, status.edited_at)
            arrivals.append(self._arrival(post=status.post))
        for status_id in found.vanished[:_MOST_CHECKS]:
            try:
                gone = await self._is_gone(status_id)
            except SourceError as error:  # what was found is given; the rest is found again next time
                log.info("unfinished source=%s account=%s reason=%r", MASTODON, self._id, str(error))
                break
            memory = self._memory = memory.without(status_id)
            post_id = f"{self._server.name}/{status_id}"
            arrivals.append(self._arrival(deleted=Deletion(source=MASTODON, id=post_id) if gone else None))
        return arrivals

    async def _is_gone(self, status_id: str) -> bool:
        """A page may leave a status out for other reasons; asked for by its id it is there, or it is not."""
        try:
            await self._server.status(status_id)
        except NotThereError:
            return True
        except PrivateError:  # the server shows pages to strangers, and no single statuses
            return False
        return False

    async def _check_account(self) -> None:
        """Its posts were read just now; a server that hides the account beside them does no harm."""
        try:
            record = await self._server.account(self._id)
        except SourceError as error:
            log.info("unseen source=%s account=%s reason=%r", MASTODON, self._id, str(error))
            return
        account = self.wanted.account
        moved = moved_to(record, account.handle.rpartition("@")[2])
        what = f"{account} has moved to @{moved}: /watch @{moved}" if moved else ""
        if record.get("suspended") is True:
            what = f"{account} is suspended"
        self._tally.wrong(f"{account.id} itself", what)

    async def _read(self, page: Sequence[Record], *, again: bool = False) -> list[Status]:
        """Oldest first, without what cannot be read; that is counted, unless the page was read before."""
        found = []
        for record in page:
            if len(text(record.get("content"))) > _LONG:
                await asyncio.sleep(0)  # a page of such statuses takes a second: let others in between
            try:
                found.append(to_status(record, self.wanted.account, self._server.name))
            except UnreadableError as error:
                if again:
                    continue
                self._tally.skipped(f"a status of {self.wanted.account} {error}")
                log.warning("skip source=%s account=%s reason=%r", MASTODON, self.wanted.account.id, str(error))
        return sorted(found, key=lambda status: order(status.id))

    def _arrival(self, post: Post | None = None, deleted: Deletion | None = None) -> Arrival:
        cursor = (self._memory or Memory()).cursor()
        return Arrival(cursor=cursor, part=self.wanted.account.id, post=post, deleted=deleted)
