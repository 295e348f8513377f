"""From logits to scores."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from classifier.scoring import NotAskedError, score_labels, scores, scores_of_channels
from classifier.types import Mode

LOGIT = st.floats(-1e4, 1e4, width=32)
MODES = st.sampled_from(Mode)
NAN = math.nan


def some_logits(least: int = 1) -> st.SearchStrategy[np.ndarray[tuple[int, int, int], np.dtype[np.float32]]]:
    shapes = st.tuples(st.integers(0, 4), st.integers(least, 6), st.just(2))
    return shapes.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=LOGIT))


@given(logits=some_logits(), mode=MODES)
def test_scores_stay_between_0_and_1_however_large_the_logits(
    logits: np.ndarray[tuple[int, int, int], np.dtype[np.float32]], mode: Mode
) -> None:
    found = scores(logits, mode)

    assert found.shape == logits.shape[:-1]
    assert ((found >= 0) & (found <= 1)).all()


@given(logits=some_logits(), mode=MODES)
def test_one_post_scored_alone_gets_what_it_gets_among_many(
    logits: np.ndarray[tuple[int, int, int], np.dtype[np.float32]], mode: Mode
) -> None:
    alone = [score_labels(post, mode) for post in logits.tolist()]

    np.testing.assert_allclose(scores(logits, mode), np.reshape(alone, logits.shape[:-1]), rtol=1e-12, atol=1e-300)


@given(logits=some_logits(least=2))
def test_exclusive_scores_add_up_to_1_and_order_labels_as_entailment_does(
    logits: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
) -> None:
    found = scores(logits, Mode.EXCLUSIVE)

    np.testing.assert_allclose(found.sum(axis=-1), 1.0)
    by_entailment = np.take_along_axis(found, logits[..., 0].argsort(axis=-1), axis=-1)
    assert (np.diff(by_entailment, axis=-1) >= 0).all()


@given(logits=some_logits(least=2), extra=LOGIT)
def test_another_label_changes_no_independent_score(
    logits: np.ndarray[tuple[int, int, int], np.dtype[np.float32]], extra: float
) -> None:
    more = np.concatenate([logits, np.full((len(logits), 1, 2), extra, dtype=np.float32)], axis=1)

    np.testing.assert_array_equal(scores(more, Mode.INDEPENDENT)[:, :-1], scores(logits, Mode.INDEPENDENT))


def test_equal_logits_are_a_coin_toss_or_an_equal_share() -> None:
    logits = np.zeros((4, 2), dtype=np.float32)

    assert scores(logits, Mode.INDEPENDENT).tolist() == [0.5] * 4
    assert scores(logits, Mode.EXCLUSIVE).tolist() == [0.25] * 4


def test_one_label_is_scored_independently_in_both_modes() -> None:
    pair = [(2.0, 1.0)]
    expected = 1 / (1 + math.exp(-1))

    for mode in Mode:
        assert list(score_labels(pair, mode)) == [pytest.approx(expected)]
        assert scores(np.array(pair), mode).tolist() == [pytest.approx(expected)]


def test_a_channels_exclusive_scores_come_from_its_own_columns_not_from_shares_of_the_union() -> None:
    union = np.array([[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    own = scores(union[[1, 2]], Mode.EXCLUSIVE)

    assert own.tolist() == [pytest.approx(1 / (1 + math.e)), pytest.approx(math.e / (1 + math.e))]
    assert own.sum() == pytest.approx(1)


def test_no_labels_are_no_scores() -> None:
    for mode in Mode:
        assert score_labels([], mode) == ()
        assert scores(np.empty((3, 0, 2)), mode).shape == (3, 0)


@pytest.mark.parametrize(
    ("logits", "mode", "column"),
    [
        ([(1.0, 0.0), (NAN, 0.0)], Mode.INDEPENDENT, 1),
        ([(1.0, NAN), (1.0, 0.0)], Mode.INDEPENDENT, 0),
        ([(1.0, 0.0), (0.5, 0.0), (NAN, NAN)], Mode.EXCLUSIVE, 2),
        ([(1.0, NAN)], Mode.EXCLUSIVE, 0),
    ],
)
def test_a_score_that_needs_what_was_not_asked_is_refused_by_column(
    logits: list[tuple[float, float]], mode: Mode, column: int
) -> None:
    for wanted in (lambda: scores(np.array([logits, logits]), mode), lambda: score_labels(logits, mode)):
        with pytest.raises(NotAskedError, match=f"not asked for label {column} of these"):
            wanted()


def test_exclusive_scores_do_without_contradiction() -> None:
    logits = [(1.0, NAN), (1.0, NAN)]

    assert score_labels(logits, Mode.EXCLUSIVE) == (0.5, 0.5)
    assert scores(np.array(logits), Mode.EXCLUSIVE).tolist() == [0.5, 0.5]


@given(st.data())
def test_many_channels_at_once_have_the_scores_that_each_has_alone(data: st.DataObject) -> None:
    logit = st.floats(-30, 30)
    union = data.draw(st.lists(st.tuples(logit, logit), min_size=1, max_size=8))
    columns_of_channels = st.lists(st.integers(0, len(union) - 1), min_size=1, max_size=5)
    channels = data.draw(st.lists(st.tuples(columns_of_channels, st.sampled_from(Mode)), min_size=1, max_size=6))
    sizes = [len(columns) for columns, _ in channels]

    together = scores_of_channels(
        np.array(union),
        np.array([column for columns, _ in channels for column in columns]),
        np.cumsum([0, *sizes[:-1]]),
        np.array([mode is Mode.EXCLUSIVE for _, mode in channels]),
    )

    alone = [score for columns, mode in channels for score in score_labels([union[one] for one in columns], mode)]
    assert together == pytest.approx(np.array(alone), abs=1e-12)


def test_of_many_channels_only_those_that_need_an_unknown_logit_have_no_score() -> None:
    unknown = float("nan")
    union, columns = np.array([(1.0, unknown), (0.0, 0.0), (math.inf, math.inf)]), np.array([0, 1, 0, 1, 2])

    found = scores_of_channels(union, columns, np.array([0, 2, 4]), np.array([True, False, False]))

    assert np.isnan(found).tolist() == [False, False, True, False, True]
