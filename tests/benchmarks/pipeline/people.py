"""How long people wait for `/test` and for the preview of `/watch` while 10,000 posts wait for the default model.

A whole house in this process with a real database. Nothing is asked before the model is loaded and at work.
"""

import asyncio
import time
from pathlib import Path

from bot.app import App
from bot.commands.types import Actor, Asked
from sources.clock import SystemClock
from storage.database import Database, open_database
from storage.inbox import SqlInbox
from tests.benchmarks.pipeline.scene import (
    TOPICS,
    FastChat,
    PacedSource,
    channel_key,
    default_model,
    folder_on_disk,
    post_of,
    put,
    save,
    watching,
)
from tests.benchmarks.report import Figure

WAITING = 10_000
CHANNELS = 50
LABELS_EACH = 3
TIMES = 12
"""As often each of the two is asked, in turn."""

EVERY_S = 0.4
MOST_S = 2.0
_AT_WORK_S = 3.0
"""After so long rounds have found their size."""


def measure() -> list[Figure]:
    """The worst of all answers of each kind."""
    with folder_on_disk() as folder:
        tests, previews, left = asyncio.run(_answers_s(folder / "lapwing.db"))
    return [
        Figure(name="/test behind 10,000 posts, the slowest, s", value=max(tests), ceiling=MOST_S),
        Figure(name="/watch behind 10,000 posts, the slowest, s", value=max(previews), ceiling=MOST_S),
        Figure(name="posts that still waited at the end", value=left, floor=1),
    ]


async def _answers_s(path: Path) -> tuple[list[float], list[float], int]:
    """How long each `/test` took, how long each `/watch`, and how many posts were still waiting after the last."""
    batcher = default_model()
    async with open_database(path) as database:
        await _fill(database)
        app = App(
            database=database,
            sources=[PacedSource()],
            batcher=batcher,
            platforms=[FastChat()],
            clock=SystemClock(),
            gate=asyncio.Event(),
        )
        running = asyncio.create_task(app.run(), name="house")
        await batcher.ready()
        await asyncio.sleep(_AT_WORK_S)
        tests, previews = [], []
        for number in range(TIMES):
            tests.append(await _answer_s(app, f"/test Alert {number}: the database was stolen.", "alert here"))
            await asyncio.sleep(EVERY_S)
            previews.append(
                await _answer_s(app, f"/watch @newcomer{number}", "of its last 20 posts would have alerted")
            )
            await asyncio.sleep(EVERY_S)
        left = (await SqlInbox(database).backlog()).waiting
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return tests, previews, left


async def _fill(database: Database) -> None:
    settings = [
        watching(number, [f"account{number}"], [TOPICS[(number + place) % len(TOPICS)] for place in range(LABELS_EACH)])
        for number in range(CHANNELS)
    ]
    await save(database, settings)
    await put(database, [post_of(f"account{number % CHANNELS}", number) for number in range(WAITING)])


async def _answer_s(app: App, text: str, expected: str) -> float:
    asked = Asked(actor=Actor(id="U1", name="Ada"), channel=channel_key(0), channel_name="channel000", text=text)
    started = time.perf_counter()
    reply = await app.answer(asked)
    took_s = time.perf_counter() - started
    assert expected in reply.text, reply.text
    return took_s
