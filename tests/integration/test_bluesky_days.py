"""Hours and days of Bluesky below the Clock, in which little happens: where reading goes on after them."""

import json
from collections.abc import Coroutine
from datetime import timedelta
from random import Random

from sources.accounts import BLUESKY
from sources.bluesky.reader import PLAYED
from sources.bluesky.source import Bluesky
from sources.types import Account, Wanted
from tests.fakes.bluesky import FakeBluesky, Person
from tests.fakes.ear import Ear
from tests.fakes.simulation.time import SimulatedClock, SimulatedLoop
from tests.fakes.social_weather import StormyBluesky

HOUR_S = 3_600
SOON = timedelta(minutes=15)


class Sky:
    """A Bluesky with one person on it, and the way there, on a loop whose time jumps."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop()
        self.clock = SimulatedClock(self.loop)
        self.fake = FakeBluesky(self.clock.now)
        self.ann = self.fake.join("ann.test")
        self.way = StormyBluesky(self.fake, self.clock, Random(1))

    async def source(self) -> Bluesky:
        made = Bluesky(self.way, jetstream_url="wss://jetstream.test/subscribe", api_url="", clock=self.clock)
        await made.watch(wanted(self.ann))
        return made

    def live(self, day: Coroutine[None, None, None]) -> None:
        try:
            self.loop.run_until_complete(day)
        finally:
            self.loop.close()

    def asked_back(self) -> timedelta:
        """How far back the newest connection was asked for, now that it was made."""
        return timedelta(seconds=self.way.connects[-1] - self.way.sockets[-1].cursor / 1_000_000)


def wanted(*people: Person) -> list[Wanted]:
    return [Wanted(account=Account(source=BLUESKY, id=one.did, handle=one.handle)) for one in people]


def test_after_a_long_quiet_a_new_connection_is_not_asked_for_all_of_it_again() -> None:
    sky = Sky()

    async def day() -> None:
        source, bob = await sky.source(), sky.fake.join("bob.test")
        async with Ear(source).open() as ear:
            await sky.fake.write(sky.ann, "1", "long ago")
            await sky.clock.sleep(30 * HOUR_S)
            await source.watch(wanted(sky.ann, bob))
            await sky.clock.sleep(1)
            assert sky.asked_back() < PLAYED + SOON
            await sky.clock.sleep(1_800)
            sky.way.sockets[-1].cut()
            await sky.clock.sleep(10)
            await sky.fake.write(bob, "2", "at last")
            await sky.clock.sleep(1)
        assert ear.texts == ["long ago", "at last"]
        assert source.state().gaps == 0

    sky.live(day())


def test_signs_of_life_while_the_past_is_still_played_do_not_pass_it_by() -> None:
    """What a new connection plays may take a while to come, and what was not played yet has to be asked for again."""
    sky = Sky()

    async def day() -> None:
        source = await sky.source()
        async with Ear(source).open() as before:
            await sky.clock.sleep(10)
        position = json.loads(before.positions[""])["time_us"]
        await sky.clock.sleep(20 * HOUR_S)
        source = await sky.source()
        async with Ear(source, before.positions).open():
            await sky.clock.sleep(PLAYED.total_seconds() - 600)
            sky.way.sockets[-1].cut()
            await sky.clock.sleep(10)
            assert sky.way.sockets[-1].cursor == position - 5_000_000

    sky.live(day())


def test_a_program_that_ends_soon_after_its_first_connection_misses_nothing_of_its_absence() -> None:
    sky = Sky()

    async def day() -> None:
        source = await sky.source()
        async with Ear(source).open() as first:
            await sky.clock.sleep(4)
        await sky.clock.sleep(60)
        await sky.fake.write(sky.ann, "1", "while it was away")
        await sky.clock.sleep(6)
        source = await sky.source()
        async with Ear(source, first.positions).open() as second:
            await sky.clock.sleep(1)
        assert second.texts == ["while it was away"]

    sky.live(day())


def test_an_outage_longer_than_jetstream_keeps_is_a_gap_though_the_program_ran_through_it() -> None:
    sky = Sky()

    async def day() -> None:
        source = await sky.source()
        async with Ear(source).open():
            await outage(sky, hours=20)
            assert (source.state().gaps, source.trouble()) == (0, "")
            await outage(sky, hours=40)
            assert source.state().gaps == 1
            assert "Bluesky was not heard for 40 h" in source.trouble()
            sky.way.sockets[-1].cut()
            await sky.clock.sleep(24 * HOUR_S)
            assert (source.state().gaps, source.trouble()) == (1, "")

    sky.live(day())


async def outage(sky: Sky, *, hours: int) -> None:
    await sky.clock.sleep(HOUR_S)
    sky.way.outage = True
    sky.way.sockets[-1].cut()
    await sky.clock.sleep(hours * HOUR_S)
    sky.way.outage = False
    await sky.clock.sleep(120)
