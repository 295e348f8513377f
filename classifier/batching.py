"""Between many who ask and one model: a thread of its own for the model, and two lanes in front of it.

The event loop never runs the model and never waits for it. No timer either: the model is given whatever waits when it
is free. People (`/test`, previews) go before the stream of posts; within a lane it is first come, first served, and who
asks for the same hypotheses goes along. Each lane is bounded: who asks when it is full waits for a place.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

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

log = logging.getLogger(__name__)

_MOST_WAITING = 64
_NICENESS = 15
"""The model's thread yields to the event loop: p99 of the loop falls from 3.8 to 1.1 ms at the same throughput."""


class Lane(IntEnum):
    """Who goes first."""

    PEOPLE = 0
    STREAM = 1


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Logits, and who gave them: all of them one speaker."""

    logits: "NDArray[np.float32]"
    """Shape [texts, hypotheses, 2], as `Classifier.logits`."""

    speaker: Speaker


@dataclass(slots=True, eq=False)
class _Request:
    texts: Sequence[str]
    hypotheses: Sequence[str]
    answer: "asyncio.Future[Answer]"
    lane: Lane
    alone: bool = False
    """The model failed on it among others: whose fault that was shows when each is asked alone."""


class Batcher:
    """One model behind two lanes. `run` must be running for anything to be answered."""

    def __init__(
        self, load: Callable[[], Classifier], template: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.template = template
        """What hypotheses are asked in. Who answers may have been asked in another: see `Speaker`."""

        self.busy_since: datetime | None = None
        """Since when the model has been at work on one question, by `now`; None while it rests."""

        self._now = now
        self._load = load
        self._classifier: Classifier | None = None
        self._loaded = asyncio.Event()
        self._lanes: dict[Lane, deque[_Request]] = {lane: deque() for lane in Lane}
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
            request = _Request(texts, hypotheses, asyncio.get_running_loop().create_future(), lane)
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
            log.info("loaded model=%s", self._classifier.model)
            while True:
                window = await self._next()
                await self._answer(window, self._classifier, thread)
        finally:
            thread.shutdown(wait=False)  # waiting here would block the event loop for as long as the model runs

    async def _next(self) -> list[_Request]:
        while True:
            for waiting in self._lanes.values():
                if window := together([request for request in waiting if not request.answer.done()], self._pace.most):
                    self._lanes[window[0].lane] = deque(request for request in waiting if request not in window)
                    return window
                waiting.clear()  # whoever asked may be gone
            self._asked.clear()
            await self._asked.wait()

    async def _answer(self, window: list[_Request], classifier: Classifier, thread: ThreadPoolExecutor) -> None:
        texts, places = merge(window)
        self.busy_since = self._now()
        try:
            answer, took_s = await asyncio.get_running_loop().run_in_executor(
                thread, _ask, classifier, texts, window[0].hypotheses
            )
        finally:
            self.busy_since = None
        if _is_somebodys(answer) and len(window) > 1:
            self._ask_each_alone(window)
            return
        if not isinstance(answer, Exception):
            self._pace.learn(len(texts) * len(window[0].hypotheses), took_s)
        for request, mine in zip(window, places, strict=True):
            if request.answer.done():  # whoever asked is gone, and nobody else is meant
                continue
            if isinstance(answer, Exception):
                request.answer.set_exception(answer)
            else:
                request.answer.set_result(Answer(answer.logits[mine], answer.speaker))

    def _ask_each_alone(self, window: list[_Request]) -> None:
        """Before all others of their lane, as they came."""
        for request in window:
            request.alone = True
        self._lanes[window[0].lane].extendleft(reversed(window))


def _ask(classifier: Classifier, texts: Sequence[str], hypotheses: Sequence[str]) -> tuple[Answer | Exception, float]:
    """On the model's thread: the answer, or what is wrong with it, and how many seconds it took."""
    started = time.monotonic()
    try:
        answer = classifier.logits(texts, hypotheses)
        _check(answer, (len(texts), len(hypotheses), 2))
    except BaseException as error:  # on this thread even a panic of a tokenizer in Rust is only an answer that failed
        took_s = time.monotonic() - started
        if isinstance(error, Exception) and not isinstance(error, StopIteration):  # which no future takes
            return error, took_s
        return RuntimeError(f"the engine raised {type(error).__name__} {error}".rstrip()), took_s
    return Answer(answer, _speaker(classifier)), time.monotonic() - started


def _is_somebodys(answer: Answer | Exception) -> bool:
    """Whether the model failed on what it was asked: one that does not answer now answers nobody."""
    return isinstance(answer, Exception) and not isinstance(answer, ModelUnavailableError)


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
