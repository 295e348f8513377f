"""The engine without a model: what it says can be computed beforehand, in any process."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from classifier.hypothesis import NULL_TEMPLATE
from classifier.null import NullClassifier, entailment
from classifier.scoring import scores
from classifier.types import Mode
from storage.types import DEFAULT_THRESHOLD

ROOT = Path(__file__).parents[2]
TEXTS = [f"Post {number} is about something." for number in range(500)]
HYPOTHESES = [f"This text is about topic {number}." for number in range(6)]


def test_about_a_third_of_all_pairs_exceed_the_default_threshold() -> None:
    found = scores(NullClassifier(template=NULL_TEMPLATE).logits(TEXTS, HYPOTHESES), Mode.INDEPENDENT)
    assert 0.31 < (found > DEFAULT_THRESHOLD).mean() < 0.36


def test_what_it_says_of_one_hypothesis_tells_nothing_of_the_next() -> None:
    found = scores(NullClassifier(template=NULL_TEMPLATE).logits(TEXTS, HYPOTHESES), Mode.INDEPENDENT)
    related = np.corrcoef(found > DEFAULT_THRESHOLD, rowvar=False) - np.eye(len(HYPOTHESES))
    assert np.abs(related).max() < 0.2


def test_another_process_answers_alike() -> None:
    code = f"from classifier.null import entailment; print(entailment({TEXTS[0]!r}, {HYPOTHESES[0]!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert float(done.stdout) == entailment(TEXTS[0], HYPOTHESES[0])
