"""Opening a database, writing together, reading beside it; and every file that cannot be used."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from storage import migrate
from storage.database import REVISION, Database, DatabaseUnusableError, open_database
from storage.schema import cursors
from storage.sqlite import integrity_problems

ROOT = Path(__file__).parents[2]
NOBODY = 65_534

Write = Callable[[sa.Connection], str]


def write(name: str, size: int = 1) -> Write:
    """Work that stores a row under this name and returns the name."""

    def work(connection: sa.Connection) -> str:
        connection.execute(sa.insert(cursors), {"source": name, "cursor": "x" * size})
        return name

    return work


def names(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(cursors.c.source).order_by(cursors.c.source)))


def failing(name: str, error: Exception) -> Write:
    """Work that stores a row and then raises."""

    def work(connection: sa.Connection) -> str:
        write(name)(connection)
        raise error

    return work


def in_one_life(path: Path, *works: Write) -> list[str]:
    """Open the database, do the work in one go, close the database, and return what it then held."""

    async def life() -> list[str]:
        async with open_database(path) as database:
            await asyncio.gather(*map(database.transaction, works))
            return await database.read(names)

    return asyncio.run(life())


def refusal(path: Path) -> str:
    """Why this path cannot be opened."""
    with pytest.raises(DatabaseUnusableError) as caught:
        in_one_life(path)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.db"


@pytest.fixture
def stored(path: Path) -> Path:
    """A database file with something in it, closed."""
    in_one_life(path, write("kept", size=20_000))
    return path


@pytest.fixture
def commits() -> Iterator[list[sa.Connection]]:
    """Every commit that any engine makes."""
    seen: list[sa.Connection] = []

    def note(connection: sa.Connection) -> None:
        seen.append(connection)

    sa.event.listen(sa.Engine, "commit", note)
    yield seen
    sa.event.remove(sa.Engine, "commit", note)


def run_python(script: str, path: Path) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, with the path as its argument; fails when the process does not end."""
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


# --- opening ---------------------------------------------------------------------------------------------------------


async def test_opening_creates_the_database_at_the_newest_revision(path: Path) -> None:
    async with open_database(path) as database:
        assert await database.read(lambda c: c.scalar(sa.text("SELECT version_num FROM alembic_version"))) == REVISION
        assert await database.read(names) == []


async def test_what_was_stored_is_there_when_the_file_is_opened_again(stored: Path) -> None:
    async with open_database(stored) as database:
        assert await database.read(names) == ["kept"]
        assert await database.read(integrity_problems) == []


def test_an_empty_file_is_a_database_to_be(path: Path) -> None:
    path.touch()
    assert in_one_life(path, write("first")) == ["first"]


async def test_of_two_who_create_the_same_file_at_once_each_finds_it_whole_or_is_refused(path: Path) -> None:
    """SQLite does not wait for its turn to switch a file to WAL, so now and then one of them is told it is locked."""

    async def life(name: str) -> str:
        async with open_database(path) as database:
            return await database.transaction(write(name))

    outcomes = await asyncio.gather(life("one"), life("two"), return_exceptions=True)
    stored = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert stored
    assert all(isinstance(outcome, str | DatabaseUnusableError) for outcome in outcomes), outcomes
    async with open_database(path) as database:
        assert await database.read(names) == stored
        assert await database.read(integrity_problems) == []


async def test_a_database_in_use_is_seen_by_another_that_opens_it(database: Database) -> None:
    await database.transaction(write("first"))
    async with open_database(database.path) as another:
        assert await another.read(names) == ["first"]
        await another.transaction(write("second"))
    await database.transaction(write("third"))
    assert await database.read(names) == ["first", "second", "third"]


@pytest.mark.parametrize("name", [":memory:", "file:lapwing.db?mode=memory", "100%#ü ;.db"])
def test_a_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert in_one_life(Path(name), write("first")) == ["first"]
    assert in_one_life(Path(name), write("second")) == ["first", "second"]
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_after_closing_the_database_is_one_file(stored: Path) -> None:
    assert [found.name for found in stored.parent.iterdir()] == [stored.name]


async def test_the_writer_waits_for_the_disk_and_keeps_references_whole(database: Database) -> None:
    def pragmas(connection: sa.Connection) -> list[object]:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]

    synchronous_full = 2
    assert await database.transaction(pragmas) == ["wal", synchronous_full, 1]


