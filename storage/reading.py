"""A database read by a process that does not own it: while Lapwing runs, or while nobody does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from storage import sqlite
from storage.database import REVISION, Connection, DatabaseUnusableError, usable_revision
from storage.owner import DatabaseInUseError, owning


@contextmanager
def read_only(path: Path) -> Iterator[Connection]:
    """A connection that sees one moment of the file, and can write nothing at all.

    Where nobody runs on the file it leaves an empty journal beside it, which `tidy` takes away.
    Raises DatabaseUnusableError for a file that is not a Lapwing database of this revision, and for what goes wrong
    with the file while it is read.
    """
    if problem := sqlite.path_problem(path) or (None if path.exists() else f"There is no file {path}."):
        raise DatabaseUnusableError(problem)
    engine = sqlite.read_only_engine(path)
    try:
        with engine.connect() as connection:
            if usable_revision(connection, path) != REVISION:
                raise DatabaseUnusableError(
                    f"{path} holds nothing yet, or was written by an older Lapwing. Start `lapwing run` on it once."
                )
            yield connection
    except sa.exc.DBAPIError as error:
        if not sqlite.file_is_at_fault(error):
            raise
        raise DatabaseUnusableError(sqlite.explain(error, path)) from error
    finally:
        engine.dispose()


def tidy(path: Path, now: datetime) -> None:
    """After reading: let SQLite take its journal away, unless someone owns the file, whose journal it then is."""
    with suppress(DatabaseInUseError), owning(path, now, patience_s=0), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA schema_version")  # touches the file: its last connection to leave clears up
