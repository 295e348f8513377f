"""A classifier of words that fails by the weather, and on poison always; and a note of whatever the stream asked it."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.batching import Answer, Batcher, Lane
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.simulation.source import POISON
from tests.fakes.simulation.time import SimulatedLoop
from tests.fakes.simulation.weather import HOUR_S, MINUTE_S, Climate, Weather

RAISING, HANGING, NAN = "raising", "hanging", "nan"

CLIMATES = (
    Climate(RAISING, 1, 2 * HOUR_S, 2 * HOUR_S),
    Climate(RAISING, 8, 1 * MINUTE_S, 10 * MINUTE_S),
    Climate(HANGING, 3, 10 * MINUTE_S, 40 * MINUTE_S),
    Climate(NAN, 4, 1 * MINUTE_S, 10 * MINUTE_S),
)

_LOADING_S = 2.0
_A_QUESTION_S = 0.005
_A_PAIR_S = 0.00005


class ModelLog:
    """Outlives every life of the program."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str], list[float]] = defaultdict(list)
        """(text, hypothesis) -> when the stream was answered."""

        self.failed: list[float] = []
        """When a question failed."""


class WeatheredClassifier(KeywordClassifier):
    """Runs on what stands for the model's thread."""

    def __init__(self, weather: Weather, log: ModelLog) -> None:
        super().__init__()
        self._weather = weather
        self._log = log
        _loop().block(_LOADING_S)

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        now = _loop().time()
        trouble = self._weather.at(now)
        _loop().block(_A_QUESTION_S + _A_PAIR_S * len(texts) * len(hypotheses))
        if trouble == HANGING:
            _loop().block(
                max(spell.end_s for spell in self._weather.spells if spell.start_s <= now < spell.end_s) - now
            )
        if trouble == RAISING or any(POISON in text for text in texts):
            raise ValueError("the model has choked")
        answers = super().logits(texts, hypotheses)
        return np.full_like(answers, np.nan) if trouble == NAN else answers


class NotingBatcher(Batcher):
    """A Batcher that notes what the stream asked."""

    def __init__(self, log: ModelLog, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._log = log

    async def ask(self, texts: Sequence[str], hypotheses: Sequence[str], *, lane: Lane) -> Answer:
        try:
            found = await super().ask(texts, hypotheses, lane=lane)
        except Exception:
            self._log.failed.append(_loop().time())
            raise
        if lane is Lane.STREAM:
            for text in texts:
                for hypothesis in hypotheses:
                    self._log.answered[text, hypothesis].append(_loop().time())
        return found


def _loop() -> SimulatedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop), "only a simulated world has this weather"
    return loop