def test_what_was_said_to_be_stored_survives_a_death_without_goodbye(path: Path) -> None:
    script = """
import asyncio, os, sys
from pathlib import Path
from storage.database import open_database
from tests.integration.test_database import write

async def main():
    async with open_database(Path(sys.argv[1])) as database:
        await asyncio.gather(*(database.transaction(write(str(n))) for n in range(100)))
        os._exit(9)

asyncio.run(main())
"""
    done = run_python(script, path)
    assert done.returncode == 9, done.stderr
    assert len(in_one_life(path)) == 100


def test_a_database_up_to_date_is_opened_without_alembic(path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from storage.database import open_database

async def main():
    async with open_database(Path(sys.argv[1])):
        print("alembic" in sys.modules)

asyncio.run(main())
"""
    assert [run_python(script, path).stdout for _ in range(2)] == ["True\n", "False\n"]


@pytest.mark.parametrize("content", [b"", b"no database " * 1000], ids=["usable", "damaged"])
def test_the_process_ends_once_the_database_is_closed_or_refused(path: Path, content: bytes) -> None:
    """A connection left open keeps its thread, and the thread keeps the process."""
    path.write_bytes(content)
    script = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from storage.database import DatabaseUnusableError, open_database
from tests.integration.test_database import names, write

async def main():
    with suppress(DatabaseUnusableError):
        async with open_database(Path(sys.argv[1])) as database:
            await database.transaction(write("a"))
            await asyncio.gather(*(database.read(names) for _ in range(20)))

asyncio.run(main())
print("end of main")
"""
    done = run_python(script, path)
    assert (done.returncode, done.stdout) == (0, "end of main\n"), done.stderr


# --- writing together ------------------------------------------------------------------------------------------------


async def test_many_transactions_share_few_commits(database: Database, commits: list[sa.Connection]) -> None:
    await asyncio.gather(*(database.transaction(write(str(number))) for number in range(256)))
    assert len(commits) <= 8
    assert len(await database.read(names)) == 256


async def test_a_transaction_alone_commits_at_once(database: Database, commits: list[sa.Connection]) -> None:
    for number in range(3):
        await database.transaction(write(str(number)))
    assert len(commits) == 3


async def test_each_caller_gets_what_its_own_work_returned_in_the_order_it_asked(database: Database) -> None:
    def count_then_write(name: str) -> Callable[[sa.Connection], int]:
        def work(connection: sa.Connection) -> int:
            write(name)(connection)
            return len(names(connection))

        return work

    counts = await asyncio.gather(*(database.transaction(count_then_write(f"{n:03}")) for n in range(100)))
    assert counts == list(range(1, 101)), "each sees the work of those before it, shared commit or not"


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("gone"), sa.exc.InvalidRequestError("misused")])
async def test_a_part_that_fails_keeps_nothing_of_itself_and_the_others_are_stored(
    database: Database, commits: list[sa.Connection], error: Exception
) -> None:
    parts = [write("before"), failing("failed", error), write("after")]
    outcomes = await asyncio.gather(*map(database.transaction, parts), return_exceptions=True)
    assert outcomes == ["before", error, "after"]
    assert len(commits) == 1
    assert await database.read(names) == ["after", "before"]


async def test_a_refused_row_is_the_callers_own_trouble(database: Database) -> None:
    parts = [write("same"), write("same"), write("other")]
    first, second, third = await asyncio.gather(*map(database.transaction, parts), return_exceptions=True)
    assert (first, third) == ("same", "other")
    assert isinstance(second, sa.exc.IntegrityError)


async def test_work_that_raises_stop_iteration_harms_nobody(database: Database) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.transaction(failing("failed", StopIteration()))
    await database.transaction(write("after"))
    assert await database.read(names) == ["after"]


async def test_a_caller_cancelled_while_it_waits_breaks_nobody_else(database: Database) -> None:
    callers = [asyncio.create_task(database.transaction(write(str(number)))) for number in range(10)]
    await asyncio.sleep(0)
    callers[0].cancel()
    callers[5].cancel()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes].count(True) == 2
    assert {"1", "2", "3", "4", "6", "7", "8", "9"} <= set(await database.read(names))
    assert await database.transaction(write("later")) == "later"


