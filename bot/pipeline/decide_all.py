"""Decide a post for everyone who watches its author at once: the same decisions as `decide`, channel by channel.

Most channels do not alert, and their decisions cost the most, as there are so many: a score of every label, in words.
So only what may be an alert is decided on the spot; the rest is put into words when it is read, at storing time.
Pure, as `decide` is.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from bot.pipeline.decide import Answers, decide_scored, decide_unscored, refusal_before_scoring
from bot.pipeline.filters import Reading
from bot.pipeline.watcher import Watcher
from bot.pipeline.watchers import Watchers
from storage.types import ChannelKey, Decision, Reason, StoredPost


@dataclass(frozen=True, kw_only=True, slots=True)
class PostDecisions:
    """What one post means for everyone who watches its author, in their order.

    `made` are those decisions that may be alerts. Every other one is made whenever these are read, and is a refusal.
    """

    stored: StoredPost
    everyone: tuple[Watcher, ...]
    answers: Answers
    now: datetime
    made: Mapping[int, Decision]
    """By the place among everyone."""

    @property
    def alerts(self) -> list[Decision]:
        """Those that alert."""
        return [decision for decision in self.made.values() if decision.reason is Reason.ALERT]

    def __len__(self) -> int:
        return len(self.everyone)

    def __iter__(self) -> Iterator[Decision]:
        reading = Reading(self.stored.post)
        for place, watcher in enumerate(self.everyone):
            yield self.made.get(place) or self._make(reading, watcher)

    def _make(self, reading: Reading, watcher: Watcher) -> Decision:
        if refusal := refusal_before_scoring(reading, watcher):
            return decide_unscored(self.stored, watcher, refusal)
        return decide_scored(self.stored, watcher, self.answers, self.now, alerted=False)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What several posts mean, one behind the other."""

    of_posts: tuple[PostDecisions, ...]

    def __len__(self) -> int:
        return sum(map(len, self.of_posts))

    def __iter__(self) -> Iterator[Decision]:
        return chain.from_iterable(self.of_posts)


def decide_all(
    stored: StoredPost,
    watchers: Watchers,
    answers: Answers,
    now: datetime,
    *,
    alerted: Collection[ChannelKey] = (),
) -> PostDecisions:
    """What this post means at `now` for everyone who watches its author: `decide` of each.

    `answers` must hold `watchers.hypotheses_for` the post, and stay as they are. `alerted`: the channels
    which a post with the same words alerted within the last day.
    """
    made = {
        place: decide_scored(stored, watcher, answers, now, alerted=watcher.channel.key in alerted)
        for place, watcher in watchers.near(Reading(stored.post), answers)
    }
    return PostDecisions(stored=stored, everyone=watchers.everyone, answers=answers, now=now, made=made)
