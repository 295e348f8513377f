"""Open a database; one writer, readers beside it, and a transaction that many callers share.

Work is a plain function of a connection, so that whoever owns a transaction can put several nouns' work into one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import failpoints, sqlite
from storage.failpoints import Commit

T = TypeVar("T")
Connection = sa.Connection
"""What work is done on: named here, so that other packages need not know whose it is."""

Work = Callable[[Connection], T]

REVISION = "0004"
"""The newest migration. Compared with the file's own, so that alembic is imported only when they differ."""

_MOST_SHARERS = 64
"""How many callers share a commit at most: enough to hide an fsync, few enough to keep the first one waiting short."""


_SHARE = "share"


class DatabaseUnusableError(Exception):
    """The database cannot be opened or written; the message names the file and the way out."""


class TransactionLostError(Exception):
    """Work hid an error with which SQLite ends a transaction by itself: nothing of it is stored."""


_Outcome = tuple[Any, Exception | None]
"""What work returned, or what it raised: no future takes every exception (StopIteration) as its own."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work[Any]
    commit: Commit | None
    done: asyncio.Future[_Outcome]


class Database:
    """One file, opened by `open_database`. Both methods may be called by any number of tasks at once."""

    def __init__(self, path: Path, writer: AsyncEngine, readers: AsyncEngine) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._readings: set[asyncio.Future[Any]] = set()
        self._closing = False
        self._ended = False

    async def transaction(self, work: Work[T], commit: Commit | None = None) -> T:
        """Run `work` in a write transaction; returns once it is on the disk. All or nothing.

        Work that waits while another commit is under way shares the next one, and may then be run twice: where one part
        fails, the others are done again without it. Whatever `work` raises is raised here, and of it alone nothing is
        kept. A caller that is cancelled while it waits may find its work done all the same. Raises
        DatabaseUnusableError when the file cannot be written: then nothing is kept of any part that shared the commit,
        and each caller is told. `commit` names this kind of work among the failpoints; all work of the program has a
        name, that of a test need not.
        """
        if self._ended:
            raise self._closed()
        waiting = _Waiting(work, commit, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._wake.set()
        result, problem = await waiting.done
        if problem is not None:
            raise problem
        return result  # type: ignore[no-any-return]  # the future holds whatever `work` returns

    async def execute(self, statement: sa.Executable, commit: Commit | None = None) -> None:
        """Run one statement as a transaction of its own."""
        await self.transaction(lambda connection: connection.execute(statement), commit)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a connection that sees the last commit and cannot write.

        A caller that is cancelled meanwhile does not wait; the reading ends by itself, before the database is closed.
        """
        reading = asyncio.ensure_future(self._read(work))
        self._readings.add(reading)
        reading.add_done_callback(self._end_reading)
        return await asyncio.shield(reading)

    async def _read(self, work: Work[T]) -> T:
        try:
            async with self._readers.connect() as connection:
                return await connection.run_sync(work)
        except sa.exc.DBAPIError as error:
            if not sqlite.file_is_at_fault(error):
                raise
            raise DatabaseUnusableError(sqlite.explain(error, self.path)) from error

    async def serve_writes(self) -> None:
        """Commit what waits, until `close`. The one task that writes; `open_database` runs and ends it."""
        async with self._writer.connect() as connection:
            while not self._closing:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting and not self._closing:
                    sharers = list(islice(self._waiting, _MOST_SHARERS))
                    await connection.run_sync(self._commit, sharers)
                    for _ in sharers:
                        self._waiting.popleft()

    def close(self) -> None:
        """Let the commit under way be the last. Cancelled in its middle it would keep the file locked for a while:
        aiosqlite's thread is stopped then, and the transaction stays open until the connection is collected."""
        self._closing = True
        self._wake.set()

    async def last_reading(self) -> None:
        """Until nobody reads any more: a thread that outlives the event loop could not hand over what it has read."""
        await asyncio.gather(*self._readings, return_exceptions=True)

    def _end_reading(self, reading: asyncio.Future[Any]) -> None:
        self._readings.discard(reading)
        if not reading.cancelled():
            reading.exception()  # told to whoever asked, if anybody waits for it still

    def end(self, _serving: asyncio.Task[None]) -> None:
        """The writer is no more, whatever ended it: nobody waits for an answer that cannot come."""
        self._ended = True
        for waiting in self._waiting:
            _answer(waiting, None, self._closed())

    def _commit(self, connection: sa.Connection, sharers: list[_Waiting]) -> None:
        """All in one transaction; where one fails, once more with each behind a savepoint, so that it fails alone."""
        try:
            outcomes = self._together(connection, sharers, _run)
        except Exception as error:  # nothing is stored
            if len(sharers) == 1 or _is_files_fault(error):
                outcomes = [(None, _refusal(error, self.path))] * len(sharers)
            else:
                outcomes = self._apart(connection, sharers)
        for waiting, (result, problem) in zip(sharers, outcomes, strict=True):
            _answer(waiting, result, problem)

    def _apart(self, connection: sa.Connection, sharers: list[_Waiting]) -> list[_Outcome]:
        try:
            return self._together(connection, sharers, _run_behind_savepoint)
        except Exception as error:  # nobody's work is stored, and every sharer is told
            return [(None, _refusal(error, self.path))] * len(sharers)

    def _together(
        self,
        connection: sa.Connection,
        sharers: list[_Waiting],
        run: Callable[[sa.Connection, Work[Any]], _Outcome],
    ) -> list[_Outcome]:
        commits = {waiting.commit for waiting in sharers if waiting.commit is not None}
        with connection.begin():
            outcomes = [run(connection, waiting.work) for waiting in sharers]
            if not sqlite.is_in_transaction(connection):
                raise TransactionLostError("a part of this commit ended the transaction of all")
            for commit in commits:
                failpoints.reach(failpoints.before(commit))
        for commit in commits:
            failpoints.reach(failpoints.after(commit))
        return outcomes

    def _closed(self) -> DatabaseUnusableError:
        return DatabaseUnusableError(f"{self.path} was closed before this was stored. Start Lapwing again.")


