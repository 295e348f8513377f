"""From what an endpoint answers to logits, and never to a wrong score. Pure.

An endpoint of the zero-shot task answers, for one text, in one of two forms, both sorted by score:

    {"sequence": "the text", "labels": ["a", "b"], "scores": [0.9, 0.1]}          transformers' pipeline
    [{"label": "a", "score": 0.9}, {"label": "b", "score": 0.1}]                  newer servers

and for several texts with a list of either; some put the answer to one text into a list as well. Whatever is not
exactly what was asked for is refused.

Probabilities become logits by what they were made of. `multi_label` false: p is the softmax of entailment over the
labels, so log p is entailment but for a constant, the same for all labels of the call. That constant goes with the
"anchor", a label that every such call holds: log p - log p(anchor) is a label's entailment less the anchor's, whatever
else was asked. `multi_label` true: p is the sigmoid of entailment - contradiction.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.types import CONTRADICTION, ENTAILMENT, AnswerUnusableError

Row = list[float]
"""A probability a label, in the order in which they were asked."""

_FAINTEST = float(np.finfo(np.float32).tiny)
"""Below, a float of 32 bits has no longer the digits that its logarithm needs; no NLI model comes near."""

_NEAREST_ONE = 2.0**-25
"""What floats of 32 bits round to 1 is up to so much less."""

_SUM_MAY_BE_OFF_BY = 0.02
"""Of a softmax in 16 bits over many labels."""

_MAY_EXCEED_BY = 1e-5
_SAME_BITS = 1e-6
_MOST_DECIMALS = 6
_SHOWN = 120


def read(body: bytes, texts: Sequence[str], labels: Sequence[str]) -> list[Row]:
    """The rows of an answer about these texts. Raises AnswerUnusableError saying what is wrong with it."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AnswerUnusableError(f"the endpoint did not answer with JSON, but with {_shown(body)}") from error
    return [_row(one, text, labels) for one, text in zip(_one_each(answer, len(texts)), texts, strict=True)]


def check_shares(row: Row) -> Row:
    """The same row, of a call with `multi_label` false. Raises AnswerUnusableError unless it is a softmax."""
    if len(row) > 1 and abs(math.fsum(row) - 1) > _SUM_MAY_BE_OFF_BY:
        raise AnswerUnusableError(
            f"the endpoint answered with scores that add up to {math.fsum(row):.3f} where multi_label is false: it "
            "must hand the parameter multi_label on to the pipeline"
        )
    return row


def check_told_apart(shares: Row, alone: Row) -> None:
    """Raise AnswerUnusableError where both modes got the same answer: then the endpoint does not know one of them.

    `shares`: of the same text and labels with `multi_label` false; `alone`: with it true. For a call about enough
    labels that chance does not make them equal: with two it may.
    """
    if all(math.isclose(share, score, rel_tol=_SAME_BITS) for share, score in zip(shares, alone, strict=True)):
        raise AnswerUnusableError(
            "the endpoint answers alike with multi_label true and false: it must hand the parameter on to the pipeline"
        )


def check_unrounded(row: Row) -> None:
    """Raise AnswerUnusableError where all scores have few decimals: the logarithm of such a number means little.

    For a call about enough labels that chance does not make them so.
    """
    few_decimals = all(round(score, _MOST_DECIMALS) == score for score in row)
    if few_decimals and not all(_is_short_fraction_of_two(score) for score in row):
        raise AnswerUnusableError(
            f"the endpoint rounds its scores ({', '.join(map(str, row))}): Lapwing needs them as the model gives them"
        )


def to_logits(
    shares: Mapping[str, float], alone: Mapping[str, float], labels: Sequence[str], anchor: str
) -> NDArray[np.float32]:
    """Shape [labels, 2], of one text. Raises AnswerUnusableError for a share too small to tell it from others.

    `shares`: by label with `multi_label` false, the anchor among them; `alone`: with it true. Where the anchor is the
    only label, `shares` may be empty.
    """
    zero = _log(shares, anchor) if shares else 0.0
    found = np.empty((len(labels), 2), dtype=np.float32)
    for place, label in enumerate(labels):
        entailment = _log(shares, label) - zero if shares else 0.0
        found[place, ENTAILMENT] = entailment
        found[place, CONTRADICTION] = entailment - _logit(alone[label])
    return found


