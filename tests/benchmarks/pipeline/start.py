"""How long `lapwing run` takes from the start of its process to the first post that is on the disk.

The real program with the null engine and a replay. Its database is there already and somebody is watched in it, as on
every start but the first. What the first takes is told beside it: then a database has to be made, and the watch is a
line of its input.
"""

import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from tests.acceptance.program import environment, lapwing
from tests.benchmarks.pipeline.scene import folder_on_disk, line_of, post_of
from tests.benchmarks.report import Figure

POSTS = 100
RUNS = 9
MOST_S = 0.8

_WATCH = "/watch @account\n/labels set security\n"
_POLL_S = 0.004
_GIVE_UP_S = 30.0


def measure() -> list[Figure]:
    """The median of several starts of each kind, in turn."""
    again, first = [], []
    with folder_on_disk() as folder:
        before = _a_database(folder)
        posts = _replay(folder / "posts.jsonl", range(1, POSTS))
        for run in range(RUNS + 1):
            path = Path(shutil.copy(before, folder / f"again{run}.db"))
            again.append(_first_post_s(path, posts, typed="", stored=1))
            first.append(_first_post_s(folder / f"first{run}.db", posts, typed=_WATCH, stored=0))
    return [
        Figure(name="from start to first post, s", value=statistics.median(again[1:]), ceiling=MOST_S),
        Figure(name="from start to first post, the slowest, s", value=max(again[1:])),
        Figure(name="from first start to first post, s", value=statistics.median(first[1:])),
    ]


def _a_database(folder: Path) -> Path:
    """One in which the account is watched and one post of it is stored."""
    path = folder / "before.db"
    settings = _settings(path, _replay(folder / "one.jsonl", range(1)))
    ended = lapwing("run", typed=_WATCH, settings=settings)
    assert ended.status == 0, ended.err
    return path


def _replay(path: Path, numbers: Iterable[int]) -> Path:
    path.write_text("".join(json.dumps(line_of(post_of("account", number))) + "\n" for number in numbers))
    return path


def _settings(database: Path, posts: Path) -> dict[str, object]:
    return {"database": database, "replay_file": posts, "classifier": "null", "log_level": "error"}


def _first_post_s(database: Path, posts: Path, *, typed: str, stored: int) -> float:
    """Seconds until another reader of the file sees more than `stored` posts in it."""
    started = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment(**_settings(database, posts)),
    )
    assert program.stdin is not None
    with program:
        program.stdin.write(typed.encode())
        program.stdin.close()
        while not _has_more_than(stored, database):
            assert time.perf_counter() < started + _GIVE_UP_S, "no post was stored"
            time.sleep(_POLL_S)
        took_s = time.perf_counter() - started
        program.kill()
    return took_s


def _has_more_than(stored: int, database: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT count(*) FROM posts").fetchone()[0] > stored)
    except sqlite3.OperationalError:  # it is being made
        return False
