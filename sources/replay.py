"""A JSONL file as a source, at its own pace or N times faster. What a line holds: `sources/replay_lines.py`."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from sources.accounts import X, fold
from sources.clock import Clock
from sources.replay_file import Entry, Key, Position, accounts_in, find_start, latest_posts, read_batch, to_cursor
from sources.types import (
    Account,
    AccountNotFoundError,
    Arrival,
    Handle,
    Positions,
    Post,
    SourceState,
    SourceUnreadableError,
    Wanted,
)

logger = logging.getLogger("lapwing.sources.replay")

T = TypeVar("T")

PROGRESS_LINES = 500
"""After so many lines that gave no post the cursor moves on without one."""

_CATCH_UP_S = 0.1  # lateness that is made up for; more (a suspended machine, a clock set forward) is forgotten
_SUGGESTIONS = 3


class Replay:
    """One file played once, from the cursor to its end. Open it with `Replay.open`; nothing needs to be closed.

    Time passes line by line: the gap between the dates of two lines, divided by `speed`. A gap that goes back in time
    is none, a line without a date follows at once, and so does the first line after a start. Nothing passes while no
    account is watched or `gate` is not set. What is no post is counted, logged with its line's number, and passed by.
    """

    name = "replay"
    finite = True

    bad_lines: int
    """Lines passed by since the start because they were no posts."""

    last_problem: str
    """The latest of them, as "line 7 is not JSON …"; empty while there is none."""

    def __init__(
        self,
        path: Path,
        accounts: Mapping[Key, Account],
        *,
        clock: Clock,
        speed: float = 1.0,
        gate: asyncio.Event | None = None,
    ) -> None:
        """`accounts` are those that occur in the file, which `open` finds. Raises ValueError for a bad speed."""
        if not speed > 0:
            raise ValueError(f"a replay cannot run {speed} times as fast. Give a speed above 0, for example 10 or inf")
        self.serves = frozenset({X} | {source for source, _ in accounts})
        self.bad_lines = 0
        self.last_problem = ""
        self._path = path
        self._accounts = accounts
        self._clock = clock
        self._speed = speed
        self._watched: frozenset[Key] = frozenset()
        self._listening = asyncio.Event()
        self._gates = [self._listening] if gate is None else [self._listening, gate]
        self._position = Position()

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, speed: float = 1.0, gate: asyncio.Event | None = None) -> "Replay":
        """Read the file once for the accounts in it (100,000 lines: about a second, on a worker thread).

        Raises SourceUnreadableError, and ValueError for a bad speed.
        """
        accounts = await _reading(path, lambda: accounts_in(path))
        return cls(path, accounts, clock=clock, speed=speed, gate=gate)

    def trouble(self) -> str:
        """How many lines were no posts, and the latest of them; or that the file holds no post at all."""
        if not self._accounts:
            return f"{self._path} holds no post: one JSON object a line, with id, author and text"
        return f"{self.bad_lines} bad lines (the latest: {self.last_problem})" if self.bad_lines else ""

    def state(self) -> SourceState:
        """A file is always there: what could not be read in it is all there is to tell."""
        return SourceState(skipped=self.bad_lines)

    def refusal(self, wanted: Collection[Wanted]) -> str:  # noqa: ARG002
        """A file holds everyone it holds."""
        return ""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """Holds for every line not yet played."""
        self._watched = frozenset(_key(one.account.source, one.account.id) for one in wanted)
        if self._watched:
            self._listening.set()
        else:
            self._listening.clear()

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        """The posts of watched accounts and all deletions in the file's order, then an end; one iteration at a time.

        A cursor of another file, or one beyond the end, starts from the beginning. Raises SourceUnreadableError.
        """
        start = await _reading(self._path, lambda: find_start(self._path, after.get("")))
        if start.restarted:
            logger.warning("restart file=%s reason=%s", self._path.name, start.restarted)
        self._position = start.position
        pace = _Pace(self._speed)
        passed = 0
        while batch := await _reading(self._path, lambda: read_batch(self._path, self._position)):
            for entry in batch:
                await self._turn_of(entry, pace)
                post = self._play(entry)
                deleted = entry.deletion.deleted if entry.deletion else None
                passed = 0 if post or deleted else passed + 1
                if post or deleted or passed == PROGRESS_LINES:
                    passed = 0
                    cursor = to_cursor(self._position, start.fingerprint)
                    yield Arrival(cursor=cursor, post=post, deleted=deleted)
        if passed:
            yield Arrival(cursor=to_cursor(self._position, start.fingerprint))

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """The account's last posts among the lines already played or passed by, newest first. Reads them again."""
        key, end, now = _key(account.source, account.id), self._position, self._clock.now()
        return await _reading(self._path, lambda: latest_posts(self._path, end, key, limit=limit, now=now))

    async def resolve(self, handle: Handle) -> Account:
        """An account that occurs anywhere in the file. Raises AccountNotFoundError."""
        account = self._accounts.get(_key(handle.source, handle.name))
        if account is None:
            raise AccountNotFoundError(handle, await asyncio.to_thread(_nearest, handle, self._accounts))
        return account

    async def _turn_of(self, entry: Entry, pace: "_Pace") -> None:
        """Return when this entry may be played."""
        await self._may_play()
        if self._speed == math.inf:
            return
        seconds = pace.wait_s(entry.published_at, self._clock.now())
        if seconds > 0:
            await self._clock.sleep(seconds)
            await self._may_play()

    async def _may_play(self) -> None:
        while not all(gate.is_set() for gate in self._gates):
            for gate in self._gates:
                await gate.wait()

    def _play(self, entry: Entry) -> Post | None:
        """The entry's post where it is watched; either way the position is now after it."""
        self._position = entry.end
        if entry.problem:
            self._count(entry)
        line = entry.line
        if line is None or (line.author.source, line.author.id) not in self._watched:
            return None
        return line.post(now=self._clock.now(), played=True)

    def _count(self, entry: Entry) -> None:
        self.bad_lines += 1
        self.last_problem = f"line {entry.end.line} {entry.problem}"
        logger.warning("skip file=%s line=%d reason=%s", self._path.name, entry.end.line, entry.problem)


class _Pace:
    """How long each line waits. Small lateness is made up for by the next line, so that it does not add up."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._date: datetime | None = None  # of the last dated line
        self._due = 0.0  # when that line was to be played, in seconds since 1970

    def wait_s(self, date: datetime | None, now: datetime) -> float:
        """Seconds from `now` until a line of this date is due: never more than its gap, however the clock was set."""
        if date is None:
            return 0.0
        moment, gap_s, late_s = now.timestamp(), 0.0, 0.0
        if self._date is not None:
            gap_s = max(0.0, (date - self._date).total_seconds()) / self._speed
            late_s = min(max(0.0, moment - self._due), _CATCH_UP_S)
        self._date = date
        self._due = moment - late_s + gap_s
        return max(0.0, gap_s - late_s)


async def _reading(path: Path, read: Callable[[], T]) -> T:
    """`read()` on a worker thread, once it is sure that `path` is a file. Raises SourceUnreadableError."""

    def checked() -> T:
        _refuse_unless_file(path)
        return read()

    try:
        return await asyncio.to_thread(checked)
    except OSError as error:
        raise SourceUnreadableError(
            f"cannot read the replay {path}: {error.strerror or error}. Name a JSONL file that Lapwing may read"
        ) from error


def _refuse_unless_file(path: Path) -> None:
    """Opening a pipe would hang and could not be resumed; a path with a NUL byte cannot even be asked for."""
    try:
        path.stat()
    except ValueError as error:
        raise OSError(str(error)) from error
    if not path.is_file():
        raise OSError("it is not a file")


def _nearest(handle: Handle, accounts: Mapping[Key, Account]) -> tuple[str, ...]:
    """Compares with every account of that source, which takes a while for 100,000 of them: on a worker thread."""
    ids = [account_id for source, account_id in accounts if source == handle.source]
    near = get_close_matches(fold(handle).name, ids, n=_SUGGESTIONS)
    return tuple(accounts[handle.source, account_id].handle for account_id in near)


def _key(source: str, name: str) -> Key:
    return source, fold(Handle(source=source, name=name)).name
