"""Which of the waiting questions are put to the model as one."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

_WINDOW_S = 0.25
"""About as long as several questions together may take: who asks next waits no longer than this for the others."""

_MOST_PAIRS = 8_192


class Question(Protocol):
    """What the model is asked."""

    @property
    def texts(self) -> Sequence[str]:
        """Each to be answered."""

    @property
    def hypotheses(self) -> Sequence[str]:
        """Under each of these."""

    @property
    def alone(self) -> bool:
        """Whether it must not share the model with others."""


Q = TypeVar("Q", bound=Question)


class Pace:
    """How many pairs of a text and a hypothesis the model does in the time of a window, learnt as it goes."""

    def __init__(self) -> None:
        self.most = 1
        """Pairs; at first nothing is put together."""

    def learn(self, pairs: int, took_s: float) -> None:
        """Between half and double of what it was: one odd measurement is not believed."""
        if not pairs:
            return
        fitting = pairs * _WINDOW_S / took_s if took_s > 0 else _MOST_PAIRS
        self.most = int(min(max(fitting, self.most / 2, 1), self.most * 2, _MOST_PAIRS))


def together(waiting: Iterable[Q], most: int) -> list[Q]:
    """The first of those who wait, and those behind it who ask for the same hypotheses, up to so many pairs.

    The first is served however much it asks for, so nobody waits for ever; those it is put before wait for one window.
    """
    chosen: list[Q] = []
    pairs = 0
    for question in waiting:
        more = pairs + len(question.texts) * len(question.hypotheses)
        if chosen and (question.alone or more > most or tuple(question.hypotheses) != tuple(chosen[0].hypotheses)):
            continue
        chosen.append(question)
        pairs = more
        if question.alone:
            break
    return chosen


def merge(questions: Sequence[Question]) -> tuple[list[str], list[list[int]]]:
    """The texts of all, each once, and for each question where its own stand."""
    texts = list(dict.fromkeys(text for question in questions for text in question.texts))
    places = {text: place for place, text in enumerate(texts)}
    return texts, [[places[text] for text in question.texts] for question in questions]
