"""A classifier that takes time, on a simulated loop, and a Batcher at work there."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.batching import Answer, Batcher
from classifier.null import NullClassifier
from classifier.types import ClassifierError
from classifier.windows import Pace
from tests.fakes.simulation.time import SimulatedLoop

TEMPLATE = "This is about {}."


def hypotheses(count: int, of: str = "label") -> list[str]:
    return [f"This is about {of} {number}." for number in range(count)]


def posts(count: int, of: str = "post") -> list[str]:
    return [f"{of}/{number}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Call:
    start_s: float
    texts: list[str]
    hypotheses: int


class TimedClassifier(NullClassifier):
    """Takes its time: so long for a call, and so long for each pair; of `at_once` texts as long as for one."""

    def __init__(self, loop: SimulatedLoop, *, call_s: float = 0.0, pair_s: float, at_once: int = 1) -> None:
        super().__init__(template=TEMPLATE)
        self.loop, self.call_s, self.pair_s, self.at_once = loop, call_s, pair_s, at_once
        self.calls: list[Call] = []
        self.refused = ""
        self.pace = Pace()
        self.largest_s = 0.0
        """The pairs' share of the largest window, by `pace`, of the numbers of hypotheses that were asked."""

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append(Call(self.loop.time(), list(texts), len(hypotheses)))
        a_window_s = self.pair_s * len(hypotheses) * self.pace.most(len(hypotheses))
        self.largest_s = max(self.largest_s, a_window_s)
        self.loop.block(self.call_s + self.pair_s * len(hypotheses) * -(-len(texts) // self.at_once))
        if self.refused in texts:
            raise ClassifierError("this text is refused")
        return super().logits(texts, hypotheses)


@contextmanager
def simulated() -> Iterator[SimulatedLoop]:
    made = SimulatedLoop()
    yield made
    made.close()


def play(loop: SimulatedLoop, batcher: Batcher, scene: Coroutine[Any, Any, None]) -> None:
    """The scene, with the batcher at work."""

    async def both() -> None:
        working = asyncio.ensure_future(batcher.run())
        await batcher.ready()
        await scene
        working.cancel()
        await asyncio.wait([working])

    loop.run_until_complete(both())


def is_right(answer: Answer, texts: Sequence[str], asked: Sequence[str]) -> bool:
    return np.array_equal(answer.logits, NullClassifier(template=TEMPLATE).logits(texts, asked))
