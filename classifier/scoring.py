"""From logits and a mode to the scores in 0..1 that people see. Pure.

A channel's part of a union of hypotheses is scored by taking its columns first: `scores(logits[:, columns], mode)`
equals asking the model for these labels alone. Never take columns of scores.

NaN means that the model was not asked. Independent scores need both logits of a label, exclusive ones only entailment.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.types import CONTRADICTION, ENTAILMENT, Mode


class NotAskedError(ValueError):
    """A score was wanted whose logits are unknown, because the model was never asked for them."""


def scores(logits: NDArray[np.floating], mode: Mode) -> NDArray[np.float64]:
    """[..., labels, 2] -> [..., labels], the labels being those of one channel. Raises NotAskedError.

    Independent: the softmax over (contradiction, entailment), which is the sigmoid of their difference. Exclusive: the
    softmax of entailment over the labels. One label is always scored independently, as the pipeline does.
    """
    exact = logits.astype(np.float64)
    entailment, contradiction = exact[..., ENTAILMENT], exact[..., CONTRADICTION]
    alone = _is_alone(mode, entailment.shape[-1])
    needed = entailment - contradiction if alone else entailment
    if (unknown := np.isnan(needed)).any():
        raise _not_asked(int(np.argwhere(unknown)[0][-1]))
    return sigmoids(needed) if alone else _softmax(needed)


def score_labels(logits: Sequence[Sequence[float]], mode: Mode) -> tuple[float, ...]:
    """One post for one channel: an (entailment, contradiction) a label -> a score a label. Raises NotAskedError.

    The same numbers as `scores`, without numpy's cost a call: for the few labels of one channel several times faster.
    """
    alone = _is_alone(mode, len(logits))
    needed = [pair[ENTAILMENT] - pair[CONTRADICTION] if alone else pair[ENTAILMENT] for pair in logits]
    for column, value in enumerate(needed):
        if value != value:  # noqa: PLR0124 - only NaN differs from itself, and a call of math.isnan costs twice that
            raise _not_asked(column)
    if alone:
        return tuple([_sigmoid(value) for value in needed])
    top = max(needed)
    weights = [math.exp(value - top) for value in needed]
    total = math.fsum(weights)
    return tuple([weight / total for weight in weights])


def scores_of_channels(
    logits: NDArray[np.floating],
    columns: NDArray[np.intp],
    starts: NDArray[np.intp],
    exclusive: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """One post for many channels at once: the score of each label of each channel, to within rounding.

    `logits`: [hypotheses, 2], what the model said. `columns`: [labels of all channels], channel behind channel, the
    hypothesis of each. `starts`: [channels], where in `columns` each one's labels begin; none is without. `exclusive`:
    [channels], the mode. NaN where a logit that is needed is unknown.
    """
    exact = logits.astype(np.float64)
    entailment, contradiction = exact[:, ENTAILMENT], exact[:, CONTRADICTION]
    sizes = np.diff(starts, append=len(columns))
    with np.errstate(invalid="ignore"):  # infinity minus infinity: NaN, as unknown as any other
        independent = sigmoids(entailment - contradiction)[columns]
        mine = entailment[columns]
        weights = np.exp(mine - np.repeat(np.maximum.reduceat(mine, starts), sizes))
    shares = weights / np.repeat(np.add.reduceat(weights, starts), sizes)
    return np.where(np.repeat(exclusive & (sizes > 1), sizes), shares, independent)


def _is_alone(mode: Mode, labels: int) -> bool:
    return mode is Mode.INDEPENDENT or labels <= 1


def _not_asked(column: int) -> NotAskedError:
    return NotAskedError(f"the model was not asked for label {column} of these: its logits are not known")


def sigmoids(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) of each, of any shape."""
    small = np.exp(-np.abs(differences))  # never overflows, whatever the sign
    return np.where(differences >= 0, 1.0, small) / (1.0 + small)


def _sigmoid(difference: float) -> float:
    small = math.exp(-abs(difference))
    return (1.0 if difference >= 0 else small) / (1.0 + small)


def _softmax(entailment: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.exp(entailment - entailment.max(axis=-1, keepdims=True))
    total: NDArray[np.float64] = weights.sum(axis=-1, keepdims=True)
    return weights / total
