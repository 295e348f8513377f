"""What is remembered of one account, which is its cursor; and what a page means against it. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sources.mastodon.server import PAGE
from sources.mastodon.statuses import Status, order
from sources.reading import UnreadableError, load_record, record, text, word
from sources.types import Cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Frozen: each change makes a new one, so that a cursor once given stays what it was."""

    last_id: str = ""
    """Of the newest status that was dealt with."""

    shown: Mapping[str, str] = field(default_factory=dict)
    """id -> edited_at, of the latest statuses that were dealt with: a page's worth."""

    def cursor(self) -> Cursor:
        """These words as they are stored."""
        return Cursor(json.dumps({"last_id": self.last_id, "shown": dict(self.shown)}))

    def with_shown(self, status_id: str, edited_at: str = "") -> "Memory":
        """The same once this status is dealt with."""
        shown = {**self.shown, status_id: edited_at}
        kept = sorted(shown, key=order)[-PAGE:]
        last_id = max(self.last_id, status_id, key=order)
        return Memory(last_id=last_id, shown={one: shown[one] for one in kept})

    def after(self, status_id: str) -> "Memory":
        """The same once everything up to this status is dealt with, be it unreadable."""
        return replace(self, last_id=max(self.last_id, status_id, key=order))

    def without(self, status_id: str) -> "Memory":
        """The same once this status is known to be gone."""
        return replace(self, shown={one: edited for one, edited in self.shown.items() if one != status_id})


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """What the latest page shows that was not known."""

    edited: tuple[Status, ...]
    vanished: tuple[str, ...]
    """Ids that should stand on it and do not: deleted, or left out for another reason. Newest first."""


def differences(memory: Memory, page: Sequence[Status], ids: Sequence[str], *, limit: int = PAGE) -> Differences:
    """Compare with the latest page: `ids` are all that stand on it, `page` those that could be read."""
    oldest = order(min(ids, key=order)) if len(ids) >= limit else (0, "")  # a page not full goes back to the first
    present = set(ids)
    vanished = [one for one in memory.shown if one not in present and order(one) >= oldest]
    edited = [one for one in page if memory.shown.get(one.id, one.edited_at) != one.edited_at]
    return Differences(edited=tuple(edited), vanished=tuple(sorted(vanished, key=order, reverse=True)))


def to_memory(cursor: Cursor | None) -> Memory | None:
    """What a cursor holds; None where there is none, or none that can be read."""
    if cursor is None:
        return None
    try:
        stored = load_record(cursor)
    except UnreadableError:
        return None
    last_id = word(stored.get("last_id"))
    shown = {one: text(edited) for one, edited in record(stored.get("shown")).items()}
    return Memory(last_id=last_id, shown=shown)