async def test_a_full_disk_fails_all_who_shared_the_commit_and_nothing_of_them_is_kept(database: Database) -> None:
    """SQLite ends the whole transaction by itself then: whoever came before the failing part is no better off."""

    def leave_one_page(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")

    await database.transaction(leave_one_page)
    parts = [write("before"), write("large", size=100_000), write("after")]
    outcomes = await asyncio.gather(*map(database.transaction, parts), return_exceptions=True)
    for outcome in outcomes:
        assert isinstance(outcome, DatabaseUnusableError)
        assert str(database.path) in str(outcome)
        assert "is full" in str(outcome)
    assert await database.read(names) == []
    assert await database.transaction(write("small enough")) == "small enough"


async def test_work_that_hides_a_full_disk_is_not_said_to_be_stored(database: Database) -> None:
    def hides(connection: sa.Connection) -> str:
        connection.exec_driver_sql("ROLLBACK")  # what SQLite does by itself when the disk is full
        return "all is well"

    outcomes = await asyncio.gather(
        database.transaction(write("before")), database.transaction(hides), return_exceptions=True
    )
    assert all(isinstance(outcome, Exception) for outcome in outcomes), outcomes
    assert await database.transaction(write("later")) == "later"
    assert await database.read(names) == ["later"]


async def test_a_single_statement_is_a_transaction_of_its_own(database: Database) -> None:
    await database.execute(sa.insert(cursors).values(source="a", cursor="1"))
    assert await database.read(names) == ["a"]


async def test_who_writes_after_closing_is_refused(path: Path) -> None:
    async with open_database(path) as database:
        pass
    with pytest.raises(DatabaseUnusableError, match="closed"):
        async with asyncio.timeout(10):
            await database.transaction(write("late"))


async def test_who_waits_while_the_database_closes_is_told_and_what_was_stored_is_whole(path: Path) -> None:
    async with open_database(path) as database:
        callers = [asyncio.create_task(database.transaction(write(f"{number:03}"))) for number in range(200)]
        await asyncio.sleep(0.002)
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(outcome, str | DatabaseUnusableError) for outcome in outcomes)
    async with open_database(path) as again:
        assert {outcome for outcome in outcomes if isinstance(outcome, str)} <= set(await again.read(names))


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnusableError):
        await database.read(write("smuggled"))
    assert await database.read(names) == []


async def test_a_reader_sees_committed_work_only(database: Database) -> None:
    await database.transaction(write("committed"))

    def read_in_the_middle(connection: sa.Connection) -> tuple[list[str], list[str]]:
        write("under way")(connection)
        return names(connection), await_only(database.read(names))

    own, readers = await database.transaction(read_in_the_middle)
    assert own == ["committed", "under way"]
    assert readers == ["committed"]
    assert await database.read(names) == ["committed", "under way"]


async def test_a_reader_sees_one_moment_however_often_it_looks(database: Database) -> None:
    def look_twice(connection: sa.Connection) -> tuple[list[str], list[str]]:
        first = names(connection)
        await_only(database.transaction(write("meanwhile")))
        return first, names(connection)

    assert await database.read(look_twice) == ([], [])
    assert await database.read(names) == ["meanwhile"]


async def test_more_readers_than_connections_all_get_their_answer(database: Database) -> None:
    await database.transaction(write("a"))
    assert await asyncio.gather(*(database.read(names) for _ in range(50))) == [["a"]] * 50


async def test_a_mistake_in_a_question_is_not_blamed_on_the_file(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError, match="syntax error"):
        await database.read(lambda connection: connection.exec_driver_sql("SELEKT"))


# --- files that cannot be used ---------------------------------------------------------------------------------------


def flip(content: bytes) -> bytes:
    return random.Random(2).randbytes(len(content))


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2 + 7]


def only_the_first_page(content: bytes) -> bytes:
    return content[:4096]


def part_of_the_header(content: bytes) -> bytes:
    return content[:60]


@pytest.mark.parametrize("damage", [flip, truncate, only_the_first_page, part_of_the_header])
def test_a_damaged_file_is_refused_and_left_as_it_is(stored: Path, damage: Callable[[bytes], bytes]) -> None:
    damaged = damage(stored.read_bytes())
    stored.write_bytes(damaged)
    message = refusal(stored)
    assert str(stored) in message
    assert "Restore a backup, or name another file" in message
    assert stored.read_bytes() == damaged
    assert [found.name for found in stored.parent.iterdir()] == [stored.name]


def test_a_database_of_a_newer_lapwing_is_refused_and_left_as_it_is(stored: Path) -> None:
    alter(stored, "UPDATE alembic_version SET version_num = '9999'")
    content = stored.read_bytes()
    message = refusal(stored)
    assert str(stored) in message
    assert "newer Lapwing (revision 9999" in message
    assert "Upgrade Lapwing, or name another file" in message
    assert stored.read_bytes() == content