def _run(connection: sa.Connection, work: Work[Any]) -> _Outcome:
    return work(connection), None


def _run_behind_savepoint(connection: sa.Connection, work: Work[Any]) -> _Outcome:
    """One sharer's part. Raises what spoils the transaction for all of them."""
    connection.exec_driver_sql(f"SAVEPOINT {_SHARE}")  # begin_nested compiles its three statements anew each time
    try:
        result = work(connection)
    except Exception as error:
        # On a full disk, say, SQLite rolls the whole transaction back by itself, the earlier sharers' work with it.
        if _is_files_fault(error):
            raise
        connection.exec_driver_sql(f"ROLLBACK TO {_SHARE}")
        connection.exec_driver_sql(f"RELEASE {_SHARE}")
        return None, error  # handed to the caller whose work it is; the other sharers go on
    connection.exec_driver_sql(f"RELEASE {_SHARE}")
    return result, None


def _answer(waiting: _Waiting, result: Any, problem: Exception | None) -> None:
    if not waiting.done.done():  # it is when the caller was cancelled
        waiting.done.set_result((result, problem))


def _is_files_fault(error: Exception) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and sqlite.file_is_at_fault(error)


def _refusal(error: Exception, path: Path) -> Exception:
    """What callers are told: trouble with the file in words; anything else is a bug, and stays what it is."""
    if not (isinstance(error, sa.exc.DBAPIError) and sqlite.file_is_at_fault(error)):
        return error
    refusal = DatabaseUnusableError(sqlite.explain(error, path))
    refusal.__cause__ = error
    return refusal


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """Open the file, creating or upgrading it where needed, and close it at the end.

    Raises DatabaseUnusableError for a path, a file or a revision that cannot be used; the file is then unchanged.
    """
    if problem := sqlite.path_problem(path):
        raise DatabaseUnusableError(problem)
    writer, readers = sqlite.writer_engine(path), sqlite.reader_engine(path)
    try:
        await _bring_up_to_date(writer, readers, path)
        database = Database(path, writer, readers)
        serving = asyncio.create_task(database.serve_writes(), name="database writer")
        serving.add_done_callback(database.end)
        try:
            yield database
        finally:
            database.close()
            (end,) = await asyncio.gather(serving, return_exceptions=True)
            await database.last_reading()
            if isinstance(end, Exception):  # a bug of the writer's own, which cancelling would hide
                raise end
    finally:
        await readers.dispose()
        await writer.dispose()  # last, so that the writer and nobody else folds the WAL back into the file


async def _bring_up_to_date(writer: AsyncEngine, readers: AsyncEngine, path: Path) -> None:
    try:
        async with readers.connect() as connection:  # first: the writer's WAL would alter even a file that is not ours
            await connection.run_sync(usable_revision, path)
        async with writer.begin() as connection:
            if await connection.run_sync(usable_revision, path) != REVISION:
                from storage.migrate import upgrade  # noqa: PLC0415  (alembic costs 100 ms)

                await connection.run_sync(upgrade)
    except sa.exc.DBAPIError as error:
        raise DatabaseUnusableError(sqlite.explain(error, path)) from error


def usable_revision(connection: sa.Connection, path: Path) -> str | None:
    """The revision of the database; None for an empty one. Raises DatabaseUnusableError for one that is not ours."""
    inspector = sa.inspect(connection)
    names = {*inspector.get_table_names(), *inspector.get_view_names()}
    if "alembic_version" not in names:
        if names:
            some = ", ".join(sorted(names)[:3])
            raise DatabaseUnusableError(f"{path} holds tables of another program ({some}). Name another file.")
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if found not in {None, REVISION}:
        from storage.migrate import known_revisions  # noqa: PLC0415  (alembic costs 100 ms)

        if found not in known_revisions():
            raise DatabaseUnusableError(
                f"{path} was written by a newer Lapwing (revision {found}; this one knows up to {REVISION}). "
                "Upgrade Lapwing, or name another file."
            )
    return found
