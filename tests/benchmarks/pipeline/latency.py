"""How long a post takes from its source to the chat, with the default model, at 10 posts a second over 50 channels.

A whole house in this process with a real database. Each post alerts one channel, in turn, so that each channel is
alerted once in 5 s. The clock runs from the moment the source gives the post to the moment the chat is asked to send.
"""

import asyncio
from pathlib import Path

from bot.app import App
from bot.cards import AlertCard
from sources.clock import SystemClock
from storage.database import open_database
from storage.types import Channel
from tests.benchmarks.pipeline.scene import (
    TOPICS,
    FastChat,
    PacedSource,
    default_model,
    folder_on_disk,
    post_of,
    save,
    watching,
)
from tests.benchmarks.report import Figure

CHANNELS = 50
EVERY_S = 0.1
LABELS_EACH = 3
ALWAYS = 0.0001
"""A threshold that everything is above: what is measured is the way, not the judgement."""

WARM_UP, COUNTED = 30, 350
PACE_S = 1.0
TAKES_S = 0.1
MOST_P50_S, MOST_P99_S = 0.3, 1.0
_GIVE_UP_S = 90.0


def measure() -> list[Figure]:
    """Of all posts after the first few."""
    with folder_on_disk() as folder:
        took = sorted(asyncio.run(_latencies_s(folder / "lapwing.db"))[WARM_UP:])
    assert len(took) == COUNTED, "every post alerts"
    return [
        Figure(name="post to chat, p50, s", value=took[len(took) // 2], ceiling=MOST_P50_S),
        Figure(name="post to chat, p99, s", value=took[int(len(took) * 0.99)], ceiling=MOST_P99_S),
        Figure(name="post to chat, the slowest, s", value=took[-1]),
    ]


async def _latencies_s(path: Path) -> list[float]:
    """Of each post, in the order they were given."""
    batcher = default_model()
    posts = [post_of(f"account{number % CHANNELS}", number) for number in range(WARM_UP + COUNTED)]
    source = PacedSource(posts, every_s=EVERY_S, after=batcher.ready)
    chat = FastChat(pace_s=PACE_S, takes_s=TAKES_S, expects=len(posts))
    async with open_database(path) as database:
        await save(database, [_channel(number) for number in range(CHANNELS)])
        app = App(
            database=database,
            sources=[source],
            batcher=batcher,
            platforms=[chat],
            clock=SystemClock(),
            gate=asyncio.Event(),
        )
        running = asyncio.create_task(app.run(), name="house")
        async with asyncio.timeout(_GIVE_UP_S):
            await chat.done.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    arrived = {came.card.text: came.at for came in chat.came if isinstance(came.card, AlertCard)}
    return [arrived[post.text] - source.given_at[post.id] for post in posts]


def _channel(number: int) -> Channel:
    labels = [TOPICS[(number + place) % len(TOPICS)] for place in range(LABELS_EACH)]
    return watching(number, [f"account{number}"], labels, threshold=ALWAYS)
