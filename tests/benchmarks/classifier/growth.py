"""What a post costs as channels and labels grow: flat in channels, a straight line in distinct labels."""

from collections.abc import Mapping
from functools import partial
from statistics import median

import numpy as np

from classifier.nli import NliClassifier
from classifier.scoring import scores_of_channels
from tests.benchmarks.classifier.scene import LABELS, Scene, hypotheses, took_s
from tests.benchmarks.report import Figure

_SHAPE = "deberta-v3-base"
_LABELS = (1, 5, 10, 20)
_CHANNELS = (1, 10, 100, 1_000)


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """Each size takes its turn in each round."""
    classifier = NliClassifier(scene.model(_SHAPE), most_remembered=0)
    asked = hypotheses(LABELS, classifier.template)
    by_labels: dict[int, list[float]] = {count: [] for count in _LABELS}
    by_channels: dict[int, list[float]] = {count: [] for count in _CHANNELS}
    for text, *_ in scene.posts():
        for count, seen in by_labels.items():
            seen.append(took_s(partial(classifier.logits, [text], asked[:count])))
        for count, seen in by_channels.items():
            seen.append(took_s(partial(_for_channels, classifier, text, asked[:10], count)))
    labels_ms, channels_ms = _middles(by_labels), _middles(by_channels)
    counts, ms = np.array(list(labels_ms)), np.array(list(labels_ms.values()))
    bent = float(np.abs(np.polyval(np.polyfit(counts, ms, 1), counts) - ms).max() / ms.max())
    return [
        Figure(name="growth_1000_channels_over_1", value=channels_ms[1_000] / channels_ms[1], ceiling=1.2),
        Figure(name="growth_off_a_straight_line_in_labels", value=bent, ceiling=0.15),
    ], {"labels_ms": labels_ms, "channels_ms": channels_ms, "plot": plot(labels_ms, channels_ms)}


def _for_channels(classifier: NliClassifier, text: str, asked: list[str], channels: int) -> None:
    """Five labels each, out of those asked."""
    logits = classifier.logits([text], asked)[0]
    columns = np.array([(channel + 2 * label) % len(asked) for channel in range(channels) for label in range(5)])
    scores_of_channels(logits, columns, np.arange(0, len(columns), 5), np.zeros(channels, dtype=np.bool_))


def _middles(seen: Mapping[int, list[float]]) -> dict[int, float]:
    return {count: round(median(seconds) * 1_000, 1) for count, seconds in seen.items()}


def plot(labels_ms: Mapping[int, float], channels_ms: Mapping[int, float]) -> list[str]:
    """The two curves as README shows them, in Mermaid."""
    return [
        _curve("A post and 10 labels, by channels", channels_ms),
        _curve("A post, by distinct labels", labels_ms),
    ]


def _curve(title: str, ms: Mapping[int, float]) -> str:
    return "\n".join(
        [
            "xychart-beta",
            f'    title "{title}"',
            f"    x-axis [{', '.join(map(str, ms))}]",
            f'    y-axis "ms" 0 --> {max(ms.values()) * 1.2:.0f}',
            f"    line [{', '.join(map(str, ms.values()))}]",
        ]
    )
