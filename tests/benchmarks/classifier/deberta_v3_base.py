"""The shape of microsoft/deberta-v3-base, five labels a post."""

from tests.benchmarks.classifier.scene import Scene
from tests.benchmarks.classifier.side_by_side import Sides, told
from tests.benchmarks.report import Figure


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """How many times as fast as the pipeline, one post a call."""
    turns = Sides(scene, "deberta-v3-base").take_turns()
    return [
        Figure(name="deberta_v3_base_times", value=turns.faster(turns.together_s), floor=3.0),
        Figure(name="deberta_v3_base_one_post_a_call_times", value=turns.faster(turns.one_by_one_s), floor=3.0),
        Figure(name="deberta_v3_base_bf16_times", value=turns.faster(turns.halved_s), floor=5.0),
        Figure(name="deberta_v3_base_difference_millionths", value=turns.difference * 1e6, ceiling=10.0),
    ], told(turns)
