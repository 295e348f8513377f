"""Everyone who watches an account, and which of them a post of it may alert: found out for all of them at once. Pure.

Settings stand in columns, as arrays, made once after a change and not for every post. `near` errs on the safe side:
whether a post does alert is for `decide` to say.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.pipeline.decide import Answers, refusal_before_scoring, refusal_of_channel
from bot.pipeline.filters import Reading
from bot.pipeline.post_filters import PostFilters
from bot.pipeline.watcher import Watcher
from classifier.scoring import scores_of_channels
from classifier.types import Mode
from sources.types import Account, PostKind
from storage.types import ChannelKey

_ROUNDING = 1e-9
"""How far a score in columns may be from the same score of `decide`: far more than it ever is, far less than shows."""

_FEW = 4
"""So many are looked at one by one: numpy's first step costs as much."""

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

    @property
    def without(self) -> frozenset[PostKind]:
        """The kinds of posts that none of them wants."""
        return frozenset.intersection(*(one.watch.filters.without for one in self.everyone))

    def with_watcher(self, key: ChannelKey, watcher: Watcher | None) -> "Watchers":
        """The same with this watcher, or with none, in the place of the channel's."""
        place = bisect_left(self.everyone, key, key=lambda one: one.channel.key)
        rest = bisect_right(self.everyone, key, key=lambda one: one.channel.key)
        mine = () if watcher is None else (watcher,)
        return Watchers((*self.everyone[:place], *mine, *self.everyone[rest:]))

    def hypotheses_for(self, reading: Reading) -> frozenset[str]:
        """What the model has to be asked about a post of this account before it can be decided for everyone."""
        if len(self.everyone) <= _FEW:
            return frozenset(text for _, one in self._asking(reading) for text in one.hypotheses)
        return self._columns.hypotheses_of(self._columns.asking(reading))

    def near(self, reading: Reading, answers: Answers) -> Sequence[tuple[int, Watcher]]:
        """Whom a post of this account may alert, with their places: never one too few."""
        if len(self.everyone) <= _FEW:
            return self._asking(reading)
        marks = self._columns.near(self._columns.asking(reading), answers)
        return [(place, self.everyone[place]) for place in self._columns.listeners[marks].tolist()]

    def _asking(self, reading: Reading) -> list[tuple[int, Watcher]]:
        """For whom nothing refuses this post before it is scored, one by one, with their places."""
        everyone = enumerate(self.everyone)
        return [(place, one) for place, one in everyone if refusal_before_scoring(reading, one) is None]

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

    filters: PostFilters
    """Those of the listeners' watches, in their order."""

    @classmethod
    def of(cls, everyone: tuple[Watcher, ...]) -> "Columns":
        """The columns of these watchers."""
        places = [place for place, one in enumerate(everyone) if refusal_of_channel(one) is None]
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
            filters=PostFilters([one.watch.filters for one in listeners]),
        )

    def asking(self, reading: Reading) -> _Marks:
        """For which listeners nothing refuses this post before it is scored."""
        marks = np.full(len(self.listeners), reading.has_text)
        marks[self.by_added[bisect_right(self.added, reading.post.current_by) :]] = False
        marks[list(self.filters.refusing(reading))] = False
        return marks

    def hypotheses_of(self, asking: _Marks) -> frozenset[str]:
        """The hypotheses of these listeners."""
        return frozenset(text for text, used in zip(self.hypotheses, self._used(asking), strict=True) if used)

    def near(self, asking: _Marks, answers: Answers) -> _Marks:
        """Which of the listeners that ask may have a label above its threshold: never one too few.

        Whoever needs an answer that is missing, or a logit that is unknown (NaN), is near as well: deciding says so.
        """
        if not asking.any():
            return asking
        pairs = [answers.get(text, _UNKNOWN) for text in self.hypotheses]
        scores = scores_of_channels(np.array(pairs), self.hypothesis, self.starts, self.exclusive)
        marks = np.zeros(len(self.listeners), dtype=np.bool_)
        marks[self.owner[~(scores <= self.threshold - _ROUNDING)]] = True
        return marks & asking

    def _used(self, asking: _Marks) -> list[bool]:
        marks = np.zeros(len(self.hypotheses), dtype=np.bool_)
        marks[self.hypothesis[asking[self.owner]]] = True
        return marks.tolist()
