"""What every part measures on and with: posts, labels, models, a clock, and the machine's own limit."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import logging, pipeline

from classifier.hypothesis import render
from classifier.linear import PackedLinear, can_pack
from classifier.nli import NliClassifier
from classifier.types import Label
from tests.benchmarks.classifier.shapes import write

_POSTS = Path(__file__).parents[3] / "bot" / "demo" / "sample.jsonl"
LABELS = (
    *("flood", "security", "sports news", "earthquake", "storm", "fire", "politics", "music", "data breach", "traffic"),
    *("football", "weather", "health", "science", "food", "travel", "software outage", "art", "economy", "space"),
)
A_ROUND = 4
"""Posts that each side answers before it is the other's turn."""

_ROWS, _IN, _OUT = 256, 1024, 4096
_PEAK_S = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where models are, and how often each side has its turn."""

    models: Path
    rounds: int

    def model(self, shape: str) -> str:
        """The folder of a model in this shape, made now unless it is there."""
        folder = self.models / shape
        if not (folder / "model.safetensors").is_file():
            write(shape, folder)
        return str(folder)

    def posts(self) -> Iterator[list[str]]:
        """A few new posts for each round."""
        with _POSTS.open(encoding="utf-8") as file:
            texts = list(dict.fromkeys(json.loads(line)["text"] for line in file))
        if self.rounds * A_ROUND > len(texts):
            raise ValueError(f"there are posts for {len(texts) // A_ROUND} rounds, not for {self.rounds}")
        for number in range(self.rounds):
            yield texts[number * A_ROUND : (number + 1) * A_ROUND]


def reference(folder: str, **options: Any) -> Any:
    """What the system that Lapwing replaces runs."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return pipeline("zero-shot-classification", model=folder, tokenizer=folder, **options)


def expected(answer: dict[str, Any], labels: Sequence[str]) -> NDArray[np.float64]:
    """The pipeline's scores in the order of the labels."""
    by_label = dict(zip(answer["labels"], answer["scores"], strict=True))
    return np.array([by_label[label] for label in labels])


def hypotheses(labels: Sequence[str], template: str) -> list[str]:
    """What the model is asked about these labels."""
    return [render(Label(name=label), template) for label in labels]


def took_s(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def times(slow: Sequence[float], quick: Sequence[float]) -> float:
    """How many times as fast, round by round, in the middle."""
    return median(one / other for one, other in zip(slow, quick, strict=True))


def tokens(classifier: NliClassifier, texts: Sequence[str], asked: Sequence[str]) -> int:
    """That go through the model for these texts under these hypotheses, without padding."""
    return sum(len(row.tokens) for row in classifier._pairs.rows([(text, one) for text in texts for one in asked]))


def work_a_token(model: nn.Module) -> float:
    """Floating point operations of all linear layers for one token; of a plain model. The head sees but one token."""
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    body = [layer for name, layer in layers.items() if not name.startswith(("classif", "pooler", "head"))]
    return 2.0 * sum(layer.in_features * layer.out_features for layer in body)


@torch.inference_mode()
def peak(dtype: torch.dtype) -> float:
    """The most operations a second that this machine reaches in matrix products in the shapes of BART, right now."""
    plain = nn.Linear(_IN, _OUT, dtype=dtype)
    layer: nn.Module = PackedLinear(plain) if can_pack(dtype) else plain
    rows = torch.randn(_ROWS, _IN, dtype=dtype)
    layer(rows)
    ends, best = time.perf_counter() + _PEAK_S, float("inf")
    while time.perf_counter() < ends:
        best = min(best, took_s(lambda: layer(rows)))
    return 2.0 * _ROWS * _IN * _OUT / best
