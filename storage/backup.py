"""A copy of the database, made while Lapwing runs or while it does not, and what becomes of a copy that is put back.

The copy is marked as one. When it is first run on, whatever it owes may be in the chat already, sent by the original
after the copy was made; so nothing is sent before it was looked up by its key, which is the same in both.
"""

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from storage import facts, sqlite
from storage.database import Connection
from storage.decisions import PERHAPS_SENT
from storage.facts import Fact
from storage.owner import DatabaseInUseError, lock_path, owning
from storage.reading import read_only, tidy
from storage.schema import deliveries
from storage.types import DeliveryState, DeliveryVerb

_COMPANIONS = ("", "-wal", "-shm", ".lock", ".console")
"""What a database's files are called, after its own name."""

_NOT_SETTLED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.AMBIGUOUS, DeliveryState.HELD)


class BackupError(Exception):
    """No copy was made, and what was there is as it was; the message says why, and the way out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """What coming to life again meant for a copy."""

    copied_at: datetime
    to_look_up: int
    """Deliveries that nobody knows the outcome of."""


def copy(database: Path, file: Path, *, now: datetime, replace: bool = False) -> int:
    """Copy a database to `file` as it is at one moment, checked and marked as a copy; its size in bytes.

    Only reads the database, so that it may be in use. `file` appears whole or not at all. Raises BackupError, and
    DatabaseUnusableError where the database itself cannot be read.
    """
    _refuse_target(database, file, now, replace=replace)
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        _write(database, partial, now)
        _refuse_target(database, file, now, replace=replace)  # it may have appeared meanwhile
        size = partial.stat().st_size
        partial.replace(file)
        _sync_folder(file.parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(_explained(error, database, file)) from error
    finally:
        if database.exists():  # to tidy up after nothing would make it
            tidy(database, now)
        for companion in _COMPANIONS:
            Path(f"{partial}{companion}").unlink(missing_ok=True)
    return size


def resume_copy(connection: Connection, now: datetime, grace: timedelta) -> Resumed | None:
    """At the start of a run: take note that a copy has come to life; None where the file is none.

    What the copy holds as not yet sent becomes ambiguous, to be looked up once `grace` has passed, the longest of any
    chat. That includes what is held for a suspended channel: "held" says that the chat does not have it, and the
    original may have found the channel open again.
    """
    copied_at = facts.instant(connection, Fact.COPIED_AT)
    if copied_at is None:
        return None
    resumed_at = now + grace
    facts.drop(connection, Fact.COPIED_AT)
    facts.put(connection, Fact.RESUMED_AT, resumed_at.isoformat())
    unsent = sa.and_(deliveries.c.verb == DeliveryVerb.SEND, deliveries.c.state.in_(_NOT_SETTLED))
    change = sa.update(deliveries).where(unsent).values(state=DeliveryState.AMBIGUOUS, due_at=resumed_at)
    changed = connection.execute(change.values(problem=PERHAPS_SENT))
    return Resumed(copied_at=copied_at, to_look_up=changed.rowcount)


def _write(database: Path, partial: Path, now: datetime) -> None:
    with read_only(database) as source, closing(sqlite3.connect(partial)) as target:
        driver = source.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        partial.chmod(database.stat().st_mode & 0o777)  # whoever may not read the one may not read the other
        driver.backup(target)
        problems = [str(row[0]) for row in target.execute("PRAGMA integrity_check")]
        if problems != ["ok"]:
            raise BackupError(
                f"{database} or its copy is damaged ({problems[0]}), so no copy was made. See `lapwing doctor`."
            )
        target.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (Fact.COPIED_AT, now.isoformat()))
        target.commit()
    with partial.open("rb") as written:
        os.fsync(written.fileno())


def _refuse_target(database: Path, file: Path, now: datetime, *, replace: bool) -> None:
    """Before anything is written. Raises BackupError."""
    if problem := sqlite.path_problem(file):
        raise BackupError(problem)
    if file.resolve() in {Path(f"{database.resolve()}{companion}") for companion in _COMPANIONS}:
        raise BackupError(f"{file} is the database itself, or belongs to it. Name another file for the copy.")
    if file.exists() and not replace:
        raise BackupError(f"{file} exists already. Name another file, or say --force to replace it.")
    if any(Path(f"{file.resolve()}{companion}").exists() for companion in ("-wal", "-shm")):
        raise BackupError(f"{file} is a database that was in use when its program ended. Name another file.")
    _refuse_in_use(file, now)


def _refuse_in_use(file: Path, now: datetime) -> None:
    """A database that someone runs on is not replaced under their feet, whoever says --force."""
    if not lock_path(file).exists():
        return
    try:
        with owning(file, now):
            return
    except DatabaseInUseError as error:
        raise BackupError(f"{file} is in use by {error.by}. Name another file for the copy.") from error


def _sync_folder(folder: Path) -> None:
    """So that the copy's name survives a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explained(error: OSError | sqlite3.Error, database: Path, file: Path) -> str:
    if "malformed" in str(error):
        return f"{database} is damaged ({error}), so no copy was made. See `lapwing doctor`."
    if "full" in str(error).lower() or getattr(error, "errno", None) == errno.ENOSPC:
        return f"The disk that holds {file} has no room for the copy. Make room, or name a file elsewhere."
    return f"The copy {file} could not be written: {error}. Name a file elsewhere."
