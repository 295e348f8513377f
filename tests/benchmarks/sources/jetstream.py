"""How fast Jetstream's events are read and filtered on one core: over a websocket, from a server of another process.

    python -m tests.benchmarks.sources jetstream

`read`: every event is of a watched account and becomes a post with a position. `filtered`: every one is of somebody
else, as a server that heeds no `wantedDids` would send them.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from multiprocessing.connection import Connection

from sources.accounts import BLUESKY
from sources.bluesky.api import Api
from sources.bluesky.reader import Reader
from sources.bluesky.source import Bluesky
from sources.bluesky.web import open_web
from sources.clock import SystemClock
from sources.tally import Tally
from sources.types import Account, Arrival, Cursor, Wanted
from tests.benchmarks.report import Figure
from tests.fakes.bluesky import FakeBluesky, Person, bluesky

EVENTS = 30_000
LEAST_EVENTS_A_SECOND = 5_000.0
TEXT = "Magnitude 6.1 quake shakes the coast, no tsunami warning issued; trains stop, and schools are closed. "

ANN = Person(handle="ann.test")


async def measure() -> list[Figure]:
    """Both figures, with their limits."""
    return [await read(), await filtered()]


async def read() -> Figure:
    """From the socket to the post."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        stream_url, api_url, first_us = await asyncio.to_thread(here.recv)
        async with Bluesky.open(jetstream_url=stream_url, api_url=api_url, clock=SystemClock()) as source:
            await source.watch([Wanted(account=Account(source=BLUESKY, id=ANN.did, handle=ANN.handle))])
            arrivals = source.posts({"": Cursor(f'{{"time_us": {first_us}}}')})
            began = time.process_time()
            await take(arrivals)
            took_s = time.process_time() - began
    finally:
        server.kill()
        server.join()
    return Figure(name="jetstream_read_per_s", value=EVENTS / took_s, floor=LEAST_EVENTS_A_SECOND)


async def take(arrivals: AsyncGenerator[Arrival, None]) -> None:
    """Return once all events were given."""
    posts = 0
    async with aclosing(arrivals):
        async for arrival in arrivals:
            posts += arrival.post is not None
            if posts == EVENTS:
                return


async def filtered() -> Figure:
    """From the message to nothing."""
    clock = SystemClock()
    fake = FakeBluesky()
    await fill(fake)
    messages = [fake.message(event) for event in fake.events]
    async with open_web() as web:
        reader = Reader(Api(web, ""), Tally(clock), clock)
        began = time.process_time()
        for start in range(0, EVENTS, 500):
            async for arrival in reader.arrivals(messages[start : start + 500], clock.now()):
                assert arrival.post is None
        took_s = time.process_time() - began
    return Figure(name="jetstream_filtered_per_s", value=EVENTS / took_s, floor=LEAST_EVENTS_A_SECOND)


def serve(there: Connection) -> None:
    """A Jetstream with all events in its past."""

    async def until_killed() -> None:
        async with bluesky() as fake:
            await fill(fake)
            there.send((fake.stream_url, fake.api_url, fake.events[0]["time_us"]))
            await asyncio.Event().wait()

    asyncio.run(until_killed())


async def fill(fake: FakeBluesky) -> None:
    fake.people[ANN.did] = ANN
    for number in range(EVENTS):
        await fake.write(ANN, f"3l{number}", f"{TEXT}{number}")
