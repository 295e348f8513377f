"""Before an endpoint is believed: does it know both modes and the template, does it round, does it take lists?

Asked once.
"""

from collections.abc import Callable, Sequence

from classifier.harmless import HARMLESS
from classifier.hypothesis import render
from classifier.sagemaker import answers
from classifier.sagemaker.answers import Row
from classifier.sagemaker.asking import Question
from classifier.sagemaker.faults import EndpointDownError, Fault, RequestRefusedError
from classifier.types import AnswerUnusableError, Label

Ask = Callable[[Question], list[Row]]

_TEXTS = (HARMLESS, "The harbour road is under water since last night.")
_NAMES = ("weather", "flood", "sports", "music")
"""Enough that their scores have few decimals by rounding only."""

_TEMPLATE = "This example is not about {}."
"""Turns the answers round: with a template of its own in place of this one an endpoint gives itself away, whatever the
engine's template is."""

_ALIKE = 1e-3
"""Texts may be computed side by side with others, in 16 bits: the same but for rounding."""


def takes_lists(ask: Ask, ask_once: Ask) -> bool:
    """Whether the endpoint answers a list of texts, each as if it had been asked alone.

    `ask_once` does not ask again what failed. Raises AnswerUnusableError for an endpoint whose answers cannot become
    scores, and what they raise while it cannot be told.
    """
    labels = tuple(render(Label(name=name), _TEMPLATE) for name in _NAMES)
    (shares,) = ask(_question(_TEXTS[1:], labels))
    (alone,) = ask(_question(_TEXTS[1:], labels, multi_label=True))
    (rendered_there,) = ask(_question(_TEXTS[1:], _NAMES, multi_label=True, template=_TEMPLATE))
    answers.check_unrounded(shares)
    answers.check_told_apart(shares, alone)
    if not _alike(alone, rendered_there):
        raise AnswerUnusableError(
            "the endpoint does not put labels into the hypothesis_template it is sent: it must hand the parameter on "
            "to the pipeline"
        )
    try:
        rows = ask_once(_question(_TEXTS, labels, as_list=True))
    except (RequestRefusedError, AnswerUnusableError):
        return False
    except EndpointDownError as error:
        if error.fault in {Fault.BROKEN, Fault.TIMED_OUT}:  # single texts it has just answered
            return False
        raise
    return _alike(rows[1], shares)


def _alike(row: Row, other: Row) -> bool:
    return all(abs(one - another) < _ALIKE for one, another in zip(row, other, strict=True))


def _question(
    texts: Sequence[str],
    labels: tuple[str, ...],
    *,
    multi_label: bool = False,
    as_list: bool = False,
    template: str = "{}",
) -> Question:
    return Question(texts=tuple(texts), labels=labels, multi_label=multi_label, as_list=as_list, template=template)
