"""What feeds cost: a thousand of 50 kB, read once an hour over HTTP, every second one with a new entry.

    python -m tests.benchmarks.sources feeds

The server is a process of its own. A fifth of the feeds is read, and the time of this process that it took is set
against an hour for all. Milliseconds: how late the event loop was at most while they were read.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing.connection import Connection

from sources.accounts import RSS
from sources.clock import SystemClock
from sources.feeds.fetch import Aside
from sources.feeds.position import Position
from sources.feeds.reading import Feed, Readings
from sources.feeds.source import AT_ONCE
from sources.http import Fetcher
from sources.types import Account
from tests.benchmarks.report import Figure
from tests.fakes.feeds import FakeFeeds, Item, at, rss

FEEDS = 1_000
MEASURED = 200
ENTRIES = 50
BYTES = 50_000
HOUR_S = 3_600.0
MOST_SHARE = 0.02
MOST_LATE_MS = 50.0


async def measure() -> list[Figure]:
    """The figures, with their limits."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        place: str = await asyncio.to_thread(here.recv)
        async with Fetcher(allow=frozenset({place})) as fetcher:
            readings = Readings(fetcher, Aside(), SystemClock(), at_once=AT_ONCE)
            feeds = [feed(f"http://{place}/{number}") for number in range(MEASURED)]
            await read_all(readings, feeds)
            here.send("change")
            await asyncio.to_thread(here.recv)
            async with lateness() as late_ms:
                started = time.process_time()
                new = await read_all(readings, feeds)
                took_s = time.process_time() - started
    finally:
        server.kill()
        server.join()
    assert new == MEASURED // 2, f"{new} new entries were found"
    return [
        Figure(name="feeds_share_of_a_core", value=took_s * FEEDS / MEASURED / HOUR_S, ceiling=MOST_SHARE),
        Figure(name="feeds_event_loop_late_ms", value=max(late_ms), ceiling=MOST_LATE_MS),
    ]


def feed(address: str) -> Feed:
    return Feed(account=Account(source=RSS, id=address, handle=address), resumed=True, position=Position())


async def read_all(readings: Readings, feeds: list[Feed]) -> int:
    """How many new posts there were."""

    async def read(one: Feed) -> int:
        reading, _ = await readings.read(one)
        assert reading is not None, readings.troubles.words()
        one.position = replace(reading.after)
        return sum(1 for arrival in reading.arrivals() if arrival.post)

    return sum(await asyncio.gather(*map(read, feeds)))


@asynccontextmanager
async def lateness() -> AsyncIterator[list[float]]:
    """How many milliseconds late a sleep of 5 ms was, each time."""
    late_ms = [0.0]

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            late_ms.append((time.perf_counter() - before) * 1_000 - 5)

    task = asyncio.create_task(watch())
    try:
        yield late_ms
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def serve(pipe: Connection) -> None:
    """In a process of its own, until it is killed."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    places = FakeFeeds()
    for number in range(MEASURED):
        places.put(f"/{number}", document(number, 0))
    async with places.serving() as [place]:
        pipe.send(place)
        await asyncio.to_thread(pipe.recv)
        for number in range(0, MEASURED, 2):
            places.put(f"/{number}", document(number, 1))
        pipe.send("changed")
        await asyncio.Event().wait()


def document(number: int, new: int) -> str:
    """A feed of that number with so many new entries above the old ones."""
    words = " ".join(f"word{number % (one + 2)}" for one in range(BYTES // ENTRIES // 11))
    summary = f'<p>{words} <b>and</b> <a href="https://news.example/{number}">more of it</a>.</p><ul><li>x</li></ul>'
    items = [
        Item(
            guid=f"https://news.example/{number}/{entry}",
            link=f"https://news.example/{number}/{entry}",
            title=f"What happened at {entry}",
            summary=summary,
            published_at=at(0, entry),
        )
        for entry in range(new + ENTRIES, new, -1)
    ]
    return rss(items)
