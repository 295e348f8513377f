"""A channel that watches an account, with what every decision for it needs."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from classifier.hypothesis import render
from storage.types import Channel, ChannelLabel, Watch


class Threshold(NamedTuple):
    """What a score has to exceed, and where that was set, in words people know."""

    least: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """A channel that watches an account, with the hypotheses of its labels, in their order."""

    channel: Channel
    watch: Watch
    hypotheses: tuple[str, ...]

    @cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What each label has to exceed for this watch, in the labels' order; worked out once, not for every post."""
        return tuple(self._threshold(label) for label in self.channel.labels)

    def _threshold(self, label: ChannelLabel) -> Threshold:
        minimum, least = self.watch.filters.minimum, self.channel.threshold_for(label)
        if minimum is not None and minimum > least:
            return Threshold(minimum, "set for the watch")
        return Threshold(least, self.channel.threshold_source(label))


def watchers_of(channel: Channel, template: str) -> list[Watcher]:
    """One for each account the channel watches."""
    hypotheses = tuple(render(label.label, template) for label in channel.labels)
    return [Watcher(channel=channel, watch=watch, hypotheses=hypotheses) for watch in channel.watches]
