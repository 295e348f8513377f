"""A classifier without a model: it passes the same contract as the engines, and its answers can be foreseen."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.types import CONTRADICTION, ENTAILMENT, Model

_WORD = re.compile(r"\w+")
_SURE = 5.0
"""A logit that makes an independent score of more than .99."""


class KeywordClassifier:
    """A hypothesis is entailed as far as the label's words occur in the text: whole words, without regard to case."""

    separable = True

    def __init__(self, template: str = "This text is about {}.") -> None:
        self.template = template
        self.model = Model(engine="keyword", name="words", revision="1", languages=("en",))

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        answers = np.empty((len(texts), len(hypotheses), 2), dtype=np.float32)
        wanted = [self._label_words(hypothesis) for hypothesis in hypotheses]
        for row, text in enumerate(texts):
            found = _words(text)
            for column, words in enumerate(wanted):
                share = len(words & found) / len(words) if words else 0.0
                answers[row, column, ENTAILMENT] = _SURE * (2 * share - 1)
                answers[row, column, CONTRADICTION] = -answers[row, column, ENTAILMENT]
        return answers

    def _label_words(self, hypothesis: str) -> frozenset[str]:
        before, _, after = self.template.partition("{}")
        return _words(hypothesis.removeprefix(before).removesuffix(after))


class TroubledClassifier(KeywordClassifier):
    """Answers well but for the texts in `fails_on`, and not at all while it is `down`. Notes the texts it was asked."""

    def __init__(self, fails_on: Mapping[str, "Failure"] | None = None) -> None:
        super().__init__()
        self.fails_on = dict(fails_on or {})
        self.down: Exception | None = None
        self.asked: list[str] = []
        self.calls = 0
        self.at_work, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def hang(self) -> None:
        """From the next question on, none is answered until `may_answer` is set."""
        self.at_work.clear()
        self.may_answer.clear()

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        self.asked += texts
        self.at_work.set()
        assert self.may_answer.wait(20), "a test left the model hanging"
        if self.down is not None:
            raise self.down
        answers = super().logits(texts, hypotheses)
        for text in texts:
            if text in self.fails_on:
                answers = self.fails_on[text](answers)
        return answers


Failure = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What a model makes of a good answer."""


def raises(error: Exception) -> Failure:
    """Fails with this error."""

    def fail(_: NDArray[np.float32]) -> NDArray[np.float32]:
        raise error

    return fail


def not_a_number(answers: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.full_like(answers, np.nan)


def one_row_short(answers: NDArray[np.float32]) -> NDArray[np.float32]:
    return answers[1:]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
