"""A calibration fitted to labelled posts.

Source of the scale's fit: temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", 2017).
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Calibration
from classifier.scoring import sigmoids

UNFITTING_THAT_ALERT = 0.05
"""Of the posts that a label does not fit, so many alert at the threshold."""

_FEWEST = 20
"""Posts that fit a label, and posts that do not: a bias from fewer would be chance."""

_LEAST_SCALE, _MOST_SCALE = 0.1, 500.0
_STEPS = 60


class CalibrationError(Exception):
    """These posts give no calibration; the message says what they lack."""


def fit(cosines: NDArray[np.floating], truth: NDArray[np.bool_], threshold: float) -> Calibration:
    """The calibration of a model, from its cosines of labelled posts. Both arrays: [posts, labels].

    The scale is the one by which the scores of the posts with one label are the likeliest: in exclusive mode, or alone
    where there is one label. The bias lets one in twenty of the posts that do not fit a label score above the
    threshold. Three significant figures: more would be noise. Raises CalibrationError.
    """
    exact = cosines.astype(np.float64)
    fitting, unfitting = int(truth.sum()), int((~truth).sum())
    if min(fitting, unfitting) < _FEWEST:
        raise CalibrationError(
            f"the file has {fitting} posts that fit a label and {unfitting} that do not, each label counted by itself: "
            f"{_FEWEST} of each are needed"
        )
    single = truth.sum(axis=1) == 1
    several = truth.shape[1] > 1
    scale = _among(exact[single], truth[single]) if several and single.any() else _alone(exact[truth], exact[~truth])
    scale = float(f"{scale:.3g}")
    highest = float(np.quantile(exact[~truth], 1 - UNFITTING_THAT_ALERT))
    bias = highest - math.log(threshold / (1 - threshold)) / scale
    return Calibration(scale=scale, bias=float(f"{bias:.3g}"))


def _among(cosines: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The scale of the likeliest softmax over the labels. The likelihood has one peak: where its slope is 0."""
    own = cosines[truth]

    def slope(scale: float) -> float:
        weights = np.exp(scale * (cosines - cosines.max(axis=1, keepdims=True)))
        expected = (weights * cosines).sum(axis=1) / weights.sum(axis=1)
        return float((own - expected).mean())

    return _where_zero(slope)


def _alone(fitting: NDArray[np.float64], unfitting: NDArray[np.float64]) -> float:
    """The scale of the likeliest sigmoid, as if as many posts fitted as do not: a file of alerts is not the stream."""

    def slope(scale: float) -> float:
        bias = _middle(scale, fitting, unfitting)
        missed, raised = 1 - sigmoids(scale * (fitting - bias)), sigmoids(scale * (unfitting - bias))
        return float((missed * (fitting - bias)).mean() - (raised * (unfitting - bias)).mean())

    return _where_zero(slope)


def _middle(scale: float, fitting: NDArray[np.float64], unfitting: NDArray[np.float64]) -> float:
    """The likeliest bias for this scale: between the two, as many are wrong on one side as on the other."""
    low, high = -1.0 - 10 / scale, 1.0 + 10 / scale
    for _ in range(_STEPS):
        bias = (low + high) / 2
        if (1 - sigmoids(scale * (fitting - bias))).mean() < sigmoids(scale * (unfitting - bias)).mean():
            low = bias
        else:
            high = bias
    return (low + high) / 2


def _where_zero(slope: Callable[[float], float]) -> float:
    low, high = _LEAST_SCALE, _MOST_SCALE
    if slope(low) <= 0:
        raise CalibrationError(
            "this model's vectors do not tell these labels apart: what fits a label is no nearer to it than the rest. "
            "Describe the labels, or choose another model"
        )
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    return low
