"""Which entries of a feed are which, from one reading to the next. Pure.

An entry's identity is its guid, or else its link, or else a hash of what does not change. Feeds break each of these:
a guid that changes while link, title and date stay is the same entry; a guid or a link that several entries share
tells none of them. What an entry was first known by stays its id for as long as it is remembered.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode, urlsplit

from sources.feeds.document import Document, Entry

_REMEMBERED_GONE = 200
"""So many entries that a feed no longer shows are remembered: some feeds drop entries and bring them back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An entry that was seen: its id, and the two hashes that it is known by now."""

    id: str
    primary: str
    alias: str = ""
    """Of link, title and date together; empty where they cannot tell it from others."""

    def __str__(self) -> str:
        """As a cursor holds it."""
        return " ".join([self.id, self.alias or "-", *([self.primary] if self.primary != self.id else [])])

    @classmethod
    def read(cls, text: str) -> "Known":
        """The opposite of `str`. Raises ValueError."""
        own, alias, *rest = text.split(" ")
        return cls(id=own, alias="" if alias == "-" else alias, primary=rest[0] if rest else own)


def identify(feed: str, document: Document, known: Iterable[Known]) -> list[Known]:
    """What each entry of the document is, in its order; an entry that stands there twice is twice the same.

    `feed`: the account's id, which makes the ids its own among those of all feeds.
    """
    primaries = [hashed(feed, key) for key in _primaries(document)]
    aliases = [hashed(feed, key) if key else "" for key in map(_alias, document.entries)]
    shared = {
        alias for alias, count in Counter(dict(zip(primaries, aliases, strict=True)).values()).items() if count > 1
    }
    present = set(primaries)
    by_primary: dict[str, Known] = {}
    by_alias: dict[str, Known] = {}
    for one in known:
        by_primary.setdefault(one.primary, one)
        if one.alias and one.primary not in present:  # else both are there, and are two
            by_alias.setdefault(one.alias, one)
    found = []
    for primary, written in zip(primaries, aliases, strict=True):
        alias = "" if written in shared else written
        old = by_primary.get(primary) or (by_alias.get(alias) if alias else None)
        found.append(Known(id=old.id if old else primary, primary=primary, alias=alias))
    return found


def identify_deleted(feed: str, guids: Sequence[str], known: Iterable[Known]) -> list[str]:
    """The ids of entries that the feed says are deleted, known or not."""
    by_primary = {one.primary: one.id for one in known}
    primaries = [hashed(feed, f"guid {guid}") for guid in guids]
    return [by_primary.get(primary, primary) for primary in primaries]


def remembered(now: Sequence[Known], before: Iterable[Known]) -> tuple[Known, ...]:
    """What to know at the next reading: all that is there now, and the latest of what was there before."""
    ids = {one.id for one in now}
    gone = [one for one in before if one.id not in ids]
    return (*dict.fromkeys(now), *gone[:_REMEMBERED_GONE])


def hashed(feed: str, key: str) -> str:
    """24 characters, for that feed alone: 96 bits, so that a billion entries share none by chance."""
    return blake2b(f"{feed}\n{key}".encode("utf-8", "replace"), digest_size=12).hexdigest()


def _primaries(document: Document) -> list[str]:
    """What identifies each entry, by itself or, where others have the same, together with what else it says."""
    guids = Counter(guid for guid, _ in {(entry.guid, entry.link) for entry in document.entries})
    links = Counter(link for link, _ in {(entry.link, entry.title.text) for entry in document.entries})
    shared = {guid for guid, count in guids.items() if count > 1} | {
        link for link, count in links.items() if count > 1 or link == document.link
    }
    return [_primary(entry, shared) for entry in document.entries]


def _primary(entry: Entry, shared: set[str]) -> str:
    if entry.guid and entry.guid not in shared:
        return f"guid {entry.guid}"
    if entry.link and not entry.guid and entry.link not in shared:
        return f"link {_same_link(entry.link)}"
    return f"hash {entry.guid}\n{entry.link}\n{entry.title.text or entry.summary.text}"


def _alias(entry: Entry) -> str:
    """Empty for an entry without a link or a title: the rest says too little."""
    if not (entry.link and entry.title.text):
        return ""
    at = entry.published_at.isoformat() if entry.published_at else ""
    return f"alias {_same_link(entry.link)}\n{entry.title.text}\n{at}"


def _same_link(link: str) -> str:
    """Without what changes while the page stays: http or https, the host's case, what counts readers."""
    parts = urlsplit(link)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query, True) if not name.startswith("utm_")])
    return parts._replace(scheme="", netloc=parts.netloc.lower(), query=query).geturl()
