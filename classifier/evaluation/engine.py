"""One engine, measured on labelled posts: what it says, how fast, and in how much memory."""

import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.hypothesis import render
from classifier.premise import has_text
from classifier.types import Classifier, Label, Model

_AT_ONCE = 64
"""Posts: a slow model still shows that it goes on, a quick one has enough to fill its batches."""

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a classifier said about posts, and what that took."""

    model: Model
    template: str
    scored: NDArray[np.bool_]
    """[posts]: those with a letter; the others are never put to a model."""

    logits: NDArray[np.float32]
    """[posts that were scored, labels, 2]"""

    texts_per_s: float
    """Of scored posts, for all labels; loading and the first batch not counted where there is a second."""


def ask(classifier: Classifier, labels: Sequence[Label], texts: Sequence[str], advance: Callable[[int], None]) -> Heard:
    """Put every text to it. `advance` is told how many more texts are done. Raises ClassifierError."""
    hypotheses = [render(label, classifier.template) for label in labels]
    scored = np.array([has_text(text) for text in texts], dtype=bool)
    worth = [text for text, good in zip(texts, scored, strict=True) if good]
    advance(len(texts) - len(worth))
    logits = np.empty((len(worth), len(labels), 2), dtype=np.float32)
    started, counted = time.perf_counter(), len(worth)
    for first in range(0, len(worth), _AT_ONCE):
        batch = worth[first : first + _AT_ONCE]
        logits[first : first + len(batch)] = classifier.logits(batch, hypotheses)
        advance(len(batch))
        if not first and len(worth) > _AT_ONCE:  # it warmed up: threads, kernels, the vectors of the hypotheses
            started, counted = time.perf_counter(), len(worth) - len(batch)
    took_s = time.perf_counter() - started
    return Heard(
        model=classifier.model,
        template=classifier.template,
        scored=scored,
        logits=logits,
        texts_per_s=counted / took_s if counted else 0.0,
    )


def peak_memory_mib() -> float:
    """The most memory this process has had resident."""
    if _STATUS.exists():  # Linux, where getrusage also counts what the process that started this one had
        status = _STATUS.read_text(encoding="ascii", errors="replace")
        return int(re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes
