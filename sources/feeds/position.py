"""Where reading of a feed goes on: Position <-> Cursor. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sources.feeds.identity import Known, remembered
from sources.feeds.schedule import FIRST_INTERVAL_S
from sources.types import Cursor

_DELETED_REMEMBERED = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What is known of a feed after it was read."""

    read: bool = False
    """Whether it was ever read to its end: what an unread feed shows without a date is old."""

    address: str = ""
    """Where the feed is now, if it has moved for good."""

    etag: str = ""
    modified: str = ""
    digest: str = ""
    """Of the document's bytes: servers that know nothing of conditions send the same again and again."""

    interval_s: float = FIRST_INTERVAL_S
    ttl_s: float = 0.0
    """For so long the feed itself asks not to be read again."""

    known: tuple[Known, ...] = ()
    """Newest first."""

    deleted: tuple[str, ...] = ()
    """Ids of entries whose deletion was told."""

    def with_given(self, given: Known) -> "Position":
        """In the middle of a reading: all as before, and this entry seen. Whatever was not given is read again."""
        return replace(self, known=(given, *self.known), etag="", modified="", digest="")

    def with_deleted(self, gone: str) -> "Position":
        """In the middle of a reading: this deletion told."""
        return replace(self, deleted=(gone, *self.deleted), etag="", modified="", digest="")

    def to_cursor(self) -> Cursor:
        """As JSON; what is as it is at first is left out."""
        written = {
            "read": self.read,
            "address": self.address,
            "etag": self.etag,
            "modified": self.modified,
            "digest": self.digest,
            "interval_s": round(self.interval_s),
            "ttl_s": round(self.ttl_s),
            "known": [str(one) for one in self.known],
            "deleted": list(self.deleted),
        }
        return Cursor(json.dumps({name: value for name, value in written.items() if value}, separators=(",", ":")))

    @classmethod
    def from_cursor(cls, cursor: Cursor) -> "Position":
        """The opposite of `to_cursor`. Raises ValueError for what is no cursor of a feed."""
        try:
            found = json.loads(cursor)
            return cls(
                read=bool(found.get("read")),
                address=str(found.get("address", "")),
                etag=str(found.get("etag", "")),
                modified=str(found.get("modified", "")),
                digest=str(found.get("digest", "")),
                interval_s=float(found.get("interval_s", FIRST_INTERVAL_S)),
                ttl_s=float(found.get("ttl_s", 0.0)),
                known=tuple(Known.read(one) for one in found.get("known", ())),
                deleted=tuple(map(str, found.get("deleted", ()))),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"not the cursor of a feed: {error}") from error


def after_reading(before: Position, shown: Sequence[Known], deleted: Sequence[str]) -> Position:
    """Once all that a document shows was given, and these deletions told."""
    told = dict.fromkeys((*deleted, *before.deleted))
    return replace(
        before,
        read=True,
        known=remembered(shown, before.known),
        deleted=tuple(told)[: max(len(deleted), _DELETED_REMEMBERED)],
    )


def is_worth_keeping(before: Position, after: Position) -> bool:
    """Whether reading would go on differently from there: how often a feed is asked is found out again."""
    return replace(before, interval_s=0.0) != replace(after, interval_s=0.0)
