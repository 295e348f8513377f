"""A status of Mastodon's API -> Post. Pure. https://docs.joinmastodon.org/entities/Status/"""

import re
from dataclasses import dataclass

from sources.accounts import MASTODON
from sources.html import to_text
from sources.reading import Record, UnreadableError, moment, record, text, web_address, word
from sources.types import Account, Post, PostKind

MOST_HTML = 100_000
"""Characters of a status that are read; servers allow 500 to some ten thousand, and nobody reads on."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What a page of statuses shows of one."""

    id: str
    """At its server only."""

    post: Post

    edited_at: str = ""
    """When it was last edited, as the server writes it; empty where it never was."""


def to_status(value: Record, author: Account, server: str) -> Status:
    """A status as its reader sees it. `server` makes its id one of a kind. Raises UnreadableError."""
    status_id, published_at = word(value.get("id")), moment(value.get("created_at"))
    if not status_id:
        raise UnreadableError("has no id")
    if published_at is None:
        raise UnreadableError("has no date")
    boosted = record(value.get("reblog"))
    said = boosted or value
    if not isinstance(said.get("content"), str):
        raise UnreadableError("has no content")
    post = Post(
        source=MASTODON,
        id=f"{server}/{status_id}",
        author=author,
        text=_text(said),
        published_at=published_at,
        kinds=frozenset({PostKind.RETWEET}) if boosted else _kinds(value),
        lang=_language(said),
        url=web_address(said.get("url")) or web_address(said.get("uri")),
    )
    return Status(id=status_id, post=post, edited_at=text(said.get("edited_at")))


def order(status_id: str) -> tuple[int, str]:
    """Ids rise with time: those of Mastodon as numbers, those of others as strings of one length."""
    return len(status_id), status_id


def _text(said: Record) -> str:
    """The content warning, which is shown first and hides the rest, is the first line."""
    html = text(said.get("content"))
    shown = to_text(html[:MOST_HTML]) + ("…" if len(html) > MOST_HTML else "")
    warning = " ".join(text(said.get("spoiler_text")).split())
    return "\n".join(filter(None, [warning, shown]))


def _kinds(value: Record) -> frozenset[PostKind]:
    kinds = set()
    if value.get("in_reply_to_id"):
        kinds.add(PostKind.REPLY)
    if value.get("quote") or value.get("quote_id"):  # the latter: as forks name it
        kinds.add(PostKind.QUOTE)
    return frozenset(kinds)


def _language(said: Record) -> str:
    language = word(said.get("language"))
    return language if _LANGUAGE.fullmatch(language) else ""
