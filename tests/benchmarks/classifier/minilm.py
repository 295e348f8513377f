"""The default model against the pipeline on the shape of facebook/bart-large-mnli, twenty labels a post."""

from functools import partial
from statistics import median

from classifier.embedding import EmbeddingClassifier
from tests.benchmarks.classifier.scene import LABELS, Scene, hypotheses, reference, times, took_s
from tests.benchmarks.report import Figure


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """How many times as fast, the posts of a round in one call. The labels are known by then, as they are in a chat."""
    pipeline = reference(scene.model("bart-large"), device="cpu")
    classifier = EmbeddingClassifier()
    asked = hypotheses(LABELS, classifier.template)
    classifier.logits([], asked)
    slow: list[float] = []
    quick: list[float] = []
    alone: list[float] = []
    for texts in scene.posts():
        slow.append(took_s(partial(pipeline, texts[0], list(LABELS), multi_label=True)))
        quick.append(took_s(partial(classifier.logits, texts, asked)) / len(texts))
        alone.append(took_s(partial(classifier.logits, texts[:1], asked)))
    return [Figure(name="minilm_20_labels_times", value=times(slow, quick), floor=500.0)], {
        "pipeline_s_a_post": round(median(slow), 3),
        "ms_a_post": round(median(quick) * 1_000, 2),
        "one_post_a_call_times": round(times(slow, alone)),
    }
