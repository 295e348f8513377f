"""Two programs on one database: the second refuses to start, and the doctor still looks."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.demo import SAMPLE
from tests.acceptance.program import environment, lapwing


@contextmanager
def running(**settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """The real program, up and waiting for the next line."""
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(**settings),
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"/watch\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"> /watch\n"
        try:
            yield program
        finally:
            program.kill()


def test_a_second_program_on_the_same_file_refuses_to_start_and_says_who_holds_it(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "lapwing.db", "replay_file": SAMPLE}
    with running(**settings) as first:
        second = lapwing("run", typed="/wait\n", settings=settings)
        assert first.poll() is None, "the first one goes on"
    assert second.status == 1
    holder = (
        f"process {first.pid} on host {re.escape(socket.gethostname())} since \\d{{4}}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC"
    )
    database = re.escape(str(tmp_path / "lapwing.db"))
    said = f"lapwing: {database} is in use by {holder}. Stop that one, or name another DATABASE."
    assert re.fullmatch(said, second.err.rstrip("\n")), second.err


def test_the_doctor_looks_at_a_database_in_use_and_leaves_it_to_its_owner(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "lapwing.db", "replay_file": SAMPLE}
    with running(**settings) as first:
        wal = tmp_path / "lapwing.db-wal"
        before = wal.read_bytes()
        doctor = lapwing("doctor", settings=settings)
        assert wal.read_bytes() == before, "nothing was folded back behind the owner's back"
    assert doctor.status == 0, doctor.out
    assert f"lapwing.db is sound; in use by process {first.pid} on host " in doctor.out


def test_of_two_that_start_at_once_on_a_new_file_exactly_one_runs(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "lapwing.db", "replay_file": SAMPLE}
    command = [sys.executable, "-m", "bot", "run"]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(**settings)) for _ in "ab"]
    deadline = time.monotonic() + 60
    while all(program.poll() is None for program in both) and time.monotonic() < deadline:
        time.sleep(0.05)
    statuses = [(program.poll(), program.communicate(b"/quit\n")[1].decode()) for program in both]
    [refused] = [said for status, said in statuses if status is not None]
    assert "is in use by" in refused
    assert sorted(program.returncode for program in both) == [0, 1]
