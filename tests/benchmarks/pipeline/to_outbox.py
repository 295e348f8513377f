"""How many posts a second come from the inbox to the outbox when the model costs next to nothing.

Claimed, asked about, decided for the three channels that watch each account, and settled with the alerts they owe.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.pipeline.bell import Bell
from bot.pipeline.classify import Classify
from bot.pipeline.outage import Outage
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from classifier.registry import choose
from sources.clock import SystemClock
from storage import outbox
from storage.database import Connection, Database, open_database
from storage.inbox import SqlInbox
from storage.schema import inbox as inbox_table
from tests.benchmarks.pipeline.scene import PLATFORM, TOPICS, folder_on_disk, post_of, put, save, watching
from tests.benchmarks.report import Figure

POSTS = 12_000
ACCOUNTS = [f"account{number}" for number in range(10)]
LABELS = (TOPICS[:2], TOPICS[2:4], TOPICS[4:5])
"""Of the three channels: five hypotheses a post."""

THRESHOLD = 0.8
"""About one alert a post, by the null engine's dice."""

RUNS = 5
LEAST_A_SECOND = 3_000


def measure() -> list[Figure]:
    """The median of several runs, each with a new file."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    rates: list[float] = []
    alerts: list[float] = []
    with folder_on_disk() as folder:
        for run in range(RUNS):
            rate, owed = await _run(folder / f"{run}.db")
            rates.append(rate)
            alerts.append(owed / POSTS)
    return [
        Figure(name="post to outbox, posts/s", value=statistics.median(rates), floor=LEAST_A_SECOND),
        Figure(name="post to outbox, the slowest run, posts/s", value=min(rates)),
        Figure(name="alerts owed a post", value=statistics.mean(alerts), floor=0.5),
    ]


async def _run(path: Path) -> tuple[float, int]:
    """Posts a second, and how many alerts are owed."""
    clock = SystemClock()
    async with open_database(path) as database, _null_engine() as batcher:
        await save(
            database, [watching(place, ACCOUNTS, names, threshold=THRESHOLD) for place, names in enumerate(LABELS)]
        )
        await put(database, [post_of(ACCOUNTS[number % len(ACCOUNTS)], number) for number in range(POSTS)])
        watch_list, inbox, owed = WatchList(database, [], batcher.template), SqlInbox(database), Bell(clock)
        await watch_list.refresh()
        classify = Classify(
            database, inbox, batcher, watch_list, clock, stored=Bell(clock), owed=owed, outage=Outage(clock)
        )
        started = time.perf_counter()
        running = asyncio.create_task(classify.run(), name="classify")
        while await database.read(_anything_waits):
            await owed.wait()
        took_s = time.perf_counter() - started
        classify.stop()
        await running
        return POSTS / took_s, await _alerts(database)


@asynccontextmanager
async def _null_engine() -> AsyncIterator[Batcher]:
    choice = choose("null")
    batcher = Batcher(choice.load, choice.template)
    running = asyncio.create_task(batcher.run(), name="model")
    await batcher.ready()
    try:
        yield batcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _anything_waits(connection: Connection) -> bool:
    return connection.execute(sa.select(inbox_table.c.post).limit(1)).first() is not None


async def _alerts(database: Database) -> int:
    return (await database.read(lambda connection: outbox.owed(connection, [PLATFORM]))).waiting
