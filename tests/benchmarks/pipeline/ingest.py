"""How many posts a second are stored for good: a replay at full speed, through Ingest, into a file on a disk.

Every commit waits for the disk (synchronous=FULL). The time of one commit alone is the machine's, and told beside it.
"""

import asyncio
import json
import math
import statistics
import time
from functools import partial
from pathlib import Path

from bot.pipeline.bell import Bell
from bot.pipeline.ingest import Ingest
from sources.clock import SystemClock
from sources.replay import Replay
from storage.database import Connection, open_database
from storage.inbox import SqlInbox
from tests.benchmarks.pipeline.scene import folder_on_disk, line_of, post_of
from tests.benchmarks.report import Figure
from tests.fakes.builders import an_account
from tests.fakes.source import wanting

POSTS = 20_000
ACCOUNTS = 50
RUNS = 5
COMMITS = 50
LEAST_A_SECOND = 4_000


def measure() -> list[Figure]:
    """The median of several runs, each into a new file."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with folder_on_disk() as folder:
        file = folder / "posts.jsonl"
        posts = (post_of(f"account{number % ACCOUNTS}", number) for number in range(POSTS))
        file.write_text("".join(json.dumps(line_of(post)) + "\n" for post in posts))
        rates = [await _posts_a_second(file, folder / f"{run}.db") for run in range(RUNS)]
        commit_ms = await _commit_ms(folder / "commits.db")
    return [
        Figure(name="durable ingest, posts/s", value=statistics.median(rates), floor=LEAST_A_SECOND),
        Figure(name="durable ingest, the slowest run, posts/s", value=min(rates)),
        Figure(name="one commit alone, p50, ms", value=commit_ms),
    ]


async def _posts_a_second(file: Path, path: Path) -> float:
    clock = SystemClock()
    replay = await Replay.open(file, clock=clock, speed=math.inf)
    await replay.watch(wanting(*(an_account(f"account{n}", id=f"account{n}") for n in range(ACCOUNTS))))
    async with open_database(path) as database:
        assert await database.transaction(_synchronous) == 2, "2 is FULL: a commit has reached the disk"
        inbox = SqlInbox(database)
        ingest = Ingest(replay, inbox, clock, stored=Bell(clock), owed=Bell(clock))
        started = time.perf_counter()
        await ingest.run()
        took_s = time.perf_counter() - started
        assert (await inbox.backlog()).waiting == POSTS
    return POSTS / took_s


def _synchronous(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())


async def _commit_ms(path: Path) -> float:
    took = []
    async with open_database(path) as database:
        for number in range(COMMITS):
            started = time.perf_counter()
            await database.transaction(partial(_note, number=number))
            took.append((time.perf_counter() - started) * 1_000)
    return statistics.median(took)


def _note(connection: Connection, number: int) -> None:
    connection.exec_driver_sql("INSERT INTO cursors VALUES (?, '')", (str(number),))
