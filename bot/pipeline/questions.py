"""Questions put to the model for the stream of posts."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from classifier.batching import Batcher, Lane
from classifier.harmless import in_words
from classifier.types import Speaker
from sources.clock import Clock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

Row = list[tuple[float, float]]
"""What the model said of one text: (entailment, contradiction) a hypothesis, in their order."""

_LONGEST_REASON = 300

_PAIRS_AT_ONCE = 4_096
"""Turned into rows before others have the event loop: some 3 ms."""

_NARROW_FOR = timedelta(hours=1)
"""So long a model that fails on many hypotheses at once is asked about fewer. To find it out again may take some of its
time-outs, which are a minute each.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What was answered: a row a text, and by whom."""

    rows: list[Row]
    speaker: Speaker


class QuestionFailedError(Exception):
    """The model failed on a question with these hypotheses; `cause` is what it raised, and the text says it."""

    def __init__(self, hypotheses: tuple[str, ...], cause: Exception) -> None:
        said = in_words(cause)
        super().__init__(said if len(said) <= _LONGEST_REASON else f"{said[: _LONGEST_REASON - 1]}…")
        self.hypotheses = hypotheses
        self.cause = cause


class StoppedError(Exception):
    """No question is put any more."""


class Questions:
    """Puts them one after the other, none with more hypotheses than the model takes, and none after `stop`."""

    def __init__(self, batcher: Batcher, clock: Clock) -> None:
        self._batcher = batcher
        self._clock = clock
        self._stopped = False
        self._narrow: tuple[int, datetime] | None = None
        """The most hypotheses at once, and until when; None while the model takes any number."""

    def stop(self) -> None:
        """What has been put is still answered."""
        self._stopped = True

    def narrow(self, most: int, failure: QuestionFailedError) -> None:
        """For an hour put no more hypotheses than `most` at once, since the model fails on more."""
        log.warning("narrowed hypotheses=%d most=%d reason=%r", len(failure.hypotheses), most, str(failure))
        self._narrow = most, self._clock.now() + _NARROW_FOR

    def parts(self, hypotheses: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
        """These hypotheses, as many at once as may be put."""
        if self._narrow is None:
            return [hypotheses]
        most, until = self._narrow
        if self._clock.now() >= until:
            self._narrow = None
            return [hypotheses]
        return [hypotheses[start : start + most] for start in range(0, len(hypotheses), most)]

    async def put(self, texts: list[str], hypotheses: tuple[str, ...]) -> Said:
        """What is answered. Raises QuestionFailedError, whatever the engine raised; StoppedError after `stop`."""
        if self._stopped:
            raise StoppedError
        return await put(self._batcher, texts, hypotheses)


async def put(batcher: Batcher, texts: list[str], hypotheses: tuple[str, ...]) -> Said:
    """What is answered. Raises QuestionFailedError, whatever the engine raised."""
    try:
        found = await batcher.ask(texts, hypotheses, lane=Lane.STREAM)
    except Exception as error:
        raise QuestionFailedError(hypotheses, error) from error
    return Said(rows=await _rows(found.logits), speaker=found.speaker)


async def _rows(logits: "NDArray[np.float32]") -> list[Row]:
    """A row a text. Others have their turn in between: 256 posts under 250 hypotheses are 64,000 pairs."""
    rows: list[Row] = []
    some = max(1, _PAIRS_AT_ONCE // max(1, logits.shape[1]))
    for start in range(0, len(logits), some):
        found = logits[start : start + some].tolist()
        rows += [[(entailment, contradiction) for entailment, contradiction in row] for row in found]
        await asyncio.sleep(0)
    return rows
