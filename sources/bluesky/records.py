"""A record of Bluesky's lexicons -> Post. Pure; the same for Jetstream's events and the API's answers."""

import re
from dataclasses import dataclass
from datetime import datetime

from sources.accounts import BLUESKY
from sources.reading import Record, moment, record, text
from sources.types import Account, Post, PostKind

POSTS = "app.bsky.feed.post"
REPOSTS = "app.bsky.feed.repost"

_ADDRESS = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]{1,512})/([A-Za-z0-9.-]{3,317})/([A-Za-z0-9._:~-]{1,512})")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a record lives: at://DID/COLLECTION/RKEY, which never changes."""

    did: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.rkey}"


def to_address(value: object) -> Address | None:
    """None for anything that is not the address of a record."""
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return Address(did=found[1], collection=found[2], rkey=found[3]) if found else None


def to_post(address: Address, value: Record, author: Account, seen_at: datetime) -> Post:
    """A post as its author wrote it: the text unaltered, shortened links as they are shown.

    `seen_at` (aware UTC) is when Bluesky saw the record. It counts where the record's own date is missing or later,
    since that date is whatever the writing program claimed; an earlier one counts, so that imported posts stay old.
    """
    return Post(
        source=BLUESKY,
        id=str(address),
        author=author,
        text=text(value.get("text")),
        published_at=_claimed(value, seen_at),
        kinds=_kinds(value),
        lang=_language(value),
        url=page(author.handle or address.did, address.rkey),
    )


def to_repost(address: Address, value: Record, original: Post, by: Account, seen_at: datetime) -> Post:
    """Someone's repost of a post: with its words, language and page, by whoever passed it on."""
    return Post(
        source=BLUESKY,
        id=str(address),
        author=by,
        text=original.text,
        published_at=_claimed(value, seen_at),
        kinds=frozenset({PostKind.RETWEET}),
        lang=original.lang,
        url=original.url,
    )


def page(actor: str, rkey: str) -> str:
    """A post's page; `actor` is a handle or a DID."""
    return f"https://bsky.app/profile/{actor}/post/{rkey}"


def _claimed(value: Record, seen_at: datetime) -> datetime:
    return min(moment(value.get("createdAt")) or seen_at, seen_at)


def _kinds(value: Record) -> frozenset[PostKind]:
    kinds = set()
    if record(value.get("reply")).get("parent"):
        kinds.add(PostKind.REPLY)
    if _quotes(record(value.get("embed"))):
        kinds.add(PostKind.QUOTE)
    return frozenset(kinds)


def _quotes(embed: Record) -> bool:
    """Whether a post is embedded, alone or beside pictures; a list or a feed that is embedded is no quote."""
    inner = record(embed.get("record"))
    if str(embed.get("$type", "")).startswith("app.bsky.embed.recordWithMedia"):
        inner = record(inner.get("record"))
    quoted = to_address(inner.get("uri"))
    return quoted is not None and quoted.collection == POSTS


def _language(value: Record) -> str:
    """The first that its author named."""
    languages = value.get("langs")
    first = languages[0] if isinstance(languages, list) and languages else ""
    return first if isinstance(first, str) and _LANGUAGE.fullmatch(first) else ""
