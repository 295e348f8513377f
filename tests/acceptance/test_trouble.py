"""Trouble with the database while the program runs: one clear last line, exit status 1, and nothing lost."""

import os
import re
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.program import ALERT, environment, lapwing, write_posts
from tests.fakes.news import news

COUNT = 30
LIMIT_BYTES = 120_000
"""Less than the journal of so many alerts."""
ALARMS = [
    {"id": str(number), "author": "sec", "text": news(f"Security advisory {number}: a hole in ExampleDB", "security")}
    for number in range(1, COUNT + 1)
]


def steered(folder: Path) -> dict[str, object]:
    """The settings of a house that watches, has seen one harmless post, and has all the alarms before it."""
    path = write_posts(folder / "posts.jsonl", [{"id": "0", "author": "sec", "text": "Lunch was good."}])
    settings: dict[str, object] = {
        "database": folder / "lapwing.db",
        "replay_file": path,
        "replay_speed": "max",
    }
    ended = lapwing("run", typed="/watch @sec\n/labels set security\n", settings=settings)
    assert ended.status == 0, ended.err
    write_posts(path, ALARMS)
    return settings


def posts_shown(*outputs: str) -> list[int]:
    """Which alarms were shown, in order; by the number in their text, since alerts count by themselves."""
    found = [re.search(r"Security advisory (\d+):", alert[5]) for out in outputs for alert in ALERT.finditer(out)]
    return [int(number[1]) for number in found if number]


def test_a_disk_that_takes_no_more_ends_the_program_and_with_room_it_goes_on(tmp_path: Path) -> None:
    """The kernel lets no file grow beyond a limit here: to SQLite a write that fails half-way."""
    settings = steered(tmp_path)
    full = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        input=b"/wait\n",
        capture_output=True,
        env=environment(**settings),
        timeout=100,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES)),
    )
    after = lapwing("run", typed="/wait\n", settings=settings)

    said = full.stderr.decode().splitlines()
    assert full.returncode == 1, full.stderr
    assert said[-1].startswith("lapwing: stopped because "), said
    assert f"{tmp_path / 'lapwing.db'} could not be read or written (disk I/O error). See whether" in said[-1]
    assert "Traceback" not in full.stderr.decode()
    assert after.status == 0, after.err
    assert posts_shown(full.stdout.decode(), after.out) == list(range(1, COUNT + 1))


def test_a_database_locked_by_another_program_ends_the_program_and_unlocked_it_goes_on(tmp_path: Path) -> None:
    settings = steered(tmp_path)
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**settings),
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"/watch\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"> /watch\n"
        intruder = sqlite3.connect(tmp_path / "lapwing.db", isolation_level=None)
        intruder.execute("BEGIN EXCLUSIVE")
        shown, said = program.communicate(b"/wait\n", timeout=60)
        intruder.execute("ROLLBACK")
        intruder.close()
    after = lapwing("run", typed="/wait\n", settings=settings)

    last = said.decode().splitlines()[-1]
    assert program.returncode == 1, said
    assert last.startswith("lapwing: stopped because ")
    assert f"{tmp_path / 'lapwing.db'} is locked by another program. Stop that program" in last
    assert b"Traceback" not in said
    assert after.status == 0, after.err
    assert posts_shown(shown.decode(), after.out) == list(range(1, COUNT + 1))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_database_that_has_become_read_only_is_named_at_the_start(tmp_path: Path) -> None:
    settings = steered(tmp_path)
    (tmp_path / "lapwing.db").chmod(0o444)
    refused = lapwing("run", typed="/wait\n", settings=settings)
    (tmp_path / "lapwing.db").chmod(0o644)
    after = lapwing("run", typed="/wait\n", settings=settings)

    assert refused.status == 1
    assert "is read-only for this user. Give write access to it" in refused.err
    assert posts_shown(refused.out, after.out) == list(range(1, COUNT + 1))
