"""The file behind a replay, read in bounded memory. All functions block: they are called on a worker thread.

Each opens the file and closes it again: nothing stays open while the replay waits, or when it is cancelled.
They raise OSError.
"""

import hashlib
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from sources.replay_lines import BadLineError, DeletionLine, Line, parse_line
from sources.types import Account, Cursor, Post

MAX_LINE_BYTES = 4 * 2**20
BATCH_LINES = 100

_BATCH_BYTES = 2**20
_SKIP_BYTES = 2**16
_FINGERPRINT_BYTES = 2**16
_SPARE = 5  # so many times more of the latest posts are kept than are asked for: some may turn out to be deleted
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CURSOR = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([0-9a-f]{16})")

Key = tuple[str, str]
"""An account's source and id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A place between two lines: how many lines and bytes are before it."""

    line: int = 0
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line as it was read: a post, a deletion, a problem, or none (blank); `end` is the position after it."""

    end: Position
    line: Line | None = None
    deletion: DeletionLine | None = None
    problem: str = ""

    @property
    def published_at(self) -> datetime | None:
        """When it is due, by the file's own dates."""
        dated = self.line or self.deletion
        return dated.published_at if dated else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """Where to read on, and the fingerprint by which a later cursor knows this file again."""

    fingerprint: str
    position: Position = Position()
    restarted: str = ""
    """Why a cursor was not followed; empty where it was, or where there was none."""


def find_start(path: Path, after: Cursor | None) -> Start:
    """Where `after` says, if it was written for this file; else the beginning."""
    with path.open("rb") as file:
        fingerprint = hashlib.sha256(file.readline(_FINGERPRINT_BYTES).rstrip(b"\r\n")).hexdigest()[:16]
        if after is None:
            return Start(fingerprint=fingerprint)
        written = _CURSOR.fullmatch(after)
        if written is None or written[3] != fingerprint:
            return Start(fingerprint=fingerprint, restarted="the cursor is of another file")
        position = Position(line=int(written[1]), offset=int(written[2]))
        if not _is_between_lines(file, position.offset):
            return Start(fingerprint=fingerprint, restarted="the file changed before the cursor")
        return Start(fingerprint=fingerprint, position=position)


def to_cursor(position: Position, fingerprint: str) -> Cursor:
    return Cursor(f"{position.line}:{position.offset}:{fingerprint}")


def read_batch(path: Path, start: Position) -> list[Entry]:
    """The next entries from `start`, some 100 lines or 1 MiB of them; none at the end."""
    batch: list[Entry] = []
    with closing(read_entries(path, start)) as entries:
        for entry in entries:
            batch.append(entry)
            if len(batch) == BATCH_LINES or entry.end.offset - start.offset >= _BATCH_BYTES:
                break
    return batch


def read_entries(path: Path, start: Position = Position()) -> Generator[Entry, None, None]:
    """All entries from `start` on. A line over MAX_LINE_BYTES is a problem and is never held whole."""
    with path.open("rb") as file:
        file.seek(start.offset)
        number, offset = start.line, start.offset
        while raw := file.readline(MAX_LINE_BYTES + 1):
            length = len(raw) if _is_whole(raw) else len(raw) + _skip_line(file)
            number, offset = number + 1, offset + length
            yield _entry(raw, Position(line=number, offset=offset))


def accounts_in(path: Path) -> dict[Key, Account]:
    """Every account in the file, as its last line with a name has it."""
    accounts: dict[Key, Account] = {}
    with closing(read_entries(path)) as entries:
        authors = (entry.line.author for entry in entries if entry.line)
        for author in authors:
            key = (author.source, author.id)
            if author.name or key not in accounts:
                accounts[key] = author
    return accounts


def latest_posts(path: Path, end: Position, key: Key, *, limit: int, now: datetime) -> list[Post]:
    """Up to `limit` posts of an account before `end`, newest first, each id once; undated ones as of `now`.

    None that was deleted before `end`.
    """
    latest: dict[str, Line] = {}
    gone: set[str] = set()
    for entry in _entries_before(path, end):
        if entry.deletion and entry.deletion.deleted.source == key[0]:
            gone.add(entry.deletion.deleted.id)
            latest.pop(entry.deletion.deleted.id, None)
        line = entry.line
        if line is None or (line.author.source, line.author.id) != key or line.id in gone:
            continue
        latest.pop(line.id, None)
        latest[line.id] = line
        if len(latest) > limit * _SPARE:
            del latest[next(iter(latest))]
    return [line.post(now=now, played=False) for line in islice(reversed(latest.values()), max(limit, 0))]


def _entries_before(path: Path, end: Position) -> Generator[Entry, None, None]:
    with closing(read_entries(path)) as entries:
        for entry in entries:
            if entry.end.offset > end.offset:
                break
            yield entry


def _is_between_lines(file: IO[bytes], offset: int) -> bool:
    if offset in (0, file.seek(0, 2)):
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _is_whole(raw: bytes) -> bool:
    return len(raw) <= MAX_LINE_BYTES or raw.endswith(b"\n")


def _skip_line(file: IO[bytes]) -> int:
    """Read on to the end of the line; the number of bytes passed."""
    passed = 0
    while chunk := file.readline(_SKIP_BYTES):
        passed += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return passed


def _entry(raw: bytes, end: Position) -> Entry:
    if not _is_whole(raw):
        return Entry(end=end, problem=f"is longer than {MAX_LINE_BYTES} bytes")
    if end.line == 1:
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    if not raw.strip():
        return Entry(end=end)
    try:
        line = parse_line(raw)
    except BadLineError as error:
        return Entry(end=end, problem=str(error))
    if isinstance(line, DeletionLine):
        return Entry(end=end, deletion=line)
    return Entry(end=end, line=line)
