"""How long the answers take that read many posts: /stats, what-if and preview, p90 of 20 in milliseconds.

    python -m tests.benchmarks.insight

With 100,000 posts and 1,000,000 logits stored, all decided for the one channel that asks, and a classifier that costs
nothing. Exit status 1 when any takes longer than 100 ms.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

from bot.insight.preview import preview
from bot.insight.stats import stats
from bot.insight.what_if import what_if
from classifier.batching import Batcher
from classifier.hypothesis import NULL_TEMPLATE, render
from classifier.null import NullClassifier
from sources.types import Account, Arrival, Cursor, Handle, Positions, Post
from storage import alerts, channels, decisions, judgements, logits, posts
from storage.database import Connection, Database, open_database
from storage.types import Decision, Judged, PostId, PostLogits, Reason
from tests.benchmarks.report import Figure, finish
from tests.fakes.builders import NOW, a_channel, a_decision, a_judgement, a_label, a_post, a_score, a_watch, an_account
from tests.fakes.source import Quiet

POSTS = 100_000
LABELS = tuple(a_label(f"label {number}") for number in range(10))
CHANNEL = a_channel(labels=LABELS)
STRICTER = replace(CHANNEL, threshold=0.95)
DAYS = 60
"""Over which the posts spread; /stats is asked for all of them, and for its usual week."""

ALERT_EVERY = 10
JUDGED_EVERY = 3
ROUND = 200
"""Posts decided at one moment, as the pipeline does when it catches up."""

TIMES = 20
MOST_MS = 100.0

Answer = Callable[[], Awaitable[object]]


class Shelf(Quiet):
    """A source that has each account's last posts at hand."""

    name = "shelf"
    serves = frozenset({"x"})

    async def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        """Nothing but the beginning."""
        yield Arrival(cursor=Cursor("0"))

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """That many."""
        return [_post(number) for number in range(limit)]

    async def resolve(self, handle: Handle) -> Account:
        """Everyone exists."""
        return an_account(handle.name)


async def main() -> int:
    """Fill a database, ask, report."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "lapwing.db") as database, _null() as batcher:
            started = time.monotonic()
            await _fill(database, batcher)
            filled_s = time.monotonic() - started
            figures = [
                Figure(name=f"{name}, ms", value=await _p90_ms(answer), ceiling=MOST_MS)
                for name, answer in _answers(database, batcher).items()
            ]
            said = (await what_if(database, batcher, CHANNEL, STRICTER)).sentence()
    information = {"posts": POSTS, "logits": POSTS * len(LABELS), "filled_s": round(filled_s, 1), "said": said}
    return finish("insight", figures, **information)


def _answers(database: Database, batcher: Batcher) -> dict[str, Answer]:
    numbers = count()

    def another_label() -> Awaitable[object]:
        """A new one every time: the model's answers for the last one are stored."""
        label = a_label(f"new label {next(numbers)}")
        return what_if(database, batcher, CHANNEL, replace(CHANNEL, labels=(*LABELS[1:], label)))

    return {
        "stats of 7 days": lambda: stats(database, CHANNEL, 7, now=NOW),
        f"stats of {DAYS} days": lambda: stats(database, CHANNEL, DAYS, now=NOW),
        "what-if of a threshold": lambda: what_if(database, batcher, CHANNEL, STRICTER),
        "what-if of a new label": another_label,
        "preview": lambda: preview(Shelf(), batcher, CHANNEL, a_watch(), now=NOW),
    }


async def _p90_ms(answer: Answer) -> float:
    """The first answer counts too: nobody warms up a database before asking."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        await answer()
        took.append((time.perf_counter() - started) * 1_000)
    return sorted(took)[int(0.9 * TIMES) - 1]


@asynccontextmanager
async def _null() -> AsyncIterator[Batcher]:
    classifier = NullClassifier(template=NULL_TEMPLATE)
    batcher = Batcher(lambda: classifier, classifier.template)
    running = asyncio.create_task(batcher.run(), name="batcher")
    await batcher.ready()
    try:
        yield batcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _fill(database: Database, batcher: Batcher) -> None:
    await database.transaction(partial(channels.save, channel=CHANNEL))
    for start in range(0, POSTS, ROUND):
        await database.transaction(partial(_fill_round, batcher=batcher, numbers=range(start, start + ROUND)))
    await database.transaction(_judge)


def _fill_round(connection: Connection, batcher: Batcher, numbers: Sequence[int]) -> None:
    """These posts, read, asked about, and decided for the channel at one moment."""
    decided_at = _post(numbers[-1]).published_at
    model = logits.model_number(connection, batcher.model, batcher.template)
    ids = posts.add(connection, [_post(number) for number in numbers], decided_at)
    hypotheses = [render(label.label, batcher.template) for label in LABELS]
    answers = [
        PostLogits(post=post, by_hypothesis={text: _pair(post, place) for place, text in enumerate(hypotheses)})
        for post in ids
    ]
    logits.add(connection, model, answers)
    decisions.add(connection, model, [_decision(post) for post in ids], decided_at)


def _post(number: int) -> Post:
    at = NOW - timedelta(days=DAYS) * ((POSTS - number) / POSTS)
    text = f"Post {number}: a patch for the login flaw in ExampleDB is out, and everyone should install it today."
    return a_post(id=str(number), text=text, published_at=at, lang="en", url=f"https://example.org/{number}")


def _pair(post: PostId, place: int) -> tuple[float, float]:
    """Every tenth post is above the threshold for one label, and none for another."""
    return (2.0 if _alerts(post) and place == post // ALERT_EVERY % len(LABELS) else -2.0), 0.0


def _alerts(post: PostId) -> bool:
    return post % ALERT_EVERY == 0


def _decision(post: PostId) -> Decision:
    names = [label.name for label in LABELS]
    if not _alerts(post):
        scores = tuple(a_score(name, 0.12) for name in names)
        return a_decision(post, CHANNEL.key, reason=Reason.BELOW_THRESHOLD, scores=scores, matched=())
    top = a_score(names[post // ALERT_EVERY % len(LABELS)], 0.88)
    rest = tuple(a_score(name, 0.12) for name in names if name != top.label)
    return a_decision(post, CHANNEL.key, scores=(top, *rest), matched=(top,))


def _judge(connection: Connection) -> None:
    for alert in alerts.latest(connection, CHANNEL.key, POSTS)[::JUDGED_EVERY]:
        judged = Judged.RELEVANT if alert.id % 2 else Judged.NOT_RELEVANT
        judgements.give(connection, CHANNEL.key, a_judgement(alert.id, judged=judged))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
