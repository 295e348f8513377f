"""How long forgetting holds up others: 100,000 old posts are forgotten while somebody else commits all the time.

    python -m tests.benchmarks.retention

Each post has five logits and decisions of three channels; every fifth alerted all three, was sent, and judged once.
Milliseconds: the slowest single transaction that forgets (its own work, without the wait for the disk), and how long
the other's commits took. Exit status 1 when a transaction took longer than 50 ms.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from bot.pipeline.keeping import Keeping
from sources.clock import SystemClock
from storage import alerts, channels, decisions, judgements, logits, posts
from storage.database import Connection, Database, Work, open_database
from storage.schema import NOT_EXPIRED, deliveries
from storage.schema import posts as posts_table
from storage.types import PostId, PostLogits, Reason
from tests.benchmarks.report import Figure, finish
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_channel, a_decision, a_judgement, a_key, a_post
from tests.fakes.house import until

POSTS = 100_000
CHANNELS = ("one", "two", "three")
HYPOTHESES = {f"This text is about {number}.": (1.0, -1.0) for number in range(5)}
ALERT_EVERY = 5
ROUND = 500
MOST_MS = 50.0
KEPT = timedelta(days=90)


async def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lapwing-retention-") as folder:
        async with open_database(Path(folder) / "lapwing.db") as database:
            for start in range(0, POSTS, ROUND):
                await database.transaction(partial(_store, start=start))
            return await _measure(database)


def _store(connection: Connection, start: int) -> None:
    """A round of posts as a busy house would have left them."""
    for name in CHANNELS:
        channels.save(connection, a_channel(name))
    seen_at = NOW - KEPT - timedelta(minutes=POSTS // ROUND - start // ROUND)
    new = [a_post(id=str(number), text=f"post {number} " * 12) for number in range(start, start + ROUND)]
    ids = posts.add(connection, new, seen_at)
    model = logits.model_number(connection, MODEL, TEMPLATE)
    logits.add(connection, model, [PostLogits(post=post, by_hypothesis=HYPOTHESES) for post in ids])
    made = [a_decision(post, a_key(name), reason=_reason(post)) for post in ids for name in CHANNELS]
    decisions.add(connection, model, made, seen_at)
    connection.execute(
        sa.update(deliveries).values(state="sent", settled_at=seen_at).where(deliveries.c.state != "sent")
    )
    for alert in alerts.of_posts(connection, a_key("one"), ids).values():
        judgements.give(connection, alert.channel, a_judgement(alert.id))


def _reason(post: PostId) -> Reason:
    return Reason.BELOW_THRESHOLD if post % ALERT_EVERY else Reason.ALERT


class Timed:
    """The database, noting how long each piece of forgetting works."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.took_ms: list[float] = []

    async def transaction(self, work: Work[object], commit: object = None) -> object:
        def timed(connection: Connection) -> object:
            started = time.perf_counter()
            try:
                return work(connection)
            finally:
                self.took_ms.append((time.perf_counter() - started) * 1000)

        return await self.database.transaction(timed)


@asynccontextmanager
async def somebody_commits(database: Database, took_ms: list[float]) -> AsyncIterator[None]:
    """A small commit every few milliseconds, as an outbox makes them."""

    async def commit() -> None:
        while True:
            started = time.perf_counter()
            await database.transaction(lambda connection: channels.save(connection, a_channel("other")))
            took_ms.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(commit())
    yield
    task.cancel()


async def _measure(database: Database) -> int:
    timed, others, alone = Timed(database), list[float](), list[float]()
    async with somebody_commits(database, alone):
        await asyncio.sleep(3)
    keeping = Keeping(timed, SystemClock(), days=1)  # type: ignore[arg-type]  # it has the one verb that is used
    started = time.perf_counter()
    async with somebody_commits(database, others):
        task = asyncio.create_task(keeping.run())
        await until(partial(_all_forgotten, database))
        task.cancel()
    whole_s = time.perf_counter() - started
    return finish(
        "retention",
        [Figure(name="slowest transaction (ms)", value=max(timed.took_ms), ceiling=MOST_MS)],
        transactions=len(timed.took_ms),
        median_ms=round(_share(timed.took_ms, 0.5), 1),
        p99_ms=round(_share(timed.took_ms, 0.99), 1),
        seconds=round(whole_s, 1),
        others_commit_ms={"p50": round(_share(others, 0.5), 1), "p99": round(_share(others, 0.99), 1)},
        others_alone_ms={"p50": round(_share(alone, 0.5), 1), "p99": round(_share(alone, 0.99), 1)},
    )


async def _all_forgotten(database: Database) -> bool:
    await asyncio.sleep(0.2)
    left = sa.select(posts_table.c.id).where(NOT_EXPIRED).limit(1)
    return await database.read(lambda connection: connection.scalar(left)) is None


def _share(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
