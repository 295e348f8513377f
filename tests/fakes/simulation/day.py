"""A day of the whole program: lives that end by kills and by stops, on one file, in one world."""

import asyncio
import gc
import itertools
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app import App
from bot.commands.types import Actor, Asked
from bot.pipeline.supervise import TaskDiedError
from storage import failpoints
from storage.database import Database
from storage.types import ChannelKey
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.simulation import chat, model, people, source
from tests.fakes.simulation.chat import ChatLine, ChatServer
from tests.fakes.simulation.disk import Disk
from tests.fakes.simulation.model import ModelLog, NotingBatcher, WeatheredClassifier
from tests.fakes.simulation.people import People
from tests.fakes.simulation.source import Emission, ScriptedSource
from tests.fakes.simulation.time import SimulatedClock, SimulatedLoop
from tests.fakes.simulation.weather import FINE_UNTIL_S, HOUR_S, MINUTE_S, Weather, forecast

CHANNELS = tuple(
    ChannelKey(platform=chat.NAME, workspace="team", channel=name)
    for name in ("archive", "security", "ops", "news", "data", "desk")
)
"""The first watches everyone from the first minute on, posts nothing, and is left alone by people."""

_AFTERWARDS_S = 3 * HOUR_S
"""Fine weather at the end, for all that is owed to be settled."""

_STOP_WITHIN_S = 25.0
_KILL_AT_A_FAILPOINT_WITHIN_S = MINUTE_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a day is made of; all else follows from the seed."""

    seed: int
    hours: float = 24
    posts: int = 20_000
    wishes: int = 300
    endings: int = 30
    """How many lives are ended before their time, two of three by a kill."""

    @property
    def day_s(self) -> float:
        return self.hours * HOUR_S


@dataclass(frozen=True, slots=True)
class Life:
    """From a start of the program to its end."""

    start_s: float
    end_s: float
    ending: str
    """killed, stopped, or what the program died of by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What outlives the program."""

    plan: Plan
    path: Path
    script: Sequence[Emission]
    gaps: Weather
    server: ChatServer
    people: People
    model: ModelLog
    model_weather: Weather
    chance: random.Random


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A day that is over: the world as it was left, the lives, and what /health said at the end."""

    world: World
    lives: tuple[Life, ...]
    health: str


def make(plan: Plan, path: Path) -> World:
    """The world of a seed. Each part has its own chance, so that a change of one leaves the others as they were."""
    chances = (random.Random(f"{plan.seed} {number}") for number in itertools.count())
    day_s = plan.day_s
    people_of = (CHANNELS, source.ACCOUNTS, source.LABELS)
    wishes = people.opening(*people_of, next(chances))
    wishes += people.whims(*people_of, count=plan.wishes, day_s=day_s, chance=next(chances))
    weather = forecast(chat.CLIMATES, chance=next(chances), day_s=day_s)
    gone_chance = next(chances)
    gone = {key.channel: forecast([chat.GONE], chance=gone_chance, day_s=day_s) for key in CHANNELS[2:5]}
    return World(
        plan=plan,
        path=path,
        script=source.write_script(plan.posts, day_s, next(chances)),
        gaps=source.gaps(next(chances), day_s),
        server=ChatServer(weather, gone, next(chances)),
        people=People(wishes),
        model=ModelLog(),
        model_weather=forecast(model.CLIMATES, chance=next(chances), day_s=day_s),
        chance=next(chances),
    )


