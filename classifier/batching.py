"""Between many who ask and one model: a thread of its own for the model, and two lanes in front of it.

The event loop never runs the model and never waits for it. No timer either: the model is given whatever waits when it
is free, as much as it does in a window (see `windows`). People (`/test`, previews) go before the stream of posts;
within a lane it is first come, first served, and who asks for the same hypotheses goes along. A request larger than a
window is answered in portions, and people are looked for before each. Each lane is bounded: who asks when it is full
waits for a place.
"""

import asyncio
import gc
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifier.memory import recalled
from classifier.request import Answer, Lane, Request
from classifier.types import (
    MODEL_THREAD,
    AnswerUnusableError,
    Classifier,
    Model,
    ModelUnavailableError,
    Several,
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
        self._lanes: dict[Lane, deque[Request]] = {lane: deque() for lane in Lane}
        self._places = {lane: asyncio.Semaphore(_MOST_WAITING) for lane in Lane}
        self._asked = asyncio.Event()
        self._pace = Pace()

    @property
    def model(self) -> Model:
        """The model that answers. Only once it is loaded."""
        return self.speaker.model

    @property
    def speaker(self) -> Speaker:
        """Who answers: of several engines the one that spoke last. Only once the model is loaded."""
        assert self._classifier is not None, "the model is not loaded yet: await ready() first"
        return _speaker(self._classifier)

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
            except asyncio.CancelledError:
                if request in self._lanes[lane]:  # a place given back is free
                    self._lanes[lane].remove(request)
                raise

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
        """Who is asked for in the next call; taken out of their lane, which is the first where anyone waits."""
        while True:
            for lane, waiting in self._lanes.items():
                if wanted := [request for request in waiting if not request.answer.done()]:  # who asked may be gone
                    window = together(wanted, self._most(wanted))
                    self._lanes[lane] = deque(request for request in wanted if request not in window)
                    return window
                waiting.clear()
            self._asked.clear()
            await self._asked.wait()

    def _most(self, requests: Sequence[Request]) -> int:
        return self._pace.most(len(requests[0].hypotheses))

    async def _answer(self, window: list[Request], classifier: Classifier, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        texts, hypotheses = merge(window, self._most(window)), window[0].hypotheses
        self.busy_since, started = self._now(), loop.time()
        try:
            answer, remembered = await loop.run_in_executor(thread, _ask, classifier, texts, hypotheses)
        finally:
            self.busy_since = None
        if isinstance(answer, Exception):
            self._fail(window, answer)
            return
        if hypotheses:
            self._pace.learn(len(hypotheses), len(texts) - remembered / len(hypotheses), loop.time() - started)
        rows = dict(zip(texts, answer.logits, strict=True))
        for request in window:
            if not request.answer.done():  # whoever asked may be gone, and nobody else is meant
                request.take(rows, answer.speaker)
        self._put_back([request for request in window if not request.answer.done()])

    def _fail(self, window: list[Request], error: Exception) -> None:
        """Of several nobody knows whose fault it is, unless the model does not answer now, whoever asks."""
        if len(window) > 1 and not isinstance(error, ModelUnavailableError):
            for request in window:
                request.alone = True
            self._put_back(window)
            return
        for request in window:
            if not request.answer.done():
                request.answer.set_exception(error)

    def _put_back(self, requests: Sequence[Request]) -> None:
        """Before all others of their lane, as they came."""
        for request in reversed(requests):
            self._lanes[request.lane].appendleft(request)


def _ask(classifier: Classifier, texts: Sequence[str], hypotheses: Sequence[str]) -> tuple[Answer | Exception, int]:
    """On the model's thread: the answer, or what is wrong with it, and how many pairs were remembered, not scored."""
    before = recalled()
    try:
        answer = classifier.logits(texts, hypotheses)
        _check(answer, (len(texts), len(hypotheses), 2))
    except BaseException as error:  # on this thread even a panic of a tokenizer in Rust is only an answer that failed
        if isinstance(error, Exception) and not isinstance(error, StopIteration):  # which no future takes
            return error, 0
        return RuntimeError(f"the engine raised {type(error).__name__} {error}".rstrip()), 0
    return Answer(answer, _speaker(classifier)), recalled() - before


def _speaker(classifier: Classifier) -> Speaker:
    if isinstance(classifier, Several):
        return classifier.speaker
    return Speaker(model=classifier.model, template=classifier.template)


def _told(classifier: Classifier) -> Sequence[str]:
    return classifier.tell() if isinstance(classifier, Telling) else ()


def _check(answer: "NDArray[np.float32]", shape: tuple[int, int, int]) -> None:
    import numpy as np  # noqa: PLC0415  (who only starts need not pay for it; the engine has it loaded by now)

    found = getattr(answer, "shape", None)
    if found != shape:
        raise AnswerUnusableError(f"the model's answer has the shape {found}, not {shape}")
    if not np.isfinite(answer).all():
        raise AnswerUnusableError("the model answered with what is not a number")


def _be_nice() -> None:
    """On Linux niceness belongs to a thread; set before torch is imported, the threads it starts inherit it."""
    if sys.platform != "linux":
        return
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    except OSError as error:
        log.warning("kept priority thread=model reason=%s", error)
