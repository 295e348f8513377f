"""Questions put to the model for the stream of posts, and what it means when one fails."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifier.batching import Batcher, Lane
from classifier.types import ClassifierError, Speaker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = list[tuple[float, float]]
"""What the model said of one text: (entailment, contradiction) a hypothesis, in their order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What was answered: a row a text, and by whom."""

    rows: list[Row]
    speaker: Speaker


_HARMLESS = "The weather is fine today."
_LONGEST_REASON = 300

_PAIRS_AT_ONCE = 4_096
"""Turned into rows before others have the event loop: some 3 ms."""


class QuestionFailedError(Exception):
    """The model failed on a question with these hypotheses; `__cause__` is what it raised, and the text says it."""

    def __init__(self, hypotheses: tuple[str, ...], cause: Exception) -> None:
        super().__init__(_in_words(cause))
        self.hypotheses = hypotheses


async def put(batcher: Batcher, texts: list[str], hypotheses: tuple[str, ...]) -> Said:
    """What is answered. Raises QuestionFailedError, whatever the engine raised."""
    try:
        found = await batcher.ask(texts, hypotheses, lane=Lane.STREAM)
    except Exception as error:
        raise QuestionFailedError(hypotheses, error) from error
    return Said(rows=await _rows(found.logits), speaker=found.speaker)


async def trouble_with_everything(batcher: Batcher, hypotheses: tuple[str, ...]) -> str:
    """Why the model does not answer these hypotheses even for a harmless text; empty when it does."""
    try:
        await put(batcher, [_HARMLESS], hypotheses)
    except QuestionFailedError as failure:
        return str(failure)
    return ""


async def _rows(logits: "NDArray[np.float32]") -> list[Row]:
    """A row a text. Others have their turn in between: 256 posts under 250 hypotheses are 64,000 pairs."""
    rows: list[Row] = []
    some = max(1, _PAIRS_AT_ONCE // max(1, logits.shape[1]))
    for start in range(0, len(logits), some):
        found = logits[start : start + some].tolist()
        rows += [[(entailment, contradiction) for entailment, contradiction in row] for row in found]
        await asyncio.sleep(0)
    return rows


def _in_words(error: Exception) -> str:
    """What the engine raised: its own words where it means them for people, with its kind where it is a bug; short."""
    text = " ".join(str(error).split())
    named = text if isinstance(error, ClassifierError) and text else f"{type(error).__name__}: {text}".rstrip(": ")
    return named if len(named) <= _LONGEST_REASON else f"{named[: _LONGEST_REASON - 1]}…"
