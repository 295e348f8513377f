"""Before an endpoint is believed: does it know both modes, does it round, does it take lists? Asked once."""

from collections.abc import Callable, Sequence

from classifier.sagemaker import answers
from classifier.sagemaker.asking import Question
from classifier.sagemaker.faults import EndpointDownError, Fault, RequestRefusedError
from classifier.types import AnswerUnusableError

Ask = Callable[[Question], list[answers.Row]]

_TEXTS = ("The weather is fine today.", "The harbour road is under water since last night.")
_NAMES = ("weather", "flood", "sports", "music")
"""Enough that their scores have few decimals by rounding only."""

_ALIKE = 1e-3
"""In a list texts may be computed side by side, in 16 bits: the same but for rounding."""


def takes_lists(ask: Ask, ask_once: Ask, render: Callable[[str], str]) -> bool:
    """Whether the endpoint answers a list of texts, each as if it had been asked alone.

    `ask_once` does not ask again what failed; `render` makes a hypothesis of a label's name. Raises
    AnswerUnusableError for an endpoint whose answers cannot become scores, and what they raise while it cannot be told.
    """
    labels = tuple(render(name) for name in _NAMES)
    (shares,) = ask(_question(_TEXTS[1:], labels))
    (alone,) = ask(_question(_TEXTS[1:], labels, multi_label=True))
    answers.check_unrounded(shares)
    answers.check_told_apart(shares, alone)
    try:
        rows = ask_once(_question(_TEXTS, labels, as_list=True))
    except (RequestRefusedError, AnswerUnusableError):
        return False
    except EndpointDownError as error:
        if error.fault in {Fault.BROKEN, Fault.TIMED_OUT}:  # single texts it has just answered
            return False
        raise
    return all(abs(one - other) < _ALIKE for one, other in zip(rows[1], shares, strict=True))


def _question(
    texts: Sequence[str], labels: tuple[str, ...], *, multi_label: bool = False, as_list: bool = False
) -> Question:
    return Question(texts=tuple(texts), labels=labels, multi_label=multi_label, as_list=as_list)
