"""Between many who ask and one model: a thread of its own for the model, and two lanes in front of it.

The event loop never runs the model and never waits for it. No timer either: the model is given whatever waits when it
is free, as much as it does in a window (see `windows`). People (`/test`, previews) go before the stream of posts;
within a lane it is first come, first served, and who asks for the same hypotheses goes along. A request larger than a
window is answered in portions, and people are looked for before each. Each lane is bounded: who asks when it is full
waits for a place.

A window is of one speaker's pace. Where several engines stand behind each other, nobody knows before a call who will
answer; so each is put only the first texts of the window, as many as itself is known to do, and the rest waits on.
"""

import asyncio
import gc
import logging
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from classifier.call import call, speaker_of
from classifier.request import Answer, Lane, Request
from classifier.types import (
    MODEL_THREAD,
    Classifier,
    Model,
    ModelUnavailableError,
    Speaker,
    Telling,
)
from classifier.windows import Pace, merge, together

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Answer", "Batcher", "Lane"]

log = logging.getLogger(__name__)

_MOST_WAITING = 64
_NICENESS = 15
"""The model's thread yields to the event loop: p99 of the loop falls from 3.8 to 1.1 ms at the same throughput."""


class Batcher:
    """One model behind two lanes. `run` must be running for anything to be answered."""

    def __init__(
        self, load: Callable[[], Classifier], template: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.template = template
        """What hypotheses are asked in. Who answers may have been asked in another: see `Speaker`."""

        self.busy_since: datetime | None = None
        """Since when the model has been at work on one call, by `now`; None while it rests."""

        self._now = now
        self._load = load
        self._classifier: Classifier | None = None
        self._loaded = asyncio.Event()
        self._lanes: dict[Lane, list[Request]] = {lane: [] for lane in Lane}
        """As they came. Each stays until it has its answer, also while the model is at work on it."""

        self._places = {lane: asyncio.Semaphore(_MOST_WAITING) for lane in Lane}
        self._asked = asyncio.Event()
        self._paces = defaultdict[Speaker, Pace](Pace)

    @property
    def model(self) -> Model:
        """The model that answers. Only once it is loaded."""
        return self.speaker.model

    @property
    def speaker(self) -> Speaker:
        """Who answers: of several engines the one that spoke last. Only once the model is loaded."""
        assert self._classifier is not None, "the model is not loaded yet: await ready() first"
        return speaker_of(self._classifier)

    def tell(self) -> Sequence[str]:
        """What more the engine has to tell people, a sentence each."""
        return () if self._classifier is None else _told(self._classifier)

    @property
    def loaded(self) -> bool:
        return self._classifier is not None

    async def ready(self) -> Model:
        """Wait until the model is loaded."""
        await self._loaded.wait()
        return self.model

    async def logits(self, texts: Sequence[str], hypotheses: Sequence[str], *, lane: Lane) -> "NDArray[np.float32]":
        """Shape [texts, hypotheses, 2], of whoever answered: for what is shown at once, and not stored. See `ask`."""
        return (await self.ask(texts, hypotheses, lane=lane)).logits

    async def ask(self, texts: Sequence[str], hypotheses: Sequence[str], *, lane: Lane) -> Answer:
        """Hypotheses in `template`. Waits for the model; cancelling gives the place back.

        Raises what the classifier raises: ClassifierError, or any other Exception where the engine has a bug;
        AnswerUnusableError for an answer with a wrong shape or with what is not a number.
        """
        async with self._places[lane]:
            request = Request(texts, hypotheses, asyncio.get_running_loop().create_future(), lane)
            self._lanes[lane].append(request)
            self._asked.set()
            try:
                return await request.answer
            finally:
                self._lanes[lane].remove(request)

    async def run(self) -> None:
        """Load the model, then answer for ever. Raises ClassifierError when the model cannot be loaded."""
        thread = ThreadPoolExecutor(1, thread_name_prefix=MODEL_THREAD, initializer=_be_nice)
        try:
            self._classifier = await asyncio.get_running_loop().run_in_executor(thread, self._load)
            self._loaded.set()
            gc.freeze()  # torch's half a million objects stay: each full collection would hold the loop 200 ms for them
            log.info("loaded model=%s", self._classifier.model)
            while True:
                window = await self._next()
                await self._answer(window, self._classifier, thread)
        finally:
            gc.unfreeze()
            thread.shutdown(wait=False)  # waiting here would block the event loop for as long as the model runs

    async def _next(self) -> list[Request]:
        """Who is asked for in the next call; all of the first lane where anyone waits."""
        while True:
            for waiting in self._lanes.values():
                if wanted := [request for request in waiting if not request.answer.done()]:  # who asked may be gone
                    return together(wanted, self._most(wanted, self.speaker))
            self._asked.clear()
            await self._asked.wait()

    def _most(self, requests: Sequence[Request], speaker: Speaker) -> int:
        """So many texts of these go to this speaker at once."""
        return max(requests[0].least, self._paces[speaker].most(len(requests[0].hypotheses)))

    async def _answer(self, window: list[Request], classifier: Classifier, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        texts, hypotheses = merge(window, self._most(window, self.speaker)), window[0].hypotheses
        most = partial(self._most, window)
        self.busy_since, started = self._now(), loop.time()
        try:
            found = await loop.run_in_executor(thread, call, classifier, texts, hypotheses, most, loop.time)
        finally:
            self.busy_since = None
        if isinstance(found, Exception):
            self._fail(window, found)
            return
        if hypotheses:
            worked = len(found.rows) - found.remembered / len(hypotheses)
            self._paces[found.speaker].learn(len(hypotheses), worked, loop.time() - started - found.lost_s)
        for request in window:
            if not request.answer.done():  # whoever asked may be gone, and nobody else is meant
                request.take(found.rows, found.speaker)

    def _fail(self, window: list[Request], error: Exception) -> None:
        """Of several nobody knows whose fault it is, unless the model does not answer now, whoever asks."""
        if len(window) > 1 and not isinstance(error, ModelUnavailableError):
            for request in window:
                request.alone = True
            return
        for request in window:
            if not request.answer.done():
                request.answer.set_exception(error)


def _told(classifier: Classifier) -> Sequence[str]:
    return classifier.tell() if isinstance(classifier, Telling) else ()


def _be_nice() -> None:
    """On Linux niceness belongs to a thread; set before torch is imported, the threads it starts inherit it."""
    if sys.platform != "linux":
        return
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    except OSError as error:
        log.warning("kept priority thread=model reason=%s", error)