def _one_each(answer: Any, count: int) -> Sequence[Any]:
    """The part about each text. A list is either one text's labels or several texts."""
    if isinstance(answer, Mapping):
        parts: Sequence[Any] = [answer]
    elif isinstance(answer, list) and answer and all(_is_pair(one) for one in answer):
        parts = [answer]
    elif isinstance(answer, list):
        parts = answer
    else:
        raise _unlike(answer)
    if len(parts) != count:
        raise AnswerUnusableError(f"the endpoint answered about {len(parts)} texts, not about the {count} it was asked")
    return parts


def _row(part: Any, text: str, labels: Sequence[str]) -> Row:
    found = _by_label(part, text)
    if sorted(name for name, _ in found) != sorted(labels):
        raise AnswerUnusableError(_other_labels([name for name, _ in found], labels))
    scores = dict(found)
    return [_probability(scores[label], label) for label in labels]


def _by_label(part: Any, text: str) -> list[tuple[str, Any]]:
    if isinstance(part, list) and part and all(_is_pair(one) for one in part):
        return [(str(one["label"]), one["score"]) for one in part]
    if not isinstance(part, Mapping) or not isinstance(part.get("labels"), list):
        raise _unlike(part)
    labels, scores, sequence = part["labels"], part.get("scores"), part.get("sequence", text)
    if not isinstance(scores, list) or len(scores) != len(labels):
        raise AnswerUnusableError(f"the endpoint answered with {len(labels)} labels and other scores: {_shown(scores)}")
    if not isinstance(sequence, str) or sequence.strip() != text.strip():
        raise AnswerUnusableError(f"the endpoint answered about another text than it was asked: {_shown(sequence)}")
    return list(zip(map(str, labels), scores, strict=True))


def _probability(score: Any, label: str) -> float:
    """Rounding may carry a score over 1 by a little."""
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if not is_number or not -_MAY_EXCEED_BY <= score <= 1 + _MAY_EXCEED_BY:  # NaN is neither
        raise AnswerUnusableError(f"the endpoint answered with the score {_shown(score)} for {_shown(label)}")
    return min(max(float(score), 0.0), 1.0)


def _other_labels(found: Sequence[str], asked: Sequence[str]) -> str:
    if missing := [label for label in asked if label not in found]:
        return f"the endpoint did not answer about {_shown(missing[0])} ({len(missing)} missing)"
    if unknown := [label for label in found if label not in asked]:
        return f"the endpoint answered about {_shown(unknown[0])}, which it was not asked"
    return f"the endpoint answered {len(found)} times about {len(asked)} labels"


def _log(shares: Mapping[str, float], label: str) -> float:
    share = shares[label]
    if share < _FAINTEST:
        raise AnswerUnusableError(
            f"the endpoint answered with a share of {share} for {_shown(label)}, which cannot be compared with others: "
            "it must not round its scores"
        )
    return math.log(share)


def _logit(score: float) -> float:
    """0 and 1 stand for what their bits could not hold: the score of the logit is within 3e-8 of them."""
    held = min(max(score, _FAINTEST), 1 - _NEAREST_ONE)
    return math.log(held) - math.log1p(-held)


def _is_pair(one: Any) -> bool:
    return isinstance(one, Mapping) and "label" in one and "score" in one


def _is_short_fraction_of_two(score: float) -> bool:
    """As a half is, or three quarters: no rounding made it. But nothing is 0 or 1 without."""
    return 0 < score < 1 and (score * 2**24).is_integer()


def _unlike(answer: Any) -> AnswerUnusableError:
    return AnswerUnusableError(
        f"the endpoint did not answer as the task zero-shot-classification does, but with {_shown(answer)}"
    )


def _shown(what: Any) -> str:
    text = repr(what)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
