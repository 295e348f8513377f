"""How fast X's stream is read: lines with the fields and expansions that are asked for, until their posts are given.

    python -m tests.benchmarks.sources x_stream

Every line arrives by itself, which is the slowest way; half of them are of watched accounts. Lines a second of one
core (X sends at most 250).
"""

import time
from collections.abc import Sequence
from contextlib import aclosing

from sources.clock import SystemClock
from sources.types import Account, Wanted
from sources.x.source import X
from tests.benchmarks.report import Figure
from tests.fakes.x.scripted import Line, ScriptedX
from tests.fakes.x.world import World, as_line

LINES = 10_000
ACCOUNTS = 200
FLOOR = 2_000.0


class _Prepared(ScriptedX):
    """An X whose stream has everything to say at once."""

    def __init__(self, world: World, lines: Sequence[bytes]) -> None:
        super().__init__(world)
        self._lines = lines

    async def connect(self) -> Line:
        line = await super().connect()
        for one in self._lines:
            line.put(one)
        return line


async def measure() -> list[Figure]:
    """The one figure, with its limit."""
    clock = SystemClock()
    world = World(clock.now)
    lines = [as_line(world.shaped(world.say(f"account_{number % ACCOUNTS}", _text(number)))) for number in range(LINES)]
    source = X(_Prepared(world, lines), clock=clock)
    await source.watch([Wanted(account=_account(world, number)) for number in range(0, ACCOUNTS, 2)])
    began = time.process_time()
    async with aclosing(source.posts({})) as arrivals:
        given = 0
        async for arrival in arrivals:
            given += arrival.post is not None
            if given == LINES // 2:
                break
    took_s = time.process_time() - began
    return [Figure(name="x_lines_per_s", value=LINES / took_s, floor=FLOOR)]


def _text(number: int) -> str:
    return f"post {number}: " + "what a company says of its new release, & more " * (1 + number % 12)


def _account(world: World, number: int) -> Account:
    user = world.user(f"account_{number}")
    return Account(source="x", id=user["id"], handle=user["username"])
