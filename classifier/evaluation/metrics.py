"""From scores and what is true to figures. Pure.

The figures are scikit-learn's of the same names, but for a label that no post has: it has none, and counts in no mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.types import Mode

BINS = 20
"""Of equal width, for the calibration error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelFigures:
    """How well one label was told. None where a figure is not defined: no post has the label, or all have it."""

    name: str
    posts: int
    """How many have it."""

    alerts: int
    """How many would alert for it."""

    precision: float | None
    """Of those that would alert, the share that has it; 0 where none would."""

    recall: float | None
    """Of those that have it, the share that would alert."""

    f1: float | None
    average_precision: float | None
    auc: float | None
    """How often a post that has it scores higher than one that has not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How well a model told labels. None where a figure is not defined."""

    labels: tuple[LabelFigures, ...]

    macro_precision: float | None
    """Macro: the mean over the labels that have the figure."""

    macro_recall: float | None
    macro_f1: float | None
    macro_average_precision: float | None
    macro_auc: float | None

    top1: float | None
    """Of the posts that have a label, the share whose highest score is one of theirs."""

    calibration_error: float | None
    """How far scores are from how often they are right, on average: of each post's highest score in exclusive mode, of
    every label's score in independent mode."""

    false_alerts: float | None
    """Of the posts that have none of the labels, the share that would alert."""


def would_alert(scores: NDArray[np.float64], mode: Mode, threshold: float) -> NDArray[np.bool_]:
    """[posts, labels]: whether each post would alert for each label, as a channel with all these labels decides."""
    above: NDArray[np.bool_] = scores > threshold
    if mode is Mode.EXCLUSIVE and scores.shape[1] > 1:
        top = np.zeros_like(above)
        top[np.arange(len(scores)), scores.argmax(axis=1)] = True
        above &= top
    return above


def measure(
    names: Sequence[str], truth: NDArray[np.bool_], scores: NDArray[np.float64], mode: Mode, threshold: float
) -> Figures:
    """The figures of scores [posts, labels], where `truth` [posts, labels] says which labels each post has."""
    alerts = would_alert(scores, mode, threshold)
    labels = tuple(
        _of_label(name, truth[:, place], scores[:, place], alerts[:, place]) for place, name in enumerate(names)
    )
    has_label = truth.any(axis=1)
    best = scores.argmax(axis=1)
    right: NDArray[np.bool_] = truth[np.arange(len(truth)), best] & (scores.max(axis=1) > 0)  # 0: it was not scored
    if mode is Mode.EXCLUSIVE and len(names) > 1:
        error = calibration_error(scores.max(axis=1), right)
    else:
        error = calibration_error(scores.ravel(), truth.ravel())
    return Figures(
        labels=labels,
        macro_precision=_mean([label.precision for label in labels]),
        macro_recall=_mean([label.recall for label in labels]),
        macro_f1=_mean([label.f1 for label in labels]),
        macro_average_precision=_mean([label.average_precision for label in labels]),
        macro_auc=_mean([label.auc for label in labels]),
        top1=_share(right[has_label]),
        calibration_error=error,
        false_alerts=_share(np.any(alerts[~has_label], axis=1)),
    )


def average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float | None:
    """The precision at each score that is reached, weighted by the recall it adds. Both arrays: [posts]."""
    positives = int(truth.sum())
    if not positives:
        return None
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores are reached together
    found = np.cumsum(truth[order])[ends]
    return float(np.sum(np.diff(found, prepend=0) / positives * (found / (ends + 1))))


def roc_auc(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float | None:
    """How often one with the label scores higher than one without; equal scores count half. Both arrays: [posts]."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]  # the mean rank of equal scores
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    """The mean distance of what a bin of scores says from how often it is right (ECE). Both arrays: [scores]."""
    if not len(confidence):
        return None
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    said = np.bincount(places, weights=confidence, minlength=BINS)
    was = np.bincount(places, weights=right, minlength=BINS)
    return float(np.abs(said - was).sum() / len(confidence))


def _of_label(
    name: str, truth: NDArray[np.bool_], scores: NDArray[np.float64], alerts: NDArray[np.bool_]
) -> LabelFigures:
    posts, alerting, hits = int(truth.sum()), int(alerts.sum()), int((truth & alerts).sum())
    return LabelFigures(
        name=name,
        posts=posts,
        alerts=alerting,
        precision=hits / max(alerting, 1) if posts else None,
        recall=hits / posts if posts else None,
        f1=2 * hits / (posts + alerting) if posts else None,
        average_precision=average_precision(truth, scores),
        auc=roc_auc(truth, scores),
    )


def _mean(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) / len(known) if known else None


def _share(which: NDArray[np.bool_]) -> float | None:
    return float(which.mean()) if len(which) else None
