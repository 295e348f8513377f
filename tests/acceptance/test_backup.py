"""`lapwing backup` as a person uses it: while the bot runs, and put back afterwards."""

import shutil
from pathlib import Path

from tests.acceptance.program import lapwing, write_posts
from tests.acceptance.test_one_owner import running
from tests.fakes.news import news

STEER = "/watch @sec\n/labels set security\n/wait\n"
ALARMS = [
    {"id": str(number), "author": "sec", "text": news(f"Security advisory {number}: a hole in ExampleDB", "security")}
    for number in range(1, 4)
]


def test_a_copy_of_a_running_bot_put_back_shows_nothing_twice(tmp_path: Path) -> None:
    path, file = tmp_path / "lapwing.db", tmp_path / "copy.db"
    settings = {
        "database": path,
        "replay_file": write_posts(tmp_path / "posts.jsonl", ALARMS),
        "replay_speed": "max",
    }
    before = lapwing("run", typed=STEER, settings=settings)
    with running(**settings):
        copied = lapwing("backup", str(file), settings=settings)
        again = lapwing("backup", str(file), settings=settings)
    assert copied.status == 0, copied.err
    assert copied.out == f"{path} is copied to {file}: {file.stat().st_size:,} bytes, checked.\n"
    assert (again.status, again.out) == (1, "")
    assert again.err == f"lapwing: {file} exists already. Name another file, or say --force to replace it.\n"

    write_posts(tmp_path / "posts.jsonl", [*ALARMS, ALARMS[0] | {"id": "4"}])
    later = lapwing("run", typed="/wait\n", settings=settings)
    for journal in ("-wal", "-shm"):
        Path(f"{path}{journal}").unlink(missing_ok=True)
    shutil.copy(file, path)
    doctor = lapwing("doctor", settings=settings)
    write_posts(tmp_path / "posts.jsonl", [*ALARMS, ALARMS[0] | {"id": "4"}, ALARMS[0] | {"id": "5"}])
    restored = lapwing("run", typed="/wait\n/alerts\n", settings=settings)

    assert (len(before.alerts), len(later.alerts)) == (3, 1)
    assert "lapwing.db is sound; a copy of 20" in doctor.out
    assert restored.status == 0, restored.err
    assert len(restored.alerts) == 1, "the fifth; the fourth stands on the terminal already"
    assert "The latest 5 alerts here" in restored.out


def test_without_a_database_there_is_nothing_to_copy(tmp_path: Path) -> None:
    done = lapwing("backup", str(tmp_path / "copy.db"), settings={"database": tmp_path / "lapwing.db"})
    assert (done.status, done.err) == (1, f"lapwing: There is no file {tmp_path / 'lapwing.db'}.\n")


def test_the_terminals_memory_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "lapwing.db"
    lapwing("run", settings={"database": path})
    done = lapwing("backup", f"{path}.console", "--force", settings={"database": path})
    assert done.status == 1
    assert "is the database itself, or belongs to it" in done.err