@pytest.mark.parametrize("made", ["CREATE TABLE bookmarks (url TEXT)", "CREATE VIEW watches AS SELECT 1 AS one"])
def test_another_programs_database_is_refused_and_left_as_it_is(path: Path, made: str) -> None:
    alter(path, made)
    content = path.read_bytes()
    message = refusal(path)
    assert str(path) in message
    assert made.split()[2] in message
    assert "Name another file" in message
    assert path.read_bytes() == content


def test_a_migration_that_fails_half_way_leaves_nothing_half_done(path: Path) -> None:
    """One of the later tables is in the way: those before it must not stay."""
    alter(path, "CREATE TABLE alembic_version (version_num TEXT)")
    alter(path, "CREATE TABLE watches (mine TEXT)")
    before = tables(path)
    message = refusal(path)
    assert str(path) in message
    assert "watches" in message
    assert "name another file" in message
    assert tables(path) == before == ["alembic_version", "watches"]


def test_whoever_owns_the_transaction_of_a_migration_may_still_undo_it(path: Path) -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        migrate.upgrade(connection)
        assert sa.inspect(connection).has_table("watches")
        connection.exec_driver_sql("ROLLBACK")
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    message = refusal(tmp_path)
    assert f"{tmp_path} is a folder" in message
    assert f"Name a file in it, for example {tmp_path / 'lapwing.db'}" in message


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    message = refusal(tmp_path / "missing" / "lapwing.db")
    assert f"{tmp_path / 'missing'} does not exist" in message
    assert "Create it, or name another file" in message
    assert list(tmp_path.iterdir()) == []


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    message = refusal(path)
    assert str(path) in message
    assert "Name another file" in message


def test_a_read_only_file_is_refused_and_left_as_it_is(stored: Path, open_folder: Path) -> None:
    path = open_folder / "lapwing.db"
    path.write_bytes(stored.read_bytes())
    path.chmod(0o444)
    with ordinary_user(open_folder, forbidden=path):
        message = refusal(path)
    assert f"{path} is read-only" in message
    assert "Give write access to it, or name another file" in message
    assert path.read_bytes() == stored.read_bytes()


def test_a_read_only_folder_is_refused_and_stays_empty(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "lapwing.db"
    with ordinary_user(open_folder, forbidden=open_folder):
        message = refusal(path)
    assert f"{open_folder} is read-only" in message
    assert "Give write access to it, or name another file" in message
    assert list(open_folder.iterdir()) == []


def test_a_folder_that_may_not_be_entered_is_refused(open_folder: Path) -> None:
    locked = open_folder / "locked"
    (locked / "inner").mkdir(parents=True)
    locked.chmod(0o000)
    with ordinary_user(open_folder, forbidden=locked):
        message = refusal(locked / "inner" / "lapwing.db")
    locked.chmod(0o700)
    assert str(locked / "inner" / "lapwing.db") in message
    assert "name another file" in message.lower()


def alter(path: Path, sql: str) -> None:
    """Do something to the file with another program's hands."""
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


def tables(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    connection.close()
    return [name for (name,) in found]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user of the machine can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="lapwing-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


@contextmanager
def ordinary_user(folder: Path, *, forbidden: Path) -> Iterator[None]:
    """Be someone whom permissions bind, which root is not; the test is skipped where that cannot be had."""
    with someone_else() if os.geteuid() == 0 else nullcontext():
        if not os.access(folder, os.R_OK | os.X_OK):
            pytest.skip(f"an ordinary user cannot reach {folder} on this machine")
        if os.access(forbidden, os.W_OK):
            pytest.skip("this user may write whatever the permissions say")
        yield


@contextmanager
def someone_else() -> Iterator[None]:
    try:
        os.setresuid(NOBODY, NOBODY, 0)
    except PermissionError:
        pytest.skip("runs as root, whom no permission binds, and may not become another user here")
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_no_thread_outlives_the_event_loop_with_something_to_tell(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By chance, since it is a race: readings that nobody waits for any more, and a program that ends."""
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda end: died.append(end.exc_value))

    async def live() -> None:
        async with open_database(path) as database:
            readings = [asyncio.create_task(database.read(names)) for _ in range(4)]
            await asyncio.sleep(random.random() / 300)
            for reading in readings:
                reading.cancel()
            outcomes = await asyncio.gather(*readings, return_exceptions=True)
            assert all(isinstance(outcome, asyncio.CancelledError | list) for outcome in outcomes)

    for _ in range(50):
        asyncio.run(live())
    assert died == []
