"""A classifier without a model: it passes the same contract as the engines, and its answers can be foreseen."""

import re
from collections.abc import Sequence

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


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
