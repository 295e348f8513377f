"""The engine "nli" and the pipeline take turns on the same posts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.nli import NliClassifier
from classifier.scoring import scores, scores_of_channels
from classifier.types import Mode, Precision
from tests.benchmarks.classifier.scene import (
    LABELS,
    Scene,
    expected,
    hypotheses,
    peak,
    reference,
    times,
    tokens,
    took_s,
    work_a_token,
)

CHANNELS = 50
FEW = LABELS[:5]


@dataclass(kw_only=True)
class Turns:
    """What was seen, a value a round; seconds for the posts of a round but where it says otherwise."""

    pipeline_s: list[float] = field(default_factory=list)
    one_by_one_s: list[float] = field(default_factory=list)
    together_s: list[float] = field(default_factory=list)
    halved_s: list[float] = field(default_factory=list)
    union_s: list[float] = field(default_factory=list)
    """One post for all channels."""

    again_s: list[float] = field(default_factory=list)
    """One post that was asked before."""

    share: list[float] = field(default_factory=list)
    halved_share: list[float] = field(default_factory=list)
    difference: float = 0.0
    drift: float = 0.0
    spread: float = 0.0
    posts: int = 0

    def pipeline_a_post(self) -> list[float]:
        """Seconds of the reference for one post with a few labels."""
        return [whole / self.posts for whole in self.pipeline_s]

    def faster(self, quick: Sequence[float]) -> float:
        """How many times as fast as the pipeline."""
        return times(self.pipeline_s, quick)


class Sides:
    """Both, loaded from the same folder."""

    def __init__(self, scene: Scene, shape: str) -> None:
        folder = scene.model(shape)
        self._scene = scene
        self._reference = reference(folder, device="cpu")
        self._work = work_a_token(self._reference.model)
        self._exact = NliClassifier(folder, most_remembered=0)
        self._halved = NliClassifier(folder, precision=Precision.BF16)  # which remembers: no post comes in two rounds
        self._asked = hypotheses(FEW, self._exact.template)
        self._all = hypotheses(LABELS, self._exact.template)

    def take_turns(self) -> Turns:
        """All rounds."""
        turns = Turns()
        for texts in self._scene.posts():
            self._round(texts, turns)
        return turns

    def _round(self, texts: list[str], turns: Turns) -> None:
        turns.posts = len(texts)
        wanted: list[NDArray[np.float64]] = []
        found: list[NDArray[np.float32]] = []
        halved: list[NDArray[np.float32]] = []
        exact_peak, halved_peak = peak(torch.float32), peak(torch.bfloat16)
        turns.pipeline_s.append(took_s(lambda: wanted.extend(self._by_reference(text) for text in texts)))
        turns.one_by_one_s.append(took_s(lambda: found.extend(self._by(self._exact, [text]) for text in texts)))
        turns.together_s.append(took_s(lambda: found.append(self._by(self._exact, texts))))
        turns.halved_s.append(took_s(lambda: halved.append(self._by(self._halved, texts))))
        turns.union_s.append(took_s(lambda: self._for_channels(texts[0])))
        turns.again_s.append(took_s(lambda: self._by(self._halved, texts[:1])))
        operations = self._work * tokens(self._exact, texts, self._asked)
        exact_peak, halved_peak = max(exact_peak, peak(torch.float32)), max(halved_peak, peak(torch.bfloat16))
        turns.share.append(operations / turns.together_s[-1] / exact_peak)
        turns.halved_share.append(operations / turns.halved_s[-1] / halved_peak)
        self._compare(np.array(wanted), found, halved, turns)

    def _compare(
        self,
        wanted: NDArray[np.float64],
        found: Sequence[NDArray[np.float32]],
        halved: Sequence[NDArray[np.float32]],
        turns: Turns,
    ) -> None:
        once, together = np.concatenate(found[:-1]), found[-1]
        worst = max(float(np.abs(scores(logits, Mode.INDEPENDENT) - wanted).max()) for logits in (once, together))
        drift = float(np.abs(scores(halved[0], Mode.INDEPENDENT) - wanted).max())
        turns.difference, turns.drift = max(turns.difference, worst), max(turns.drift, drift)
        turns.spread = max(turns.spread, float(np.ptp(wanted)))

    def _by_reference(self, text: str) -> NDArray[np.float64]:
        return expected(self._reference(text, list(FEW), multi_label=True), FEW)

    def _by(self, classifier: NliClassifier, texts: Sequence[str]) -> NDArray[np.float32]:
        return classifier.logits(texts, self._asked)

    def _for_channels(self, text: str) -> NDArray[np.float64]:
        """The scores of one post for channels of a few labels each, out of all."""
        logits = self._exact.logits([text], self._all)[0]
        columns = np.array([(channel + 4 * label) % len(LABELS) for channel in range(CHANNELS) for label in range(5)])
        starts = np.arange(0, len(columns), 5)
        return scores_of_channels(logits, columns, starts, np.zeros(CHANNELS, dtype=np.bool_))


def told(turns: Turns) -> dict[str, object]:
    """What limits nothing, and is worth knowing."""
    return {
        "pipeline_s_a_post": round(median(turns.pipeline_a_post()), 3),
        "share_of_fp32_peak": round(median(turns.share), 2),
        "share_of_bf16_peak": round(median(turns.halved_share), 2),
        "bf16_drift": round(turns.drift, 5),
        "spread_of_scores": round(turns.spread, 3),
    }
