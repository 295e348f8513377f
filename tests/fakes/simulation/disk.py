"""The database of a simulated life: the real one, on a real file, worked on the loop's own thread.

Reads and commits take simulated time by chance, before and after, so that others get between. `synchronous=OFF`: a
simulated crash ends the program, not the machine, and what a program had written stays written. Whether a commit
survives a loss of power is not asked here.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import Database
from storage.migrate import upgrade

T = TypeVar("T")

_WRITER = ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON", "wal_autocheckpoint=4000")
_READER = ("query_only=ON",)
_SLOWEST_COMMIT_S = 0.1
_SLOWEST_READ_S = 0.004


class ProgramDeadError(Exception):
    """Nothing can be read or written any more: the program that tries it has been killed."""


class Disk:
    """What one life of the program holds of its file."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self.dead = False
        self._chance = chance

    def kill(self) -> None:
        """From now on the program that held this reads and writes nothing."""
        self.dead = True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Database]:
        """The database, made if it is new."""
        writer, reader = _engine(self.path, "BEGIN IMMEDIATE", _WRITER), _engine(self.path, "BEGIN", _READER)
        with writer.begin() as connection:
            if not sa.inspect(connection).get_table_names():
                upgrade(connection)
        engines = (_Engine(self, writer, _SLOWEST_COMMIT_S), _Engine(self, reader, _SLOWEST_READ_S))
        database = Database(self.path, *cast("tuple[AsyncEngine, AsyncEngine]", engines))
        serving = asyncio.create_task(database.serve_writes(), name="database writer")
        serving.add_done_callback(database.end)
        try:
            yield database
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            reader.dispose()
            writer.dispose()

    async def turn(self, slowest_s: float) -> None:
        """Let some time pass, and the others run."""
        await asyncio.sleep(self._chance.random() ** 4 * slowest_s)
        if self.dead:
            raise ProgramDeadError("killed")


class _Engine:
    """As much of an AsyncEngine as Database uses."""

    def __init__(self, disk: Disk, engine: sa.Engine, slowest_s: float) -> None:
        self._disk = disk
        self._engine = engine
        self._slowest_s = slowest_s

    def connect(self) -> AbstractAsyncContextManager["_Connection"]:
        return self._connect()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator["_Connection"]:
        connection = _Connection(self._disk, self._engine, self._slowest_s)
        try:
            yield connection
        finally:
            connection.close()


class _Connection:
    def __init__(self, disk: Disk, engine: sa.Engine, slowest_s: float) -> None:
        self._disk = disk
        self._connection = engine.connect()
        self._slowest_s = slowest_s

    async def run_sync(self, work: Callable[..., T], *args: Any) -> T:
        await self._disk.turn(self._slowest_s)
        result = work(self._connection, *args)
        self._connection.rollback()  # ends a reader's view; a writer has committed
        await self._disk.turn(self._slowest_s)
        return result

    def close(self) -> None:
        self._connection.close()


def _engine(path: Path, begin: str, pragmas: tuple[str, ...]) -> sa.Engine:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))

    @sa.event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None
        for pragma in pragmas:
            dbapi.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
