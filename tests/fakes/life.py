"""One life of a program that classifies what waits in a database, with an engine that one text kills.

`python -m tests.fakes.life DATABASE TEXT` ends with 0 when nothing waits any more.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.pipeline.bell import Bell
from bot.pipeline.classify import Classify
from bot.pipeline.outage import Outage
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import SystemClock
from storage.database import open_database
from storage.inbox import SqlInbox
from tests.fakes.classifier import KeywordClassifier


class KilledBy(KeywordClassifier):
    """Takes the whole process with it when it is asked about this text, as a segmentation fault would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        if self._text in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().logits(texts, hypotheses)


async def live(path: Path, text: str) -> None:
    clock, engine = SystemClock(), KilledBy(text)
    async with open_database(path) as database:
        inbox, batcher = SqlInbox(database), Batcher(lambda: engine, engine.template)
        watch_list = WatchList(database, [], engine.template)
        await watch_list.refresh()
        outage = Outage(clock)
        stored, owed = Bell(clock), Bell(clock)
        classify = Classify(database, inbox, batcher, watch_list, clock, stored=stored, owed=owed, outage=outage)
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(batcher.run())
            deciding = tasks.create_task(classify.run())
            while (await inbox.backlog()).waiting:
                await clock.sleep(0.005)
            classify.stop()
            await deciding
            answering.cancel()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2]))
