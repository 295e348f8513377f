"""What is asked of the model for somebody, and the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from classifier.types import Speaker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
class Request:
    """A Question, and whoever waits for its answer."""

    asked: Sequence[str]
    hypotheses: Sequence[str]
    answer: "asyncio.Future[Answer]"
    lane: Lane
    texts: Sequence[str] = ()
    """Those that whoever spoke last has not answered yet, each once; see `take` for their order, and what may be added.
    """

    least: int = 1
    """So many of the texts have to go to the model in one call, or the answer might never be complete: one, or where
    speakers change all the time one for each of them, of which there are two or three.
    """

    said: "dict[Speaker, dict[str, NDArray[np.float32]]]" = field(default_factory=dict)
    """What each speaker answered so far, [hypotheses, 2] a text: kept while another one speaks, who may not go on."""

    alone: bool = False
    """The model failed on it among others: whose fault that was shows when each is asked alone."""

    passed: float = 0.0

    def __post_init__(self) -> None:
        self.texts = list(dict.fromkeys(self.asked))

    def take(self, rows: "Mapping[str, NDArray[np.float32]]", speaker: Speaker) -> None:
        """Take up what of this was answered. The whole answer is given once one speaker has given all of it.

        Next stand the texts that nobody has answered: whoever speaks then, it is a step on. A call that was none,
        because speakers change all the time, is followed by one with a text for each of those who have spoken. So two
        calls bring a speaker at least one text further, and there is an end however they take turns.
        """
        answered = {text: rows[text] for text in self.asked if text in rows}
        if self.asked and not answered:
            return
        said = self.said.setdefault(speaker, {})
        a_step = not answered.keys() <= said.keys()
        said |= answered
        lacking = self._lacking(said)
        if not lacking:
            self.answer.set_result(Answer(self._stack(said), speaker))
            return
        each = [] if a_step else [self._lacking(others)[0] for others in self.said.values()]
        known = frozenset().union(*self.said.values())
        first = list(dict.fromkeys(each))
        self.texts = list(dict.fromkeys([*first, *sorted(lacking, key=known.__contains__)]))
        self.least = max(1, len(first))

    def _lacking(self, said: "Mapping[str, NDArray[np.float32]]") -> list[str]:
        """Each once, in the order asked."""
        return [text for text in dict.fromkeys(self.asked) if text not in said]

    def _stack(self, said: "Mapping[str, NDArray[np.float32]]") -> "NDArray[np.float32]":
        """Shape [asked, hypotheses, 2], also where nothing was asked."""
        import numpy as np  # noqa: PLC0415  (who only starts need not pay for it; the engine has it loaded by now)

        rows = np.array([said[text] for text in self.asked], dtype=np.float32)
        return rows.reshape(len(self.asked), len(self.hypotheses), 2)
