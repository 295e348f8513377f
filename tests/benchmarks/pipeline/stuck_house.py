"""A whole house in a process of its own, whose classifier never answers and whose chat is down.

    python -m tests.benchmarks.pipeline.stuck_house DATABASE SECONDS

Lives that long, is asked for its health, and says on its last line as JSON what still waited and how much memory the
process held at most.
"""

import asyncio
import json
import re
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.app import App
from bot.cards import Card
from bot.chat.base import TryLaterError
from bot.commands.types import Actor, Asked
from classifier.batching import Batcher
from classifier.types import Model
from sources.clock import SystemClock
from storage import outbox
from storage.database import Database, open_database
from storage.inbox import SqlInbox
from storage.types import ChannelKey, DeliveryKey, Receipt
from tests.benchmarks.pipeline.scene import PLATFORM, FastChat, PacedSource, channel_key
from tests.fakes.builders import TEMPLATE

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class HangingClassifier:
    """Takes a question and does not answer it before the house ends."""

    separable = True
    template = TEMPLATE
    model = Model(engine="hanging", name="none", revision="1")

    def __init__(self) -> None:
        self.end = threading.Event()

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.end.wait()
        return np.zeros((len(texts), len(hypotheses), 2), dtype=np.float32)


class ChatDown(FastChat):
    """Refuses everything for now."""

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        raise TryLaterError("the chat answers 503")


async def main(path: Path, seconds: float) -> None:
    """Run a house on this database for so long, and report."""
    classifier = HangingClassifier()
    async with open_database(path) as database:
        app = App(
            database=database,
            sources=[PacedSource()],
            batcher=Batcher(lambda: classifier, TEMPLATE),
            platforms=[ChatDown()],
            clock=SystemClock(),
            gate=asyncio.Event(),
        )
        running = asyncio.create_task(app.run(), name="house")
        await asyncio.sleep(seconds)
        await app.answer(
            Asked(actor=Actor(id="U1", name="Ada"), channel=channel_key(0), channel_name="channel000", text="/health")
        )
        assert not running.done(), "the house ended by itself"
        waited = await _waiting(database)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    classifier.end.set()
    sys.stdout.write(json.dumps({"peak_mib": _peak_mib(), **waited}) + "\n")


async def _waiting(database: Database) -> dict[str, int]:
    owed = await database.read(partial(outbox.owed, platforms=[PLATFORM]))
    return {"inbox": (await SqlInbox(database).backlog()).waiting, "outbox": owed.waiting}


def _peak_mib() -> float:
    """Resident memory."""
    found = _PEAK.search(Path("/proc/self/status").read_text())
    assert found, "only Linux says how much memory a process held at most"
    return int(found[1]) / 1024


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
