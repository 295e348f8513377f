"""What a feed says, in values: Document and Entry. Pure."""

from dataclasses import dataclass
from datetime import datetime

from sources.types import SourceError


class BrokenFeedError(SourceError):
    """What came is no feed that can be read; the message says why and repeats none of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A piece of writing as the feed holds it: plain text, or HTML."""

    text: str = ""
    is_html: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a feed, as it is written there; what is not there is empty."""

    guid: str = ""
    link: str = ""
    """Absolute, and of the web."""

    title: Written = Written()
    summary: Written = Written()
    published_at: datetime | None = None
    """Aware, in UTC: when it was published, or else last updated."""

    only_the_day: bool = False
    """Whether that is the beginning of the day in which it was, and no more is told."""

    lang: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A feed as it was read once."""

    title: str = ""
    link: str = ""
    """The page that the feed is of."""

    entries: tuple[Entry, ...] = ()
    """In the feed's own order, which is newest first as a rule."""

    deleted: tuple[str, ...] = ()
    """Guids of entries that the feed says are deleted (RFC 6721)."""

    ttl_s: float = 0.0
    """For so long the feed asks not to be read again; 0 where it does not say."""
