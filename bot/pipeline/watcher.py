"""A channel that watches an account, with what every decision for it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bot.pipeline.left_out import NOTHING, split
from classifier.hypothesis import render
from classifier.types import Mode
from storage.types import Channel, ChannelLabel, Watch


class Threshold(NamedTuple):
    """What a score has to exceed, and where that was set, in words people know."""

    least: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """A channel that watches an account, with the hypotheses of its labels, in their order.

    A label that the model refuses is left out of `channel`: posts are decided as if the channel did not have it.
    """

    channel: Channel
    watch: Watch
    hypotheses: tuple[str, ...]
    left_out: str = ""
    """The names of the labels that are left out; empty while there are none. Why: `/labels` says it."""

    @cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What each label has to exceed for this watch, in the labels' order; worked out once, not for every post."""
        return tuple(self._threshold(label) for label in self.channel.labels)

    @cached_property
    def decidable(self) -> bool:
        """Whether the labels that are left tell anything apart.

        Not when there are none; nor when they share 100% among so few that every post would alert: labels could not be
        set like that.
        """
        labels = len(self.channel.labels)
        if self.channel.mode is not Mode.EXCLUSIVE or labels < 2:
            return labels > 0
        return all(threshold.least > 1 / labels for threshold in self.thresholds)

    def _threshold(self, label: ChannelLabel) -> Threshold:
        minimum, least = self.watch.filters.minimum, self.channel.threshold_for(label)
        if minimum is not None and minimum > least:
            return Threshold(minimum, "set for the watch")
        return Threshold(least, self.channel.threshold_source(label))


def watchers_of(channel: Channel, template: str, refused: Mapping[str, str] = NOTHING) -> list[Watcher]:
    """One for each account the channel watches. `refused`: hypothesis -> why the model does not take it."""
    asked, left_out = split(channel, template, refused)
    hypotheses = tuple(render(label.label, template) for label in asked.labels)
    names = ", ".join(left_out)
    return [Watcher(channel=asked, watch=watch, hypotheses=hypotheses, left_out=names) for watch in asked.watches]
