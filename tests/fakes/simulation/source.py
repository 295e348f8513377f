"""A source that plays a scripted day: bursts, repeats, edits, disorder, and hours at which the connection is lost."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sources.types import Account, AccountNotFoundError, Arrival, Cursor, Handle, Positions, Post, PostKind, Wanted
from tests.fakes.simulation.time import START
from tests.fakes.simulation.weather import FINE_UNTIL_S, HOUR_S, MINUTE_S, Climate, Spell, Weather, forecast
from tests.fakes.source import Quiet

SOURCE = "x"
ACCOUNTS = tuple(f"account_{number}" for number in range(12))
LABELS = ("security", "database", "outage", "breach", "pricing", "supply chain", "data loss", "release")
POISON = "poisonous"
"""A post with this word is one that the model always fails on."""

GAPS = Climate("gap", 12, 3, 6)
"""Seconds in which every attempt to read fails."""

_GAPS_APART_S = 15 * MINUTE_S
"""A source that fails five times in ten minutes ends the program, as it should."""

_REREAD = 5
"""A connection made again gives this many posts a second time."""


_BURST_S = 0.1
_DISORDER_S = 0.02
_REPEATS_EVERY_S = 15 * MINUTE_S


@dataclass(frozen=True, slots=True)
class Emission:
    """A post as the source gives it, at a whole microsecond, as simulated time has them."""

    at_s: float
    post: Post


class ScriptedSource(Quiet):
    """Source: what was emitted after a cursor, then what is to come."""

    name = "script"
    serves = frozenset({SOURCE})

    def __init__(self, script: Sequence[Emission], gaps: Weather) -> None:
        self._script = script
        self._gaps = gaps
        self._watched: frozenset[str] = frozenset()

    async def watch(self, wanted: Collection[Wanted]) -> None:
        self._watched = frozenset(one.account.id for one in wanted)

    async def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        last = after.get("")
        loop = asyncio.get_running_loop()
        self._check_connection(loop.time())
        start = 0 if last is None else max(int(last) + 1 - _REREAD, 0)
        for place, emission in enumerate(self._script[start:], start):
            while emission.at_s > loop.time():
                until = min(emission.at_s, self._gaps.next_start(loop.time()))
                await asyncio.sleep(until - loop.time())
                self._check_connection(loop.time())
            if emission.post.author.id in self._watched:
                yield Arrival(cursor=Cursor(str(place)), post=emission.post)
        await asyncio.Event().wait()

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Posts that the stream never gives, so that what people ask the model is told apart."""
        old = START - timedelta(days=1)
        return [
            Post(source=SOURCE, id=f"old-{n}", author=account, text=f"An old word on security, {n}", published_at=old)
            for n in range(min(limit, 3))
        ]

    async def resolve(self, handle: Handle) -> Account:
        if handle.name not in ACCOUNTS:
            raise AccountNotFoundError(handle)
        return an_author(handle.name)

    def _check_connection(self, second: float) -> None:
        if self._gaps.at(second):
            raise ConnectionResetError("the source hung up")


def gaps(chance: random.Random, day_s: float) -> Weather:
    """When the connection is lost, not so often that Lapwing gives up."""
    kept: list[Spell] = []
    for spell in sorted(forecast([GAPS], chance=chance, day_s=day_s).spells, key=lambda spell: spell.start_s):
        if not kept or spell.start_s > kept[-1].end_s + _GAPS_APART_S:
            kept.append(spell)
    return Weather(kept)


def an_author(handle: str) -> Account:
    return Account(source=SOURCE, id=f"id of {handle}", handle=handle, name=handle)


def write_script(posts: int, day_s: float, chance: random.Random) -> list[Emission]:
    """That many posts over a day, most of them in bursts, with all that makes a source hard to read."""
    emissions: list[Emission] = []
    originals: list[Post] = []  # each is retweeted once at most: a text names its post
    for number, moment in enumerate(sorted(_moments(posts, day_s, chance))):
        post = _post(number, moment, originals, chance)
        originals = [*originals[-200:], post]
        at = moment + chance.choice([0.0, chance.uniform(0, _DISORDER_S)])
        emissions.append(Emission(round(at, 6), post))
        if chance.random() < 0.01:
            emissions.append(Emission(round(at, 6), post))
        if chance.random() < 0.03:
            emissions.append(Emission(_again(at, chance), post))
        if chance.random() < 0.01:
            emissions.append(Emission(_again(at, chance), replace(post, text=f"{post.text} (edited: breach)")))
    return sorted(emissions, key=lambda emission: emission.at_s)


def _moments(posts: int, day_s: float, chance: random.Random) -> list[float]:
    moments = [chance.uniform(FINE_UNTIL_S, day_s) for _ in range(posts // 100)]
    while len(moments) < posts:
        start, size = chance.uniform(FINE_UNTIL_S, day_s), min(chance.randint(20, 200), posts - len(moments))
        moments += [start + chance.uniform(0, _BURST_S) for _ in range(size)]
    return moments


def _again(at: float, chance: random.Random) -> float:
    """Repeats come in bunches, as after a reconnect."""
    return round((at // _REPEATS_EVERY_S + 1) * _REPEATS_EVERY_S + chance.uniform(0, 0.02), 6)


def _post(number: int, moment: float, originals: list[Post], chance: random.Random) -> Post:
    author = an_author(chance.choice(ACCOUNTS))
    late_s = chance.uniform(0, 6 * HOUR_S) if chance.random() < 0.02 else chance.uniform(0, 5)
    post = Post(
        source=SOURCE,
        id=str(number),
        author=author,
        text=_text(number, chance),
        published_at=START + timedelta(seconds=moment - late_s),
        lang=chance.choice(["en", "en", "en", "de", ""]),
        url=f"https://example.org/{number}",
    )
    draw = chance.random()
    if draw < 0.06 and originals:
        original = originals.pop(chance.randrange(len(originals)))
        return replace(post, text=f"RT @{original.author.handle}: {original.text}", kinds=frozenset({PostKind.RETWEET}))
    kinds = {PostKind.REPLY} if draw < 0.11 else {PostKind.QUOTE} if draw < 0.14 else set()
    return replace(post, kinds=frozenset(kinds))


def _text(number: int, chance: random.Random) -> str:
    draw = chance.random()
    if draw < 0.01:
        return f"https://example.org/picture/{number}"
    words = ["Number", str(number), "today", "is", "about"]
    if draw < 0.0105:
        words.append(POISON)
    if draw > 0.99:
        words.append("chain")  # half of a label: above the default threshold, below many that people set
    words.append(chance.choice(LABELS) if draw < 0.07 else chance.choice(["cats", "weather", "lunch"]))
    return " ".join(words)
