"""The shape of facebook/bart-large-mnli, five labels a post."""

from tests.benchmarks.classifier.scene import Scene, times
from tests.benchmarks.classifier.side_by_side import CHANNELS, Sides, told
from tests.benchmarks.report import Figure


def measure(scene: Scene) -> tuple[list[Figure], dict[str, object]]:
    """How many times as fast as the pipeline, one post a call."""
    turns = Sides(scene, "bart-large").take_turns()
    channels = [one * CHANNELS for one in turns.pipeline_a_post()]  # the pipeline is asked channel by channel
    return [
        Figure(name="bart_large_times", value=turns.faster(turns.together_s), floor=1.8),
        Figure(name="bart_large_one_post_a_call_times", value=turns.faster(turns.one_by_one_s), floor=1.8),
        Figure(name="bart_large_bf16_times", value=turns.faster(turns.halved_s), floor=3.2),
        Figure(name="bart_large_50_channels_times", value=times(channels, turns.union_s), floor=22.0),
        Figure(name="bart_large_again_times", value=times(turns.pipeline_a_post(), turns.again_s), floor=1_000.0),
        Figure(name="bart_large_difference_millionths", value=turns.difference * 1e6, ceiling=10.0),
    ], told(turns)
