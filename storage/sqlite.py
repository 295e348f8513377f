"""All that only SQLite knows: pragmas, locking, upserts, its errors. A second database gets a room like this one."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 5_000

_WRITER_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""secure_delete: what people deleted is overwritten in the file, not merely no longer found."""

_FILE_AT_FAULT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)


def writer_engine(path: Path) -> AsyncEngine:
    """The one connection that writes and checkpoints.

    SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint at once, so there is one only.
    BEGIN IMMEDIATE: a deferred BEGIN that reads and then writes fails at once when someone else wrote in between.
    """
    engine = create_async_engine(_url(path), pool_size=1, max_overflow=0)
    _prepare(engine.sync_engine, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS)
    return engine


def reader_engine(path: Path) -> AsyncEngine:
    """Connections that only read; each sees the last commit before its BEGIN and blocks nobody."""
    engine = create_async_engine(_url(path), pool_size=2, max_overflow=2)
    _prepare(engine.sync_engine, begin="BEGIN", pragmas=("query_only=ON",))
    return engine


def read_only_engine(path: Path) -> sa.Engine:
    """For a process that does not own the file: it can neither write nor fold the WAL back, not even when it ends."""
    address = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.NullPool)
    _prepare(engine, begin="BEGIN", pragmas=("query_only=ON",))
    return engine


def is_in_transaction(connection: sa.Connection) -> bool:
    """Whether the transaction that was begun still stands: SQLite ends it by itself when the disk is full, say."""
    driver = connection.connection.driver_connection
    return bool(driver is not None and driver.in_transaction)


def insert_new(table: sa.Table) -> Insert:
    """An INSERT that passes over rows that are there already."""
    return insert(table).on_conflict_do_nothing()


def upsert(table: sa.Table) -> Insert:
    """An INSERT that replaces the row with the same primary key."""
    statement = insert(table)
    keys = {column.name for column in table.primary_key}
    changes = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


def integrity_problems(connection: sa.Connection) -> list[str]:
    """What SQLite's own check finds wrong with the file; empty when it is sound. Reads the whole file."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


def path_problem(path: Path) -> str | None:
    """Why a database cannot live at this path, with the way out; None when it can."""
    try:
        return _path_problem(path)
    except OSError as error:  # a folder above it that may not be entered, a name too long
        return f"{path} cannot be reached: {error.strerror}. Name another file."


def _path_problem(path: Path) -> str | None:
    folder = path.parent
    if path.is_dir():
        return f"{path} is a folder. Name a file in it, for example {path / 'lapwing.db'}."
    if not folder.is_dir():
        return f"The folder {folder} does not exist. Create it, or name another file."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"The folder {folder} is read-only for this user. Give write access to it, or name another file."
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"The file {path} is read-only for this user. Give write access to it, or name another file."
    return None


def file_is_at_fault(error: sa.exc.DBAPIError) -> bool:
    """Whether the file or its disk failed, not the statement. SQLite may then have ended the transaction by itself."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _FILE_AT_FAULT  # the low byte is the primary code


def explain(error: sa.exc.DBAPIError, path: Path) -> str:
    """A database error in words that name the file and the way out."""
    text = str(error.orig).lower()
    if "not a database" in text or "malformed" in text:
        return f"{path} is damaged or is not a Lapwing database. Restore a backup, or name another file."
    if "readonly" in text or "read-only" in text:
        return f"{path} cannot be written: it, or its folder, is read-only. Give write access, or name another file."
    if "locked" in text:
        return f"{path} is locked by another program. Stop that program, or name another file."
    if "full" in text or os.strerror(errno.ENOSPC).lower() in text:
        return f"The disk that holds {path} is full. Make room; nothing stored so far is lost."
    if "i/o error" in text:
        return (
            f"{path} could not be read or written ({error.orig}). See whether its disk is full, failing or gone; "
            "nothing stored so far is lost."
        )
    return f"{path} cannot be used: {error.orig}. Restore a backup, or name another file."


def _url(path: Path) -> sa.URL:
    # absolute: a file may then have any name, even ":memory:" or one that begins like a URI
    return sa.URL.create("sqlite+aiosqlite", database=str(path.absolute()))


def _prepare(engine: sa.Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    @sa.event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # the driver must not begin transactions of its own; on_begin does
        cursor = dbapi.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)
