"""What is put to the model in one call: some of the waiting questions, or a portion of a large one."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

_WINDOW_S = 0.25
"""About as long as a call of the model should take: who asks next waits no longer than this for others."""

_MOST_ROUNDS = 4
"""In the time of a single text, of an engine that answers many at once."""

_MOST_PAIRS = 8_192

_TICK_S = 1e-6


class Question(Protocol):
    """What the model is asked."""

    passed: float
    """How much of what stands behind it was put before it so far, in windows; see `together`."""

    @property
    def texts(self) -> Sequence[str]:
        """Each still to be answered, once."""

    @property
    def hypotheses(self) -> Sequence[str]:
        """Under each of these."""

    @property
    def alone(self) -> bool:
        """Whether it must not share the model with others."""


Q = TypeVar("Q", bound=Question)


class Pace:
    """How many texts go to one speaker at once, by the number of hypotheses: what it does in the time of a window.

    For a model that takes long over a single text, a window is twice that text's time: so one that answers many in the
    time of one (an endpoint) shows it, is given more and more of them, and has a window of up to four times, so that it
    seldom waits for its last call. A model that answers one after the other is given two at most.
    """

    def __init__(self) -> None:
        self._most: dict[int, int] = {}
        self._one_s: dict[int, float] = {}
        """What a single text takes: as long as it took the last time, and no longer than any call since."""

    def most(self, hypotheses: int) -> int:
        """Texts, at least one; at first nothing is put together."""
        return self._most.get(hypotheses, 1)

    def learn(self, hypotheses: int, texts: float, took_s: float) -> None:
        """What a call took, and of how many texts the model was asked in it: what was remembered is none of its work.

        Slowness is believed at once, since people wait for it; quickness only up to double of what was known.
        """
        if texts <= 0:
            return
        took_s = max(took_s, _TICK_S)
        one_s = took_s if texts <= 1 else min(took_s, self._one_s.get(hypotheses, took_s))
        at_once = max(texts * one_s / took_s, 1.0)
        window_s = max(_WINDOW_S, one_s * min(1 + at_once, _MOST_ROUNDS))
        fitting, most = texts * window_s / took_s, self.most(hypotheses)
        learnt = min(fitting, most) if took_s > window_s else max(most, min(fitting, 2 * most))
        self._one_s[hypotheses] = one_s
        self._most[hypotheses] = int(max(1, min(learnt, _MOST_PAIRS / max(1, hypotheses))))


def together(waiting: Sequence[Q], most: int) -> list[Q]:
    """The first of those who wait, and those behind it who ask for the same hypotheses, up to so many texts.

    Whoever goes along passes those who stand between, and the first one's answer takes longer for it. Each bears that
    until it amounts to one window, then no more; so nobody waits longer than for those who stood before it when it
    came, and for one window. It is enough to ask the first: what has passed another has passed the first as well.
    """
    first = waiting[0]
    chosen = [first]
    room = most - max(len(first.texts), most * first.passed)
    for question in waiting[1:]:
        if _goes_along(question, first) and len(question.texts) <= room:
            chosen.append(question)
            room -= len(question.texts)
    behind = 0
    for question in reversed(waiting):
        question.passed += behind / most
        behind += len(question.texts) if question in chosen else 0
    return chosen


def merge(questions: Iterable[Question], most: int) -> list[str]:
    """The texts of all, each once, and no more than so many: of a question that is larger alone, its first ones."""
    return list(dict.fromkeys(text for question in questions for text in question.texts))[:most]


def _goes_along(question: Question, first: Question) -> bool:
    return not (first.alone or question.alone) and tuple(question.hypotheses) == tuple(first.hypotheses)
