"""The shape of facebook/bart-large-mnli on a GPU, against the card's own peak and against the pipeline on that card.

Without a GPU nothing is measured; the code path is the same as on a CPU, with larger batches.
"""

import time
from functools import partial
from statistics import median

import torch

from classifier.nli import NliClassifier
from classifier.types import Precision
from tests.benchmarks.classifier.scene import LABELS, Scene, hypotheses, reference, tokens, took_s, work_a_token
from tests.benchmarks.report import Figure

_SIZE = 8_192
_TIMES = 20
_COPIES = 25
"""Of each post of a round, told apart by a number: enough pairs to fill the card."""


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """In bf16, twenty labels."""
    if not torch.cuda.is_available():
        return [], {"skipped": "there is no GPU here"}
    folder = scene.model("bart-large")
    pipeline = reference(folder, device="cuda", dtype=torch.bfloat16)
    work = work_a_token(pipeline.model)
    classifier = NliClassifier(folder, precision=Precision.BF16, most_remembered=0)
    asked = hypotheses(LABELS, classifier.template)
    shares, rates, gains = [], [], []
    for texts in scene.posts():
        many = [f"{number} {text}" for text in texts for number in range(_COPIES)]
        classifier.logits(texts, asked)
        seconds = took_s(partial(classifier.logits, many, asked))
        slow = took_s(partial(pipeline, texts[0], list(LABELS), multi_label=True))
        shares.append(work * tokens(classifier, many, asked) / seconds / _peak())
        rates.append(len(many) * len(asked) / seconds)
        gains.append(slow / (seconds / len(many)))
    return [Figure(name="gpu_share_of_bf16_peak", value=median(shares), floor=0.5)], {
        "card": torch.cuda.get_device_name(),
        "pairs_a_second": round(median(rates)),
        "times_the_pipeline": round(median(gains), 1),
    }


@torch.inference_mode()
def _peak() -> float:
    """Operations a second of the card's matrix product in bf16."""
    left, right = (torch.randn(_SIZE, _SIZE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        left @ right
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(_TIMES):
        left @ right
    torch.cuda.synchronize()
    return 2.0 * _SIZE**3 * _TIMES / (time.perf_counter() - started)
