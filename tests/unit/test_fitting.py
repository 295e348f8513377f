"""A calibration fitted to labelled posts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.calibration import Calibration, read
from classifier.evaluation.fitting import CalibrationError, fit
from classifier.evaluation.metrics import calibration_error
from classifier.scoring import scores
from classifier.types import Mode

CHANCE = np.random.default_rng(11)


def drawn(scale: float, posts: int = 6_000, labels: int = 4) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cosines, and for each post the one label that a softmax of scale times them drew."""
    cosines = CHANCE.normal(0.2, 0.12, (posts, labels))
    chosen = (scale * cosines + CHANCE.gumbel(size=cosines.shape)).argmax(axis=1)
    return cosines, chosen[:, None] == np.arange(labels)


def logits(cosines: NDArray[np.float64], calibration: Calibration) -> NDArray[np.float64]:
    return np.stack([calibration.scale * cosines, np.full_like(cosines, calibration.scale * calibration.bias)], axis=-1)


@pytest.mark.parametrize("scale", [4.0, 18.0, 60.0])
def test_the_scale_that_drew_the_labels_is_found_and_its_scores_are_as_often_right(scale: float) -> None:
    cosines, truth = drawn(scale)
    found = fit(cosines, truth, 0.4)

    assert found.scale == pytest.approx(scale, rel=0.08)
    shares = scores(logits(cosines, found), Mode.EXCLUSIVE)
    right = truth[np.arange(len(truth)), shares.argmax(axis=1)]
    error = calibration_error(shares.max(axis=1), right)
    assert error is not None
    assert error < 0.03


@pytest.mark.parametrize("labels", [1, 2, 4])
def test_one_in_twenty_of_the_posts_that_do_not_fit_a_label_scores_above_the_threshold(labels: int) -> None:
    cosines, truth = drawn(18.0, labels=max(labels, 2))
    cosines, truth = cosines[:, :labels], truth[:, :labels]
    found = scores(logits(cosines, fit(cosines, truth, 0.4)), Mode.INDEPENDENT)
    assert (found[~truth] > 0.4).mean() == pytest.approx(0.05, abs=0.006)


def test_one_label_is_fitted_by_itself_however_rare_it_is() -> None:
    fitting, unfitting = CHANCE.normal(0.5, 0.1, 100), CHANCE.normal(0.2, 0.1, 5_000)
    cosines = np.concatenate([fitting, unfitting])[:, None]
    truth = (np.arange(len(cosines)) < len(fitting))[:, None]
    assert fit(cosines, truth, 0.4).scale == pytest.approx(30, rel=0.2), "(.5 - .2) / .1 squared"


def test_vectors_that_tell_nothing_apart_and_files_too_small_are_refused() -> None:
    cosines, truth = drawn(18.0)
    with pytest.raises(CalibrationError, match="do not tell these labels apart"):
        fit(-cosines, truth, 0.4)
    with pytest.raises(CalibrationError, match="do not tell these labels apart"):
        fit(-cosines[:, :1], truth[:, :1], 0.4)
    with pytest.raises(CalibrationError, match=r"has 5 posts that fit a label and 15 that do not.*20 of each"):
        fit(cosines[:5], truth[:5], 0.4)


def test_labels_that_vectors_tell_apart_without_fail_give_the_highest_scale_there_is() -> None:
    truth = np.tile(np.eye(2, dtype=bool), (50, 1))
    found = fit(np.where(truth, 0.9, 0.1), truth, 0.4)
    assert found.scale <= 500


def test_a_calibration_is_written_as_it_is_read() -> None:
    assert read(str(Calibration(scale=18.2, bias=0.171))) == Calibration(scale=18.2, bias=0.171)
    assert read("20,-0.1") == Calibration(scale=20, bias=-0.1)
    for wrong in ("", "18", "18, 0.2, 3", "a, b", "0, 0.2", "-1, 0.2", "nan, 0.2", "18, inf"):
        with pytest.raises(ValueError, match=r'a scale above 0 and a bias, as "18\.2, 0\.17"'):
            read(wrong)
