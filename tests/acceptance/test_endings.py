"""However standard input and output are, the program ends, says why, and loses nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.acceptance.program import ALERT, environment, lapwing, write_posts

SECURITY = {"id": "1", "author": "sec", "text": "Security advisory: attackers exploit a hole in ExampleDB 🔒"}


def run_with_open_input(
    *arguments: str, typed: bytes, settings: dict[str, object]
) -> subprocess.CompletedProcess[bytes]:
    """Type, and keep the pipe open until the program has ended by itself."""
    reading, writing = os.pipe()
    os.write(writing, typed)
    try:
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            stdin=reading,
            capture_output=True,
            env=environment(**settings),
            timeout=60,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)


def test_quit_ends_well_while_input_stays_open(tmp_path: Path) -> None:
    ended = run_with_open_input("run", typed=b"/quit\n", settings={"database": tmp_path / "a.db"})
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_death_while_input_stays_open_ends_with_its_reason(tmp_path: Path) -> None:
    settings: dict[str, object] = {"database": tmp_path / "a.db", "classifier": "nli:./nowhere"}
    ended = run_with_open_input("run", typed=b"", settings=settings)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(b"lapwing: stopped because model died: there is no folder")


def test_input_that_cannot_be_read_is_the_end_of_input(tmp_path: Path) -> None:
    write_only = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "run"],
            stdin=write_only,
            capture_output=True,
            env=environment(database=tmp_path / "a.db"),
            timeout=60,
            check=False,
        )
    finally:
        os.close(write_only)
    assert ended.returncode == 0
    assert b"stopped reading standard input" in ended.stderr


def test_closed_input_is_the_end_of_input(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m bot run <&-'
    ended = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment(database=tmp_path / "a.db"), timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_terminal_that_knows_no_emoji_loses_no_alert(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.jsonl", [SECURITY])
    settings = {"database": tmp_path / "a.db", "replay_file": path, "replay_speed": "max", "pythonioencoding": "ascii"}
    ended = lapwing("run", typed="/watch @sec\n/labels set security\n", settings=settings)
    assert ended.status == 0, ended.err
    assert ended.alerts == [1]


def test_another_name_for_the_channel_is_the_same_channel(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.jsonl", [SECURITY])
    settings = {"database": tmp_path / "a.db", "replay_file": path, "replay_speed": "max"}
    lapwing("run", typed="/watch @sec\n/labels set security\n", settings=settings | {"console_channel": "old"})
    write_posts(path, [SECURITY, SECURITY | {"id": "2"}])
    again = lapwing("run", typed="/watch @sec\n", settings=settings | {"console_channel": "new"})
    assert len(ALERT.findall(again.out)) == 1
    assert "Already watching @sec" in again.out


def test_a_file_that_cannot_be_read_ends_classify_with_its_reason() -> None:
    ended = lapwing("classify", "/proc/self/mem", "--labels", "a")
    assert ended.status in {1, 2}
    assert "/proc/self/mem" in ended.err
    assert "Traceback" not in ended.err


def test_an_id_that_no_file_can_hold_is_a_bad_line() -> None:
    typed = (
        '{"id": "\\ud800", "text": "hello there"}\n{"id": true, "text": "a"}\n{"id": "b", "text": "Security hole"}\n'
    )
    ended = lapwing("classify", "-", "--labels", "security", "--format", "jsonl", typed=typed)
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 1
    assert "1 classified, 2 skipped" in ended.err


def test_a_program_told_to_end_does_so_well_and_loses_nothing(tmp_path: Path) -> None:
    """As a service manager does it: SIGTERM, with the input still open."""
    posts = [SECURITY | {"id": str(number)} for number in range(30)]
    path = write_posts(tmp_path / "posts.jsonl", posts)
    settings = {"database": tmp_path / "a.db", "replay_file": path, "replay_speed": "max"}
    running = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**settings),
    )
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b"/watch @sec\n/labels set security\n/wait\n")
    running.stdin.flush()
    first = b""
    while not first.startswith(b"ALERT"):
        first = running.stdout.readline()
        assert first, "ended before its first alert"
    told_at = time.monotonic()
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=25)
    took_s = time.monotonic() - told_at
    assert (running.returncode, err) == (0, b"")
    assert took_s < 5
    shown = [int(found[1]) for found in ALERT.finditer((first + out).decode())]
    again = lapwing("run", settings=settings)
    assert again.status == 0, again.err
    assert sorted([*shown, *again.alerts]) == list(range(1, 31))


def test_a_program_told_to_end_while_nobody_has_said_anything_ends_well(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(database=tmp_path / "a.db"),
    )
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(b"/labels\n")
    running.stdin.flush()
    assert running.stdout.readline() == b"> /labels\n"
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=10)
    assert (running.returncode, err) == (0, b"")
