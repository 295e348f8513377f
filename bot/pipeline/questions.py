"""Questions put to the model for the stream of posts."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifier.batching import Batcher, Lane
from classifier.harmless import in_words
from classifier.types import Speaker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = list[tuple[float, float]]
"""What the model said of one text: (entailment, contradiction) a hypothesis, in their order."""

_LONGEST_REASON = 300

_PAIRS_AT_ONCE = 4_096
"""Turned into rows before others have the event loop: some 3 ms."""


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


async def put(batcher: Batcher, texts: list[str], hypotheses: tuple[str, ...]) -> Said:
    """What is answered. Raises QuestionFailedError, whatever the engine raised."""
    try:
        found = await batcher.ask(texts, hypotheses, lane=Lane.STREAM)
    except Exception as error:
        raise QuestionFailedError(hypotheses, error) from error
    return Said(rows=await _rows(found.logits), speaker=found.speaker)


async def failure_of(batcher: Batcher, texts: list[str], hypotheses: tuple[str, ...]) -> QuestionFailedError | None:
    """How the model fails on this question; None when it answers."""
    try:
        await put(batcher, texts, hypotheses)
    except QuestionFailedError as failure:
        return failure
    return None


async def _rows(logits: "NDArray[np.float32]") -> list[Row]:
    """A row a text. Others have their turn in between: 256 posts under 250 hypotheses are 64,000 pairs."""
    rows: list[Row] = []
    some = max(1, _PAIRS_AT_ONCE // max(1, logits.shape[1]))
    for start in range(0, len(logits), some):
        found = logits[start : start + some].tolist()
        rows += [[(entailment, contradiction) for entailment, contradiction in row] for row in found]
        await asyncio.sleep(0)
    return rows
