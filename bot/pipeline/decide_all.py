"""Decide a post for everyone who watches its author at once: the same decisions as `decide`, channel by channel.

Most channels do not alert. Which ones surely do not is found out in columns, with numpy, a little on the safe side;
only the others are decided on the spot, by `decide` itself. The rest is decided when somebody looks: at storing time.
Pure, as `decide` is.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bot.pipeline.decide import Answers, decide, refusal_of_channel
from bot.pipeline.filters import Reading, refusal_of_post
from bot.pipeline.watcher import Watcher
from classifier.scoring import scores_of_channels
from classifier.types import Mode
from sources.types import Account
from storage.types import NO_FILTERS, ChannelKey, Decision, Filters, Reason, StoredPost

_ROUNDING = 1e-9
"""How far a score in columns may be from the same score of `decide`: far more than it ever is, far less than shows."""

_UNKNOWN = (float("nan"), float("nan"))

_Places = NDArray[np.intp]
_Marks = NDArray[np.bool_]


class Watchers:
    """Everyone who watches an account, in the order of their channels."""

    def __init__(self, everyone: tuple[Watcher, ...] = ()) -> None:
        self.everyone = everyone

    @property
    def account(self) -> Account:
        """Whom they watch, as the first of them knows it. Nobody must not be asked."""
        return self.everyone[0].watch.account

    def with_watcher(self, key: ChannelKey, watcher: Watcher | None) -> "Watchers":
        """The same with this watcher, or with none, in the place of the channel's."""
        place = bisect_left(self.everyone, key, key=lambda one: one.channel.key)
        rest = bisect_right(self.everyone, key, key=lambda one: one.channel.key)
        mine = () if watcher is None else (watcher,)
        return Watchers((*self.everyone[:place], *mine, *self.everyone[rest:]))

    def hypotheses_for(self, reading: Reading) -> frozenset[str]:
        """What the model has to be asked about a post of this account before it can be decided for everyone."""
        if not self.everyone:
            return frozenset()
        return self._columns.hypotheses_of(self._columns.asking(reading))

    def near(self, reading: Reading, answers: Answers) -> Iterable[tuple[int, Watcher]]:
        """Whom a post of this account may alert, with their places: never one too few."""
        if not self.everyone:
            return []
        marks = self._columns.near(self._columns.asking(reading), answers)
        return [(place, self.everyone[place]) for place in self._columns.listeners[marks].tolist()]

    @cached_property
    def _columns(self) -> "Columns":
        """Made when the first post needs them: most accounts are silent most of the time."""
        return Columns.of(self.everyone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The settings of everyone for whom the model may have to be asked, "listeners", as arrays.

    A listener's labels stand next to each other, one entry each, listener behind listener.
    """

    hypotheses: tuple[str, ...]
    """All there are, each once."""

    listeners: _Places
    """Their places among everyone."""

    exclusive: _Marks
    """Which listeners have scores that share one whole."""

    starts: _Places
    """Where each listener's entries begin; every listener has one."""

    owner: _Places
    """Which listener each entry belongs to."""

    hypothesis: _Places
    """The place of each entry's hypothesis."""

    threshold: NDArray[np.float64]
    """What each entry's score must exceed."""

    added: tuple[datetime, ...]
    """When the listeners' watches were added, the oldest first."""

    by_added: _Places
    """The listeners in that order."""

    filters: tuple[tuple[Filters, list[int]], ...]
    """Each filter that looks at the post, once, with the listeners that have it."""

    @classmethod
    def of(cls, everyone: tuple[Watcher, ...]) -> "Columns":
        """The columns of these watchers."""
        places = [place for place, one in enumerate(everyone) if refusal_of_channel(one.channel) is None]
        listeners = [everyone[place] for place in places]
        numbers: dict[str, int] = {}
        hypothesis = [numbers.setdefault(text, len(numbers)) for one in listeners for text in one.hypotheses]
        sizes = np.array([len(one.hypotheses) for one in listeners], dtype=np.intp)
        by_added = sorted(range(len(listeners)), key=lambda number: listeners[number].watch.added_at)
        return cls(
            hypotheses=tuple(numbers),
            listeners=np.array(places, dtype=np.intp),
            exclusive=np.array([one.channel.mode is Mode.EXCLUSIVE for one in listeners], dtype=np.bool_),
            starts=np.cumsum(sizes) - sizes,
            owner=np.repeat(np.arange(len(listeners)), sizes),
            hypothesis=np.array(hypothesis, dtype=np.intp),
            threshold=np.array([threshold.least for one in listeners for threshold in one.thresholds]),
            added=tuple(listeners[number].watch.added_at for number in by_added),
            by_added=np.array(by_added, dtype=np.intp),
            filters=_filters_of_posts(listeners),
        )

    def asking(self, reading: Reading) -> _Marks:
        """For which listeners nothing refuses this post before it is scored."""
        marks = np.full(len(self.listeners), reading.has_text)
        marks[self.by_added[bisect_right(self.added, reading.post.current_from) :]] = False
        kept_out = [numbers for filters, numbers in self.filters if refusal_of_post(reading, filters)]
        marks[list(chain.from_iterable(kept_out))] = False
        return marks

    def hypotheses_of(self, asking: _Marks) -> frozenset[str]:
        """The hypotheses of these listeners."""
        return frozenset(text for text, used in zip(self.hypotheses, self._used(asking), strict=True) if used)

    def near(self, asking: _Marks, answers: Answers) -> _Marks:
        """Which of the listeners that ask may have a label above its threshold: never one too few.

        A logit that is needed and unknown (NaN) is near as well, so that `decide` says so.
        """
        used = self._used(asking)
        pairs = [answers[text] if used else _UNKNOWN for text, used in zip(self.hypotheses, used, strict=True)]
        scores = scores_of_channels(np.array(pairs), self.hypothesis, self.starts, self.exclusive)
        marks = np.zeros(len(self.listeners), dtype=np.bool_)
        marks[self.owner[~(scores <= self.threshold - _ROUNDING)]] = True
        return marks & asking

    def _used(self, asking: _Marks) -> list[bool]:
        marks = np.zeros(len(self.hypotheses), dtype=np.bool_)
        marks[self.hypothesis[asking[self.owner]]] = True
        return marks.tolist()


@dataclass(frozen=True, kw_only=True, slots=True)
class PostDecisions:
    """What one post means for everyone who watches its author, in their order: at hand where it may be an alert.

    Every other decision is made whenever these are read; none of them alerts, whatever was asked of the model.
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
            yield self.made.get(place) or decide(self.stored, watcher, self.answers, self.now, reading=reading)


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
    reading = Reading(stored.post)
    made = {
        place: decide(stored, watcher, answers, now, alerted=watcher.channel.key in alerted, reading=reading)
        for place, watcher in watchers.near(reading, answers)
    }
    return PostDecisions(stored=stored, everyone=watchers.everyone, answers=answers, now=now, made=made)


def _filters_of_posts(listeners: list[Watcher]) -> tuple[tuple[Filters, list[int]], ...]:
    """What looks at the post of each filter, once, with the numbers of the listeners that have it."""
    numbers: dict[Filters, list[int]] = defaultdict(list)
    for number, listener in enumerate(listeners):
        if listener.watch.filters != NO_FILTERS:
            numbers[replace(listener.watch.filters, labels=(), not_labels=(), minimum=None)].append(number)
    return tuple((filters, found) for filters, found in numbers.items() if filters != NO_FILTERS)
