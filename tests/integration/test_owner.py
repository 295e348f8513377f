"""One owner at a time, with real processes: the lock is the kernel's, so nothing less can prove it."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.database import DatabaseUnusableError
from storage.owner import DatabaseInUseError, lock_path, owning

SINCE = datetime(2026, 11, 21, 14, 3, tzinfo=UTC)

_OWN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from storage.owner import owning
with owning(Path(sys.argv[1]), datetime(2026, 11, 21, 14, 3, tzinfo=UTC)):
    print("owned", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.db"


@contextmanager
def another_process_owns(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Until its standard input is closed, or it is killed."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        try:
            yield owner
        finally:
            owner.kill()


def refusal(path: Path) -> str:
    with pytest.raises(DatabaseInUseError) as refused, owning(path, SINCE):
        pass
    return str(refused.value)


def is_free(path: Path) -> bool:
    with owning(path, SINCE):
        return True


def test_whoever_comes_second_is_told_who_owns_the_file_and_the_way_out(path: Path) -> None:
    with another_process_owns(path) as owner:
        assert refusal(path) == (
            f"{path} is in use by process {owner.pid} on host {socket.gethostname()} since 2026-11-21 14:03 UTC. "
            "Stop that one, or name another DATABASE."
        )


def test_an_owner_that_ends_leaves_the_file_free(path: Path) -> None:
    with owning(path, SINCE):
        assert refusal(path)
    assert is_free(path)


def test_an_owner_that_is_killed_leaves_the_file_free(path: Path) -> None:
    with another_process_owns(path) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert lock_path(path).read_text().startswith(f'{{"pid": {owner.pid}'), "it had no time to tidy up"
        assert is_free(path)


def test_an_owner_that_is_stopped_still_owns_the_file(path: Path) -> None:
    with another_process_owns(path) as owner:
        owner.send_signal(signal.SIGSTOP)
        assert f"process {owner.pid}" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"\xff\x00{", b'{"pid": 1}', b"[]", b"7", b"x" * 100_000])
def test_a_lock_file_left_behind_is_no_obstacle_whatever_it_holds(path: Path, content: bytes) -> None:
    lock_path(path).write_bytes(content)
    with owning(path, SINCE):
        assert f"process {os.getpid()} on host" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "\\u001b[2J", "host": "a", "since": "b"}', b'{"pid": 7}'])
def test_an_owner_whose_signature_cannot_be_read_is_another_process(path: Path, content: bytes) -> None:
    with owning(path, SINCE):
        lock_path(path).write_bytes(content)
        assert refusal(path).startswith(f"{path} is in use by another process. Stop that one")


def test_a_signature_never_moves_the_cursor_of_a_terminal(path: Path) -> None:
    with owning(path, SINCE):
        lock_path(path).write_text('{"pid": 7, "host": "a\\u001b[2J", "since": "b"}')
        assert "\x1b" not in refusal(path)


def test_a_symbolic_link_to_the_file_is_the_same_database(path: Path, tmp_path: Path) -> None:
    path.touch()
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with another_process_owns(path):
        assert refusal(link).startswith(f"{link} is in use by process")


def test_a_link_to_the_folder_is_the_same_database(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path, target_is_directory=True)
    with another_process_owns(folder / path.name):
        assert refusal(path)


def test_another_file_in_the_same_folder_is_another_database(path: Path, tmp_path: Path) -> None:
    with another_process_owns(path):
        assert is_free(tmp_path / "other.db")


def test_a_process_that_an_owner_started_does_not_own_the_file_after_it(path: Path) -> None:
    with owning(path, SINCE):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with child:
        assert is_free(path)
        child.kill()


@pytest.mark.parametrize("name", ["no/lapwing.db", "."])
def test_a_path_at_which_no_database_can_live_is_refused_and_nothing_is_made_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatabaseUnusableError, match=re.escape(str(tmp_path))), owning(tmp_path / name, SINCE):
        pass
    assert list(tmp_path.iterdir()) == []
