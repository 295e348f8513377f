"""How far X was read: the stream's last byte, the stretches of time still to be searched, the month's count. Pure."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sources.types import Cursor

BEFORE = timedelta(seconds=60)
"""Search begins so long before the last byte: posts reach the stream out of order and up to a minute late."""

AFTER = timedelta(seconds=10)
"""And ends so long after the stream is back: it takes a post 6 to 7 s to get there (99 of 100)."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Stretch:
    """A time in which posts may have been missed: from `start` to before `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where reading goes on. `heard`: the stream's last byte; None where there is nothing to go on from."""

    heard: datetime | None = None
    gaps: tuple[Stretch, ...] = ()
    """Still to be searched; in order, none touching another."""

    compared: datetime | None = None
    """When the rules at X were last seen to be those of the watch list; None: never."""

    month: str = ""
    read: int = 0
    """Posts read in that month, as X bills them."""

    def to_cursor(self) -> Cursor:
        """Text from which `from_cursor` makes an equal position."""
        kept = {
            "heard": self.heard and self.heard.isoformat(),
            "compared": self.compared and self.compared.isoformat(),
            "gaps": [(gap.start.isoformat(), gap.end.isoformat()) for gap in self.gaps],
            "month": self.month,
            "read": self.read,
        }
        return Cursor(json.dumps(kept))

    def with_gap(self, gap: Stretch) -> "Position":
        """With one more stretch to search."""
        return replace(self, gaps=merged((*self.gaps, gap)))

    def without(self, searched: Stretch) -> "Position":
        """With a stretch that was searched taken out."""
        return replace(self, gaps=tuple(part for gap in self.gaps for part in _minus(gap, searched)))


def from_cursor(cursor: Cursor | None) -> Position:
    """The position a cursor stands for; the beginning where there is none. Raises ValueError for no cursor of ours."""
    if cursor is None:
        return Position()
    try:
        kept = json.loads(cursor)
        gaps = merged(Stretch(start=_moment(start), end=_moment(end)) for start, end in kept["gaps"])
        heard, compared = (_moment(kept[name]) if kept[name] else None for name in ("heard", "compared"))
        return Position(heard=heard, compared=compared, gaps=gaps, month=str(kept["month"]), read=int(kept["read"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no position in X: {cursor[:80]!r}") from error


def merged(gaps: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same time, in order and without overlaps."""
    found: list[Stretch] = []
    for gap in sorted(gaps):
        if found and gap.start <= found[-1].end:
            found[-1] = replace(found[-1], end=max(found[-1].end, gap.end))
        else:
            found.append(gap)
    return tuple(found)


def due(gaps: Collection[Stretch], now: datetime, lag: timedelta, patience: timedelta) -> Stretch | None:
    """The stretch to search now; None while it is too early for any.

    Search lags behind by `lag`: a gap is searched once its end is as old as that. One that keeps growing is searched
    as far as that goes once it has waited for `patience`.
    """
    for gap in gaps:
        end = min(gap.end, now - lag)
        if end == gap.end or end - gap.start >= patience:
            return replace(gap, end=end)
    return None


def _minus(gap: Stretch, other: Stretch) -> Iterable[Stretch]:
    for part in (replace(gap, end=min(gap.end, other.start)), replace(gap, start=max(gap.start, other.end))):
        if part.start < part.end:
            yield part


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
