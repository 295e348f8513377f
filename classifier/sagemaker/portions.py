"""Texts and labels cut into portions that an endpoint answers in time. Pure."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from classifier.memory import Pair, Said
from classifier.sagemaker import answers
from classifier.sagemaker.asking import Question

_TEXTS_A_CALL, _PAIRS_A_CALL = 8, 64
"""An endpoint must answer within 60 s, and one without a GPU computes a few pairs a second."""

_LABELS_A_CALL = _PAIRS_A_CALL - 1
"""One more is the anchor, by which labels of different calls can be compared."""

_CHARACTERS_A_CALL = 200_000
"""A body may have 6 MB, and a character takes up to 12 bytes as JSON."""

Lacking = Mapping[tuple[str, ...], Sequence[str]]
"""Labels -> the texts that are to be asked about just these. Each once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """Some texts under some labels, asked in both modes: a call each, and no logits before both are answered."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    anchor: str
    as_list: bool
    """See Question."""

    def questions(self) -> list[Question]:
        """First with `multi_label`, then without; not without where the anchor is the only label: its share is 1."""
        with_anchor = (self.anchor, *(label for label in self.labels if label != self.anchor))
        asked = [Question(texts=self.texts, labels=self.labels, multi_label=True, as_list=self.as_list)]
        if len(with_anchor) > 1:
            asked.append(Question(texts=self.texts, labels=with_anchor, multi_label=False, as_list=self.as_list))
        return asked

    def logits(self, answered: Sequence[Sequence[answers.Row]]) -> dict[Pair, Said]:
        """Of each pair, from the answers to `questions`. Raises AnswerUnusableError."""
        alone, *others = [
            [dict(zip(question.labels, row, strict=True)) for row in rows]
            for question, rows in zip(self.questions(), answered, strict=True)
        ]
        shares = others[0] if others else [{} for _ in self.texts]
        found: dict[Pair, Said] = {}
        for text, mine, apart in zip(self.texts, shares, alone, strict=True):
            logits = answers.to_logits(mine, apart, self.labels, self.anchor)
            for label, (entailment, contradiction) in zip(self.labels, logits.tolist(), strict=True):
                found[text, label] = entailment, contradiction
        return found


def lacking(texts: Sequence[str], labels: Sequence[str], known: Container[Pair]) -> Lacking:
    """What of these texts under these labels is not known. Texts and labels each once."""
    found: dict[tuple[str, ...], list[str]] = {}
    for text in texts:
        if unknown := tuple(label for label in labels if (text, label) not in known):
            found.setdefault(unknown, []).append(text)
    return found


def portions(wanted: Lacking, anchor: str, *, as_list: bool) -> Iterator[Portion]:
    """Everything that is wanted, each pair once."""
    for labels, texts in wanted.items():
        for start in range(0, len(labels), _LABELS_A_CALL):
            some = labels[start : start + _LABELS_A_CALL]
            most = max(1, min(_TEXTS_A_CALL, _PAIRS_A_CALL // (len(some) + 1))) if as_list else 1
            for together in _together(texts, most):
                yield Portion(texts=together, labels=some, anchor=anchor, as_list=as_list)


def _together(texts: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    """At most so many, and short enough for one call; a text that is too long stands alone."""
    some: list[str] = []
    for text in texts:
        if some and (len(some) == most or sum(map(len, chain(some, [text]))) > _CHARACTERS_A_CALL):
            yield tuple(some)
            some = []
        some.append(text)
    if some:
        yield tuple(some)
