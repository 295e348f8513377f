"""The engine "nli" asks its model about the same text and hypothesis once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import models
from classifier.nli import NliClassifier
from tests.fakes.models import write_bart

FLOOD, FIRE, GOAL = "This example is flood.", "This example is fire.", "This example is a goal."


class Counted(NliClassifier):
    """Notes what its model is asked."""

    def __init__(self, place: str, **options: Any) -> None:
        super().__init__(place, **options)
        self.asked: list[tuple[str, str]] = []

    def _ask(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        self.asked += pairs
        return super()._ask(pairs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.use_threads(1)
    return write_bart(tmp_path_factory.mktemp("bart"))


def test_a_retweet_in_the_same_call_is_not_scored_again(folder: Path) -> None:
    classifier = Counted(str(folder))

    logits = classifier.logits(["water", "fire", "water"], [FLOOD, FIRE, FLOOD])

    assert sorted(classifier.asked) == sorted((text, asked) for text in ("water", "fire") for asked in (FLOOD, FIRE))
    assert np.array_equal(logits[0], logits[2])
    assert np.array_equal(logits[:, 0], logits[:, 2])


def test_a_retweet_in_a_later_call_is_asked_only_what_is_new(folder: Path) -> None:
    classifier = Counted(str(folder))
    first = classifier.logits(["water", "fire"], [FLOOD])
    classifier.asked.clear()

    again = classifier.logits(["fire", "water"], [FLOOD, GOAL])

    assert sorted(classifier.asked) == [("fire", GOAL), ("water", GOAL)]
    assert np.array_equal(again[::-1, :1], first)


def test_what_was_not_used_for_longest_is_forgotten_first(folder: Path) -> None:
    classifier = Counted(str(folder), most_remembered=2)
    classifier.logits(["one"], [FLOOD])
    classifier.logits(["two"], [FLOOD])
    classifier.logits(["one"], [FLOOD])
    classifier.logits(["three"], [FLOOD])
    classifier.asked.clear()

    classifier.logits(["one", "two", "three"], [FLOOD])

    assert classifier.asked == [("two", FLOOD)]


def test_a_call_for_more_than_is_remembered_is_answered_whole(folder: Path) -> None:
    texts = [f"text {number}" for number in range(20)]

    found = NliClassifier(str(folder), most_remembered=3).logits(texts, [FLOOD, FIRE])

    np.testing.assert_allclose(found, NliClassifier(str(folder), most_remembered=0).logits(texts, [FLOOD, FIRE]))