def live(plan: Plan, path: Path) -> Day:
    """Live a day, on a database that is made at `path`. Raises what a fault of the simulation raises."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner, _quiet():
        return runner.run(_live(make(plan, path)))


async def _live(world: World) -> Day:
    loop, chance = asyncio.get_running_loop(), world.chance
    end_s = world.plan.day_s + _AFTERWARDS_S
    moments = [chance.uniform(FINE_UNTIL_S, world.plan.day_s) for _ in range(world.plan.endings)]
    lives, health = [], ""
    for moment in [*sorted(moments), end_s]:
        while loop.time() < moment:  # more than once where the program dies by itself
            life = _Life(world)
            lives.append(await life.until(moment, kill=moment < end_s and chance.random() < 2 / 3))
            health = life.health
    return Day(world=world, lives=tuple(lives), health=health)


class _Life:
    """One start of the program to its end."""

    def __init__(self, world: World) -> None:
        self.health = ""
        self._world = world
        self._disk = Disk(world.path, world.chance)
        self._line = ChatLine(world.server, world.people)
        self._killed = asyncio.Event()

    async def until(self, moment: float, *, kill: bool) -> Life:
        loop = asyncio.get_running_loop()
        if loop.time() > 0:
            await asyncio.sleep(self._world.chance.uniform(1, 60))  # whoever runs it starts it again
        start = loop.time()
        async with self._disk.open() as database:
            app = self._app(database)
            running = asyncio.create_task(app.run(), name="program")
            await asyncio.wait([running], timeout=max(moment - loop.time(), 0))
            if not running.done():
                self.health = (await app.answer(_health())).text
                ending = await (self._kill(running) if kill else self._stop(app, running))
            else:
                ending = _cause(running)
        return Life(start, loop.time(), ending)

    def _app(self, database: Database) -> App:
        world, clock = self._world, SimulatedClock(asyncio.get_running_loop())
        gate = asyncio.Event()
        gate.set()
        return App(
            database=database,
            sources=[ScriptedSource(world.script, world.gaps)],
            batcher=NotingBatcher(
                world.model,
                lambda: WeatheredClassifier(world.model_weather, world.model),
                KeywordClassifier().template,
                now=clock.now,
            ),
            platforms=[self._line],
            clock=clock,
            gate=gate,
            chance=world.chance,
        )

    async def _stop(self, app: App, running: "asyncio.Task[None]") -> str:
        """As a service manager does it."""
        app.stop()
        done, _ = await asyncio.wait([running], timeout=_STOP_WITHIN_S)
        if not done:
            await self._end(running)
            return "did not stop in time"
        return _cause(running) if running.exception() else "stopped"

    async def _kill(self, running: "asyncio.Task[None]") -> str:
        """At one of the next failpoints; at no special place when none is passed for a while."""
        countdown = itertools.count(self._world.chance.randint(1, 40), -1)

        def arrived(name: str) -> None:
            if next(countdown) <= 0:
                self._die()
                raise _Killed(name)

        failpoints.arm(arrived)
        try:
            async with asyncio.timeout(_KILL_AT_A_FAILPOINT_WITHIN_S):
                await self._killed.wait()
        except TimeoutError:
            self._die()
        finally:
            failpoints.arm(None)
        await self._end(running)
        return "killed"

    def _die(self) -> None:
        """Nothing that the program does from now on has any effect."""
        self._disk.kill()
        self._line.cut = True
        self._killed.set()

    async def _end(self, running: "asyncio.Task[None]") -> None:
        self._die()
        while not running.done():
            running.cancel()
            await asyncio.wait([running], timeout=1)


class _Killed(BaseException):
    """Passes by whoever handles errors, as a SIGKILL does."""


def _cause(running: "asyncio.Task[None]") -> str:
    error = running.exception()
    return f"died: {error}" if isinstance(error, TaskDiedError) else f"ended: {error!r}"


def _health() -> Asked:
    return Asked(actor=Actor(id="U9", name="Operator"), channel=CHANNELS[0], channel_name="archive", text="/health")


@contextmanager
def _quiet() -> Iterator[None]:
    """A day logs some thousand warnings that are meant, and keeps all it notes: there is little garbage in it."""
    before, collected = logging.root.manager.disable, gc.get_threshold()
    logging.disable(logging.CRITICAL)
    gc.set_threshold(200_000, *collected[1:])
    try:
        yield
    finally:
        gc.set_threshold(*collected)
        logging.disable(before)
