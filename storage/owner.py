"""One owner: whoever runs on a database holds a lock beside it, and whoever comes second is told who that is.

SQLite keeps two writers apart for a transaction; two programs that deliver from one outbox would send everything twice.
The lock is the kernel's (flock on `<database>.lock`): it is free again however its holder ends, it stays with a process
that is merely stopped, and the file itself means nothing, so one left behind is no obstacle.
"""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from storage import sqlite
from storage.database import DatabaseUnusableError

_MOST_BYTES = 4_096
"""Of a lock file that are read; what one of ours holds is a line."""


class DatabaseInUseError(DatabaseUnusableError):
    """Another process owns the database; `by` says which one, in words."""

    def __init__(self, path: Path, by: str) -> None:
        super().__init__(f"{path} is in use by {by}. Stop that one, or name another DATABASE.")
        self.by = by


_PATIENCE_S, _TRY_EVERY_S = 0.5, 0.05
"""A holder may be just ending, or have looked in for a moment only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holder:
    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on host {self.host} since {self.since}"


def lock_path(database: Path) -> Path:
    """The lock belongs to the file itself: by whatever name it is reached, it is the same lock."""
    return Path(f"{database.resolve()}.lock")


@contextmanager
def owning(database: Path, now: datetime, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Own the database from now to the end; it need not exist yet. Blocks for `patience_s` at most.

    Raises DatabaseInUseError where another process does, and DatabaseUnusableError for a path that no database can
    live at.
    """
    if problem := sqlite.path_problem(database):
        raise DatabaseUnusableError(problem)
    lock = _open(database)
    try:
        _take(lock, database, patience_s)
        _sign(lock, _Holder(pid=os.getpid(), host=socket.gethostname(), since=f"{now:%Y-%m-%d %H:%M} UTC"))
        yield
    finally:
        os.close(lock)  # frees it; the file stays, since whoever waits to open it must find the same one


def _open(database: Path) -> int:
    path = lock_path(database)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DatabaseUnusableError(
            f"{path} cannot be opened ({error.strerror}). It is how one process alone owns {database}: give write "
            "access to it, or name another DATABASE."
        ) from error


def _take(lock: int, database: Path, patience_s: float) -> None:
    gives_up_at = time.monotonic() + patience_s
    try:
        while not _try(lock):
            if time.monotonic() >= gives_up_at:
                raise DatabaseInUseError(database, _holder(lock))
            time.sleep(_TRY_EVERY_S)
    except OSError as error:
        what = "does not know locks" if error.errno in {errno.ENOLCK, errno.EOPNOTSUPP} else f"failed ({error})"
        raise DatabaseUnusableError(
            f"The disk that holds {database} {what}, so nothing keeps a second process off it. Name a DATABASE on a "
            "local disk."
        ) from error


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(lock: int, holder: _Holder) -> None:
    """One write, so that whoever reads meanwhile finds the last signature or this one, never half of it."""
    os.pwrite(lock, json.dumps(asdict(holder)).encode().ljust(256), 0)
    os.ftruncate(lock, 256)


def _holder(lock: int) -> str:
    """Who signed the lock; what is no signature is not believed."""
    try:
        signed = json.loads(os.pread(lock, _MOST_BYTES, 0))
        pid, host, since = signed["pid"], signed["host"], signed["since"]
    except (ValueError, TypeError, KeyError):  # garbage, or a holder that has not signed yet
        return "another process"
    words = f"{host} {since}"
    if not isinstance(pid, int) or not words.isprintable() or len(words) > 300:
        return "another process"
    return str(_Holder(pid=pid, host=str(host), since=str(since)))
