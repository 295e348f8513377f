"""A day at X: people post, and everything that can go wrong with a stream does, again and again."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from sources.types import Account, Arrival, Positions, PostKind, Wanted
from sources.x.source import X
from tests.fakes.simulation.time import SimulatedClock, SimulatedLoop
from tests.fakes.x import faults
from tests.fakes.x.scripted import Cut, Line, ScriptedX
from tests.fakes.x.world import Json, World, as_line

HOUR_S = 3_600.0
Fault = Callable[["Day"], None]

_OUTAGE_AT_S, _OUTAGE_S = 13 * HOUR_S, HOUR_S


@dataclass
class Report:
    """What came of the day."""

    given: list[Arrival] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    lives: int = 0
    stalled: list[Line] = field(default_factory=list)


class Day:
    """24 hours. Runs on a simulated loop."""

    def __init__(
        self, loop: SimulatedLoop, *, seed: int, accounts: int = 60, posts: int = 21_000, hours: float = 24,
        crashes: bool = False,
    ) -> None:  # fmt: skip
        """`crashes`: the program dies now and then, and what it had read last was not stored yet."""
        self.clock = SimulatedClock(loop)
        self.world = World(self.clock.now)
        self.x = ScriptedX(self.world)
        self.source = X(self.x, clock=self.clock)
        self.random = random.Random(seed)
        self.report = Report()
        self.x.delay_s = lambda: self.random.uniform(0, 7)  # so that they also come in another order
        self.seconds = hours * HOUR_S
        self._crashes = crashes
        self._posts = posts
        self._handles = [f"account_{number}" for number in range(accounts)]
        self.wanted = [self._wanted(number, handle) for number, handle in enumerate(self._handles)]

    def _wanted(self, number: int, handle: str) -> Wanted:
        user = self.world.user(handle)
        without = frozenset({PostKind.RETWEET}) if number % 3 == 0 else frozenset[PostKind]()
        return Wanted(account=Account(source="x", id=user["id"], handle=handle), without=without)

    async def run(self) -> Report:
        """Returns once the day is over and what was missed had time to be searched for."""
        taking = asyncio.ensure_future(self._live_on() if self._crashes else self._live({}))
        await asyncio.sleep(10)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._post())
            tasks.create_task(self._trouble())
        await asyncio.sleep(HOUR_S)
        taking.cancel()
        await asyncio.wait({taking})
        if not taking.cancelled() and taking.exception():
            raise taking.exception() or AssertionError
        return self.report

    async def _live(self, after: Positions) -> None:
        """One life of the program."""
        await self.source.watch(self.wanted)
        async with aclosing(self.source.posts(after)) as arrivals:
            async for arrival in arrivals:
                self.report.given.append(arrival)

    async def _live_on(self) -> None:
        """Life after life. What was stored is a beginning of what was given; the rest is as if it never came."""
        while True:
            given = self.report.given
            stored = len(given)
            after = {arrival.part: arrival.cursor for arrival in given}
            with suppress(TimeoutError):
                at_least_s = 0 if given else 60  # what was never stored at all there is no going on from
                async with asyncio.timeout(at_least_s + self.random.expovariate(1 / 300)):
                    await self._live(after)
            del given[max(stored, 1, len(given) - self.random.randrange(40)) :]
            self.report.lives += 1
            await asyncio.sleep(self.random.uniform(0, 120))
            self.source = X(self.x, clock=self.clock)

    async def _post(self) -> None:
        said: list[Json] = []
        for number in range(self._posts):
            await asyncio.sleep(self.random.expovariate(self._posts / self.seconds))
            handle = self.random.choice(self._handles)
            tweet = self._one(handle, number, said)
            said = [*said[-50:], tweet]

    def _one(self, handle: str, number: int, said: Sequence[Json]) -> Json:
        turn = self.random.random()
        if said and turn < 0.10:
            return self.world.say(handle, f"RT @x: {number}", retweet_of=self.random.choice(said)["id"])
        if said and turn < 0.15:
            return self.world.say(handle, f"reply {number}", reply_to=self.random.choice(said)["id"])
        if said and turn < 0.17:
            return self.world.edit(self.random.choice(said)["id"], f"edited {number}")
        return self.world.say(handle, f"post {number}")

    async def _trouble(self) -> None:
        """One fault after another, each kind several times; in between an hour in which nothing reaches X."""
        loop = asyncio.get_running_loop()
        begin, bag = loop.time(), list[str]()
        while loop.time() - begin < self.seconds - HOUR_S:
            await asyncio.sleep(self.random.uniform(120, 600))
            if abs(loop.time() - begin - _OUTAGE_AT_S) < 600 and "outage" not in self.report.faults:
                await self._outage()
                continue
            bag = bag or self.random.sample(sorted(FAULTS), len(FAULTS))
            name = bag.pop()
            self.report.faults[name] = self.report.faults.get(name, 0) + 1
            FAULTS[name](self)

    async def _outage(self) -> None:
        self.report.faults["outage"] = 1
        self.x.is_out = True
        self.x.say(Cut.ABORT)
        await asyncio.sleep(_OUTAGE_S)
        self.x.is_out = False


def _stall(day: Day) -> None:
    if day.x.line and day.x.line.ended_at is None:
        day.x.line.is_stalled = True
        day.report.stalled.append(day.x.line)


def _after_close(*answers: object) -> Fault:
    """The stream ends, and the next attempts to connect are answered so."""

    def fault(day: Day) -> None:
        day.x.next_answers += answers  # type: ignore[arg-type]  # errors, and what a stream says before it ends
        day.x.say(Cut.CLOSE)

    return fault


def _limited(day: Day) -> None:
    reset_at = day.clock.now() + timedelta(seconds=day.random.uniform(20, 400))
    _after_close(faults.too_many_until(reset_at))(day)


def _half_a_line(day: Day) -> None:
    day.x.say(b'{"data": {"id": "15123')
    day.x.say(Cut.ABORT)


def _broken_instead_of_a_post(day: Day) -> None:
    """The next post's line arrives garbled: it is on X, but the stream did not bring it."""
    line = day.x.line
    if line is None or line.ended_at:
        return
    put = line.put

    def garble(item: bytes | Cut) -> None:
        line.put = put  # type: ignore[method-assign]
        put(b'{"data": {"id": garbled}}\r\n' if isinstance(item, bytes) else item)

    line.put = garble  # type: ignore[method-assign]


