"""Figures of labelled posts, held against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from classifier.evaluation.metrics import (
    BINS,
    average_precision,
    calibration_error,
    measure,
    roc_auc,
    would_alert,
)
from classifier.types import Mode

Truth = NDArray[np.bool_]
Scores = NDArray[np.float64]

# Steps of 1/32 stand in for no edge of a bin but 0, 1 and each eighth, and give many equal scores.
SOME = st.integers(0, 32).map(lambda number: number / 32)


@st.composite
def measured(draw: st.DrawFn) -> tuple[Truth, Scores]:
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 5)))
    return draw(st_numpy.arrays(bool, shape)), draw(st_numpy.arrays(np.float64, shape, elements=SOME))


@given(measured(), st.sampled_from(Mode), st.sampled_from([0.25, 0.4, 0.75]))
def test_precision_recall_and_f1_are_scikit_learns(found: tuple[Truth, Scores], mode: Mode, threshold: float) -> None:
    truth, scores = found
    names = [str(place) for place in range(truth.shape[1])]
    alerts = would_alert(scores, mode, threshold)
    figures = measure(names, truth, scores, mode, threshold)

    having = [place for place in range(truth.shape[1]) if truth[:, place].any()]
    theirs = [precision_recall_fscore_support(truth[:, place], alerts[:, place], zero_division=0) for place in having]
    for place, (precision, recall, f1, support) in zip(having, theirs, strict=True):
        ours = figures.labels[place]
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx((precision[-1], recall[-1], f1[-1]))
        assert ours.posts == support[-1]
        assert ours.alerts == alerts[:, place].sum()
    for place in set(range(truth.shape[1])) - set(having):
        ours = figures.labels[place]
        assert (ours.posts, ours.precision, ours.recall, ours.f1, ours.auc) == (0, None, None, None, None)
    if having:
        assert figures.macro_f1 == pytest.approx(np.mean([f1[-1] for _, _, f1, _ in theirs]))
        assert figures.macro_recall == pytest.approx(np.mean([recall[-1] for _, recall, _, _ in theirs]))


@given(measured())
def test_average_precision_and_auc_are_scikit_learns_whatever_scores_are_equal(found: tuple[Truth, Scores]) -> None:
    truth, scores = found[0][:, 0], found[1][:, 0]
    if not truth.any():
        assert average_precision(truth, scores) is None
        assert roc_auc(truth, scores) is None
        return
    assert average_precision(truth, scores) == pytest.approx(average_precision_score(truth, scores))
    assert roc_auc(truth, scores) == (None if truth.all() else pytest.approx(roc_auc_score(truth, scores)))


@given(measured())
def test_the_calibration_error_is_that_of_scikit_learns_curve(found: tuple[Truth, Scores]) -> None:
    right = found[0].ravel()
    confidence = np.clip(found[1].ravel(), 1e-6, 1 - 1e-6) + 1e-9  # off the edges, which each gives to another bin
    was, said = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    sizes = np.bincount((confidence * BINS).astype(int), minlength=BINS)
    theirs = np.sum(np.abs(was - said) * sizes[sizes > 0]) / len(right)
    assert calibration_error(confidence, right) == pytest.approx(theirs)


def test_what_top_1_false_alerts_and_the_calibration_error_count() -> None:
    truth = np.array([[True, False], [False, True], [True, True], [False, False], [False, False]])
    scores = np.array([[0.9, 0.1], [0.8, 0.7], [0.3, 0.2], [0.1, 0.3], [0.6, 0.2]])

    independent = measure(["a", "b"], truth, scores, Mode.INDEPENDENT, 0.4)
    assert independent.top1 == pytest.approx(2 / 3), "of those with a label"
    assert independent.false_alerts == 0.5, "of the two without one, one is above 40%"
    assert [label.alerts for label in independent.labels] == [3, 1]

    exclusive = measure(["a", "b"], truth, scores, Mode.EXCLUSIVE, 0.4)
    assert [label.alerts for label in exclusive.labels] == [3, 0], "only the highest can alert"
    assert exclusive.labels[1].precision == 0
    assert exclusive.calibration_error == calibration_error(scores.max(axis=1), np.array([1, 0, 1, 0, 0], dtype=bool))
    assert independent.calibration_error == calibration_error(scores.ravel(), truth.ravel())


def test_a_post_that_was_not_scored_is_right_about_nothing() -> None:
    figures = measure(["a", "b"], np.array([[True, False]]), np.zeros((1, 2)), Mode.INDEPENDENT, 0.4)
    assert figures.top1 == 0


def test_one_label_alone_alerts_by_its_threshold_in_either_mode() -> None:
    scores = np.array([[0.5], [0.4]])
    assert would_alert(scores, Mode.EXCLUSIVE, 0.4).tolist() == [[True], [False]], "strictly above"


def test_figures_that_are_not_defined_are_none() -> None:
    all_have_it = measure(["a"], np.ones((3, 1), dtype=bool), np.full((3, 1), 0.5), Mode.INDEPENDENT, 0.4)
    assert (all_have_it.macro_auc, all_have_it.false_alerts) == (None, None)
    assert all_have_it.top1 == all_have_it.macro_f1 == 1.0

    none_has_it = measure(["a"], np.zeros((3, 1), dtype=bool), np.full((3, 1), 0.5), Mode.INDEPENDENT, 0.4)
    assert (none_has_it.top1, none_has_it.macro_f1, none_has_it.false_alerts) == (None, None, 1.0)
