"""How long one post takes to be decided for 5,000 channels: python -m tests.benchmarks.pipeline.deciding

The worst that may happen: no two channels have the same settings, so that nothing can be decided once for several.
Measured is what keeps the event loop busy: which hypotheses the model has to be asked, twice as the pipeline does it
(before the answer and after), and the decisions. What does not alert is put into words by the writer's thread, when it
is stored; that, and the time to take up one channel's change, is told and limits nothing.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.pipeline.decide_all import PostDecisions, decide_all
from bot.pipeline.filters import Reading
from bot.pipeline.watch_list import WatchList
from bot.pipeline.watcher import watchers_of
from bot.pipeline.watchers import Watchers
from classifier.hypothesis import render
from classifier.types import Mode
from storage import channels
from storage.database import Connection, open_database
from storage.types import AlertState, Channel, ChannelKey, ChannelLabel, Filters, PostId, StoredPost, Watch
from tests.benchmarks.report import Figure, finish
from tests.fakes.builders import NOW, TEMPLATE, a_channel, a_label, a_pause, a_post, a_watch

CHANNELS = 5_000
LABELS_EACH = 5
POSTS = 300
MOST_MS = 10.0

CHANNELS_TO_REFRESH = 2_000
REFRESHES = 50

SEED = 20261102

_LABELS = [
    a_label(f"label {number}", description=f"what people call number {number}" if number % 2 else "")
    for number in range(20)
]
_PAIRS = [(1.25, 0.0), *((-number / 5, number / 10) for number in range(19))]
"""What the model says of every post, each time of other labels: one fits."""

_WORDS = [f"word{number}" for number in range(400)]


def measure() -> list[Figure]:
    """The figures. None that has no limit can fail."""
    return [*_deciding(), *asyncio.run(_refreshing())]


def main() -> int:
    """Measure and report."""
    return finish("deciding", measure(), channels=CHANNELS, labels=LABELS_EACH, hypotheses=len(_LABELS), posts=POSTS)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A post and what the model says of it."""

    stored: StoredPost
    answers: dict[str, tuple[float, float]]


def _deciding() -> list[Figure]:
    chance = random.Random(SEED)
    watchers = Watchers(
        tuple(one for number in range(CHANNELS) for one in watchers_of(_channel(number, chance), TEMPLATE))
    )
    asked = [_asked(number, chance) for number in range(POSTS)]
    first_ms, _ = _timed_ms(partial(_decide, watchers, asked[0]))
    took, written, alerted = [], [], []
    for post in asked:
        ms, decided = _timed_ms(partial(_decide, watchers, post))
        took.append(ms)
        written.append(_timed_ms(partial(list, decided))[0])
        alerted.append(len(decided.alerts) / CHANNELS)
    return [
        Figure(name="one post for 5,000 channels, p90, ms", value=_quantile(took, 0.9), ceiling=MOST_MS),
        Figure(name="one post for 5,000 channels, p50, ms", value=_quantile(took, 0.5)),
        Figure(name="the first post after a change of settings, ms", value=first_ms),
        Figure(name="share of channels alerted, the fewest", value=min(alerted), floor=0.02),
        Figure(name="share of channels alerted, the most", value=max(alerted), ceiling=0.06),
        Figure(name="all 5,000 decisions put into words, p50, ms", value=_quantile(written, 0.5)),
    ]


def _decide(watchers: Watchers, asked: _Asked) -> PostDecisions:
    for _ in range(2):
        assert watchers.hypotheses_for(Reading(asked.stored.post)) <= asked.answers.keys()
    return decide_all(asked.stored, watchers, asked.answers, NOW)


def _channel(number: int, chance: random.Random) -> Channel:
    """Settings of its own in every respect that may differ."""
    labels = tuple(
        replace(label, threshold=chance.uniform(0.7, 0.99) if chance.random() < 0.5 else None)
        for label in chance.sample(_LABELS, LABELS_EACH)
    )
    return a_channel(
        f"channel {number:05}",
        labels=labels,
        mode=list(Mode)[number % 2],
        threshold=chance.uniform(0.75, 0.95),
        watches=(_watch(labels, chance),),
        suspended="I was removed." if chance.random() < 0.01 else "",
        alerts=chance.choices(list(AlertState), weights=(96, 2, 2))[0],
        pauses=(a_pause(label=labels[0].name),) if chance.random() < 0.05 else (),
    )


def _watch(labels: Sequence[ChannelLabel], chance: random.Random) -> Watch:
    some = chance.sample(_WORDS, 4)
    kinds: list[Filters] = [
        Filters(),
        Filters(),
        Filters(),
        Filters(keywords=tuple(some), langs=("en", "de")),
        Filters(not_keywords=tuple(some)),
        Filters(not_labels=(labels[0].name,), minimum=chance.uniform(0.7, 0.9)),
        Filters(labels=tuple(label.name for label in labels[:3])),
    ]
    return a_watch(added_at=NOW - timedelta(seconds=chance.randrange(10**6)), filters=chance.choice(kinds))


def _asked(number: int, chance: random.Random) -> _Asked:
    text = f"Post {number}: {' '.join(chance.sample(_WORDS, 30))} https://example.org/{number}"
    labels = chance.sample(_LABELS, len(_LABELS))
    answers = {render(label.label, TEMPLATE): pair for label, pair in zip(labels, _PAIRS, strict=True)}
    return _Asked(StoredPost(id=PostId(number), post=a_post(id=str(number), text=text, lang="en")), answers)


async def _refreshing() -> list[Figure]:
    chance = random.Random(SEED)
    everyone = [_channel(number, chance) for number in range(CHANNELS_TO_REFRESH)]

    def fill(connection: Connection) -> None:
        for channel in everyone:
            channels.save(connection, channel)

    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "lapwing.db") as database:
            await database.transaction(fill)
            watch_list = WatchList(database, [], TEMPLATE)
            whole_ms = await _refresh_ms(watch_list, None)
            took = [await _refresh_ms(watch_list, chance.choice(everyone).key) for _ in range(REFRESHES)]
    return [
        Figure(name="taking up one channel of 2,000, p90, ms", value=_quantile(took, 0.9)),
        Figure(name="taking up all 2,000, ms", value=whole_ms),
    ]


async def _refresh_ms(watch_list: WatchList, only: ChannelKey | None) -> float:
    started = time.perf_counter()
    await watch_list.refresh(only)
    return (time.perf_counter() - started) * 1_000


def _timed_ms(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return (time.perf_counter() - started) * 1_000, result


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * len(values)) - 1]


if __name__ == "__main__":
    sys.exit(main())
