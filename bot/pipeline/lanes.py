"""Which lane of the outbox goes next: due, free, not too soon after its channel's last message, with a place. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from storage.types import ChannelKey, DeliveryVerb, Lane

MOST_HEALTHY = 100
"""Deliveries under way at once on one platform."""

MOST_FAILING = 16
"""Of lanes whose last word went wrong: channels that hang never take the places of those that answer."""

_Place = tuple[str, bool]
"""A platform, and whether the place is one for lanes that fail."""


class Lanes:
    """What Deliver remembers between two looks at the outbox. Reads nothing itself."""

    def __init__(self) -> None:
        self._due: dict[Lane, datetime] = {}
        self._busy: dict[Lane, _Place] = {}
        self._taken: Counter[_Place] = Counter()
        self._failing: set[Lane] = set()
        self._quiet: dict[ChannelKey, datetime] = {}

    def owe(self, lanes: Iterable[Lane], at: datetime) -> None:
        """Look into these lanes from then on; one that is busy is looked into anyway when it is free again."""
        for lane in lanes:
            if lane not in self._busy:
                self._due[lane] = min(at, self._due.get(lane, at))

    def ready(self, now: datetime) -> list[Lane]:
        """The lanes to look into now, longest due first: no more than there are places, and one send a channel."""
        taken, spoken = self._taken.copy(), set[ChannelKey]()
        chosen: list[Lane] = []
        for lane in sorted(self._due, key=self._due.__getitem__):
            place = self._place(lane)
            if self._starts(lane) > now or taken[place] >= _places(place):
                continue
            if lane.verb is DeliveryVerb.SEND:
                if lane.channel in spoken:
                    continue
                spoken.add(lane.channel)
            taken[place] += 1
            chosen.append(lane)
        return chosen

    def next_at(self) -> datetime | None:
        """When `ready` will have something if nothing else happens before; None: not before something does."""
        startable = (lane for lane in self._due if self._taken[place := self._place(lane)] < _places(place))
        return min(map(self._starts, startable), default=None)

    def waits(self, lane: Lane, until: datetime) -> None:
        """There is something in this lane, but not before then. A busy one is looked into when it is free again."""
        if lane not in self._busy:
            self._due[lane] = until

    def empty(self, lane: Lane) -> None:
        """Nothing is owed in this lane."""
        self._due.pop(lane, None)
        self._failing.discard(lane)

    def start(self, lane: Lane, now: datetime, pace: timedelta) -> None:
        """A delivery of this lane is under way; the channel's next message comes no sooner than `pace` from now."""
        del self._due[lane]
        self._busy[lane] = place = self._place(lane)
        self._taken[place] += 1
        if lane.verb is DeliveryVerb.SEND:
            self.keep_quiet(lane.channel, now + pace)

    def end(self, lane: Lane, now: datetime, *, failed: bool) -> None:
        """The delivery under way is over, well or not: look for the lane's next."""
        self._taken[self._busy.pop(lane)] -= 1
        (self._failing.add if failed else self._failing.discard)(lane)
        self._due[lane] = now

    def keep_quiet(self, channel: ChannelKey, until: datetime) -> None:
        """Send nothing to this channel before then; edits may go."""
        self._quiet[channel] = max(until, self._quiet.get(channel, until))

    def _starts(self, lane: Lane) -> datetime:
        due = self._due[lane]
        return max(due, self._quiet.get(lane.channel, due)) if lane.verb is DeliveryVerb.SEND else due

    def _place(self, lane: Lane) -> _Place:
        return lane.channel.platform, lane in self._failing


def _places(place: _Place) -> int:
    _, failing = place
    return MOST_FAILING if failing else MOST_HEALTHY
