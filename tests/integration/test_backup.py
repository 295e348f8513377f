"""A copy of the database: whole, checked, and never a reason for a second message."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import channels, sqlite
from storage.backup import BackupError, copy
from storage.database import DatabaseUnusableError, open_database
from storage.owner import lock_path, owning
from storage.reading import read_only
from storage.schema import deliveries
from storage.types import DeliveryKey
from tests.fakes.builders import NOW
from tests.fakes.owing import owe_alerts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


def owing(path: Path, count: int = 3) -> list[DeliveryKey]:
    """A database that is closed, and owes so many alerts."""

    async def life() -> list[DeliveryKey]:
        async with open_database(path) as database:
            return await owe_alerts(database, count=count)

    return asyncio.run(life())


def stored_keys(path: Path) -> list[str]:
    with read_only(path) as connection:
        return list(connection.scalars(sa.select(deliveries.c.key).order_by(deliveries.c.id)))


def bytes_of(path: Path) -> list[bytes]:
    return [Path(f"{path}{end}").read_bytes() for end in ("", "-wal")]


def test_a_copy_holds_what_was_committed_and_is_one_file(path: Path, file: Path) -> None:
    keys = owing(path)
    size = copy(path, file, now=NOW)
    left = sorted(found.name for found in file.parent.iterdir())
    assert left == ["copy.db", "lapwing.db", "lapwing.db.lock"], "no journal, and nothing half done"
    assert stored_keys(file) == keys
    assert size == file.stat().st_size


async def test_a_copy_is_made_while_the_database_is_written_and_holds_one_moment_of_it(path: Path, file: Path) -> None:
    """In every transaction two channels come: a copy never holds one without the other."""
    async with open_database(path) as database:
        await owe_alerts(database)
        copying = asyncio.create_task(asyncio.to_thread(copy, path, file, now=NOW))
        written = 0
        while not copying.done() or written < 5:
            await database.transaction(partial(_two_channels, number=written))
            written += 1
        await copying
        with read_only(file) as connection:
            assert len(channels.load_all(connection)) % 2 == 1, "both of a transaction, or neither"
        last = file.with_name("last.db")
        copy(path, last, now=NOW)
    with read_only(last) as connection:
        assert sqlite.integrity_problems(connection) == []
        assert len(channels.load_all(connection)) == 1 + 2 * written


def _two_channels(connection: sa.Connection, number: int) -> None:
    for half in "ab":
        name = f"{number}{half}"
        connection.exec_driver_sql(
            "INSERT INTO channels VALUES ('fake', 'team', ?, ?, 'independent', NULL, 'on', '[]', '')", (name, name)
        )


async def test_copying_writes_nothing_to_the_database_and_folds_nothing_back(path: Path, file: Path) -> None:
    async with open_database(path) as database:
        await owe_alerts(database)
        before = await asyncio.to_thread(bytes_of, path)
        await asyncio.to_thread(copy, path, file, now=NOW)
        assert await asyncio.to_thread(bytes_of, path) == before


def test_what_a_killed_process_left_in_its_journal_is_in_the_copy(path: Path, file: Path) -> None:
    script = """
import asyncio, os, sys
from pathlib import Path
from storage.database import open_database
from tests.fakes.owing import owe_alerts
async def main():
    async with open_database(Path(sys.argv[1])) as database:
        await owe_alerts(database)
        os._exit(1)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    copy(path, file, now=NOW)
    assert len(stored_keys(file)) == 1


def test_an_existing_file_is_left_alone_unless_force_is_said(path: Path, file: Path) -> None:
    keys = owing(path)
    file.write_text("precious")
    with pytest.raises(BackupError, match="exists already"):
        copy(path, file, now=NOW)
    assert file.read_text() == "precious"
    copy(path, file, now=NOW, replace=True)
    assert stored_keys(file) == keys


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", ".lock", ".console"])
def test_a_copy_never_replaces_a_part_of_the_database_itself(path: Path, ending: str) -> None:
    owing(path)
    before = path.read_bytes()
    with pytest.raises(BackupError, match="is the database itself, or belongs to it"):
        copy(path, Path(f"{path}{ending}"), now=NOW, replace=True)
    assert path.read_bytes() == before


def test_a_link_to_the_database_is_the_database(path: Path, file: Path) -> None:
    owing(path)
    file.symlink_to(path)
    with pytest.raises(BackupError, match="is the database itself"):
        copy(path, file, now=NOW, replace=True)


def test_a_database_that_someone_runs_on_is_not_replaced_whoever_says_force(path: Path, file: Path) -> None:
    owing(path)
    owing(file)
    with owning(file, NOW), pytest.raises(BackupError, match=f"is in use by process {os.getpid()} on host"):
        copy(path, file, now=NOW, replace=True)
    assert lock_path(file).exists()
    copy(path, file, now=NOW, replace=True)


def test_a_journal_left_beside_the_name_would_spoil_the_copy_and_is_refused(path: Path, file: Path) -> None:
    owing(path)
    Path(f"{file}-wal").write_bytes(b"frames of another file")
    with pytest.raises(BackupError, match="was in use when its program ended"):
        copy(path, file, now=NOW)


@pytest.mark.parametrize("name", ["no/copy.db", "."])
def test_a_place_that_is_none_is_named(path: Path, tmp_path: Path, name: str) -> None:
    owing(path)
    with pytest.raises(BackupError, match=str(tmp_path)):
        copy(path, tmp_path / name, now=NOW)


def test_a_disk_without_room_is_named_and_nothing_half_done_stays(path: Path, file: Path) -> None:
    owing(path)
    script = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from storage.backup import BackupError, copy
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    copy(Path(sys.argv[1]), Path(sys.argv[2]), now=datetime.now(UTC))
except BackupError as error:
    print(error)
"""
    command = [sys.executable, "-c", script, str(path), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"The copy {file} could not be written: disk I/O error."), done.stderr
    assert not file.exists()
    assert sorted(left.name for left in file.parent.glob("*copy*")) == []


def test_no_database_no_copy(path: Path, file: Path) -> None:
    with pytest.raises(DatabaseUnusableError, match=f"There is no file {path}"):
        copy(path, file, now=NOW)
    assert not file.exists()


def test_a_damaged_database_gives_no_copy(path: Path, file: Path) -> None:
    owing(path, count=300)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = bytes(8192)
    path.write_bytes(content)
    with pytest.raises((BackupError, DatabaseUnusableError)) as refused:
        copy(path, file, now=NOW)
    assert str(path) in str(refused.value)
    assert not file.exists()


def test_the_database_of_another_program_gives_no_copy(path: Path, file: Path) -> None:
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE bookmarks (url TEXT)")
    theirs.close()
    with pytest.raises(DatabaseUnusableError, match="tables of another program"):
        copy(path, file, now=NOW)


def test_whoever_may_not_read_the_database_may_not_read_the_copy(path: Path, file: Path) -> None:
    owing(path)
    path.chmod(0o600)
    copy(path, file, now=NOW)
    assert file.stat().st_mode & 0o777 == 0o600
