"""A simulated day of Bluesky and of Mastodon in bad weather: every post comes, and nobody is pestered."""

import asyncio
from collections.abc import Coroutine
from random import Random

import pytest

from sources.accounts import BLUESKY, MASTODON
from sources.bluesky.source import Bluesky
from sources.clock import Clock
from sources.mastodon.source import Mastodon
from sources.types import Account, Source, Wanted
from tests.fakes.bluesky import FakeBluesky
from tests.fakes.ear import Ear
from tests.fakes.mastodon import FakeMastodon
from tests.fakes.simulation.time import SimulatedClock, SimulatedLoop
from tests.fakes.social_weather import StormyBluesky, StormyMastodon

DAY_S = 86_400
CALM_S = 2 * 3_600
"""So long nobody writes any more at the end, so that what was late can come."""


def run(loop: SimulatedLoop, day: Coroutine[None, None, None]) -> None:
    try:
        loop.run_until_complete(day)
    finally:
        loop.close()


async def after(source: Source, *tasks: Coroutine[None, None, None], clock: Clock) -> Ear:
    """What was heard of a day with these tasks in it, and of the calm after it."""
    async with Ear(source).open() as ear:
        running = [asyncio.create_task(task) for task in tasks]
        await clock.sleep(DAY_S + CALM_S)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return ear


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_broken_dead_and_refused_connections_loses_no_post_of_bluesky(seed: int) -> None:
    loop = SimulatedLoop()
    clock, random = SimulatedClock(loop), Random(seed)
    sky = FakeBluesky(clock.now)
    people = [sky.join(f"user{number}.test") for number in range(20)]
    written: list[str] = []

    async def write() -> None:
        while clock.now().timestamp() < end:
            await clock.sleep(random.expovariate(1 / 10))
            written.append(await sky.write(random.choice(people), str(len(written)), f"post {len(written)}"))

    async def day() -> None:
        storm = StormyBluesky(sky, clock, random)
        source = Bluesky(storm, jetstream_url="wss://jetstream.test/subscribe", api_url="", clock=clock)
        await source.watch([Wanted(account=Account(source=BLUESKY, id=one.did, handle=one.handle)) for one in people])
        ear = await after(source, write(), storm.rage(), clock=clock)
        heard = [arrival.post.id for arrival in ear.heard if arrival.post]
        assert len(written) > 8_000
        assert set(heard) == set(written)
        assert len(storm.sockets) > 30, "the weather was too good"
        assert busiest(storm.connects) <= 25
        assert source.state().gaps == 0
        assert source.state().recovered > 0

    end = clock.now().timestamp() + DAY_S
    run(loop, day())


def test_a_day_of_servers_that_fail_now_and_then_loses_and_repeats_no_status() -> None:
    loop = SimulatedLoop()
    clock, random = SimulatedClock(loop), Random(7)
    servers = {f"server{number}.test": FakeMastodon(clock.now) for number in range(2)}
    written: dict[str, str] = {}
    deleted: list[str] = []
    for server in servers.values():
        for number in range(5):
            server.join(f"user{number}")

    async def write() -> None:
        while clock.now().timestamp() < end:
            await clock.sleep(random.expovariate(1 / 30))
            name, user = random.choice(list(servers)), f"user{random.randrange(5)}"
            status = servers[name].write(user, f"<p>status {len(written)}</p>")
            written[f"{name}/{status}"] = f"status {len(written)}"
            if random.random() < 0.05:
                mine = servers[name].statuses[servers[name].accounts[user]["id"]]
                gone = random.choice(mine[-10:])["id"]
                servers[name].delete(gone)
                deleted.append(f"{name}/{gone}")

    async def day() -> None:
        storm = StormyMastodon(servers, clock, random)
        source = Mastodon(storm, clock=clock)
        accounts = [
            Account(source=MASTODON, id=f"{name}/{one['id']}", handle=f"{one['acct']}@{name}")
            for name, server in servers.items()
            for one in server.accounts.values()
        ]
        await source.watch([Wanted(account=account) for account in accounts])
        ear = await after(source, write(), clock=clock)
        heard = [arrival.post.id for arrival in ear.heard if arrival.post]
        assert len(written) > 2_500
        assert len(heard) == len(set(heard))
        assert set(written) - set(deleted) <= set(heard) <= set(written)
        assert ear.texts == [written[one] for one in heard]
        assert set(ear.deleted) == set(deleted) & set(heard)
        assert len(ear.deleted) > 100
        for times in storm.asked.values():
            assert busiest(times, within_s=300) <= 300
            assert len(times) < 5 * (DAY_S + CALM_S) / 60 * 1.5
        assert source.trouble() == ""

    end = clock.now().timestamp() + DAY_S
    run(loop, day())


def busiest(times: list[float], within_s: float = 900) -> int:
    """The most that happened within so many seconds."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while times[first] < time - within_s:
            first += 1
        most = max(most, last - first + 1)
    return most