def _twice(day: Day) -> None:
    for tweet in day.random.sample(list(day.world.tweets.values())[-30:], 5):
        if line := day.world.line(tweet):
            line["matching_rules"] = [{"id": 1377649934414049282}]
            day.x.say(as_line(line))


def _disorder(day: Day) -> None:
    lines = [as_line(line) for tweet in list(day.world.tweets.values())[-10:] if (line := day.world.line(tweet))]
    day.random.shuffle(lines)
    day.x.say(b"".join(lines))


def _says(*payloads: Json, close: bool = True) -> Fault:
    def fault(day: Day) -> None:
        for payload in payloads:
            day.x.say(as_line(payload))
        if close:
            day.x.say(Cut.CLOSE)

    return fault


def _search_fails(day: Day) -> None:
    day.x.answers.faults["search"] += [faults.BUSY_PAGE, faults.TOO_MANY_REQUESTS]
    day.x.say(Cut.CLOSE)


def _rules_edited(day: Day) -> None:
    """Somebody else deletes a rule of ours and adds one of theirs."""
    held = day.world.rules.held
    if held:
        del held[day.random.choice(sorted(held))]
    day.world.rules.add([{"value": "cat has:images"}])


FAULTS: dict[str, Fault] = {
    "stall": _stall,
    "clean close": _says(),
    "clean closes": _after_close(b"", b"", b""),
    "abort": lambda day: day.x.say(Cut.ABORT),
    "half a line": _half_a_line,
    "malformed line": _broken_instead_of_a_post,
    "rule without tag": _twice,
    "disorder": _disorder,
    "errors then close": _says(faults.OPERATIONAL),
    "unheard-of errors then close": _says(faults.SOMETHING_NEW),
    "401": _after_close(*[faults.UNAUTHORIZED] * 3),
    "403": _after_close(faults.FORBIDDEN),
    "429 with reset": _limited,
    "429 without reset": _after_close(*[faults.TOO_MANY_REQUESTS] * 2),
    "503 as HTML": _after_close(*[faults.BUSY_PAGE] * 4),
    "too many connections": _after_close(*[as_line(faults.TOO_MANY_CONNECTIONS)] * 2),
    "credits depleted": _after_close(faults.NO_CREDITS, as_line(faults.CREDITS_DEPLETED)),
    "no rules": _after_close(faults.CONFLICT),
    "search fails": _search_fails,
    "rules edited": _rules_edited,
}


def recoverable(day: Day) -> Collection[str]:
    """Ids (of first versions) of everything that was wanted."""
    without = {one.account.id: one.without for one in day.wanted}
    kinds = {"retweeted": PostKind.RETWEET, "replied_to": PostKind.REPLY, "quoted": PostKind.QUOTE}
    found = set()
    for tweet in day.world.tweets.values():
        its = {kinds[one["type"]] for one in tweet.get("referenced_tweets", [])}
        if not its & without[tweet["author_id"]]:
            found.add(tweet["edit_history_tweet_ids"][0])
    return found
