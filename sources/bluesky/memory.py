"""What Bluesky's cursor holds: where to read on, and what was learnt on the way. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sources.reading import UnreadableError, load_record, moment, record, word
from sources.types import Cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Frozen: each change makes a new one, so that a cursor once given stays what it was."""

    time_us: int | None = None
    """Up to there everything was dealt with; None before the first connection, and while nobody is watched."""

    by_our_clock: bool = False
    """`time_us` is of our own clock, and of no event: that of the next event takes its place, be it earlier."""

    heard_at: datetime | None = None
    """When the connection last proved alive, which says more than the last event where people are quiet."""

    handles: Mapping[str, str] = field(default_factory=dict)
    """did -> handle, of watched accounts that were renamed after they were added."""

    gone: Mapping[str, str] = field(default_factory=dict)
    """did -> "deleted", "deactivated" …, of watched accounts that are not there."""

    def cursor(self) -> Cursor:
        """These words as they are stored."""
        written = {
            "time_us": self.time_us,
            "by_our_clock": self.by_our_clock,
            "heard_at": self.heard_at.isoformat() if self.heard_at else None,
            "handles": dict(self.handles),
            "gone": dict(self.gone),
        }
        return Cursor(json.dumps({name: value for name, value in written.items() if value}))


def to_memory(cursor: Cursor | None) -> Memory:
    """What a cursor holds. One that was never written, or that cannot be read, holds nothing."""
    if cursor is None:
        return Memory()
    try:
        stored = load_record(cursor)
    except UnreadableError:
        return Memory()
    time_us = stored.get("time_us")
    return Memory(
        time_us=time_us if isinstance(time_us, int) and time_us > 0 else None,
        by_our_clock=stored.get("by_our_clock") is True,
        heard_at=moment(stored.get("heard_at")),
        handles=_words(stored.get("handles")),
        gone=_words(stored.get("gone")),
    )


def _words(value: object) -> dict[str, str]:
    return {did: word(said) for did, said in record(value).items() if word(said)}
