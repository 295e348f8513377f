"""One line of a replay -> a post, or word of a deletion. Pure.

A line is a JSON object: `id`, `text` and `author` (a handle), and where known `author_name`, `source` ("x" unless it is
given), `created_at` (ISO 8601, UTC unless it says otherwise), `kind` (one of PostKind, or a list), `lang` and `url`.
A line with `"deleted": true` says that the post with its `id` was deleted at its `source`; it needs neither text nor
author. Other fields are ignored, so that files which hold more (the `label` its writer meant) are played as they are.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sources.accounts import BLUESKY, MASTODON, RSS, X, fold
from sources.types import Account, Deletion, Handle, Post, PostKind

_DECODER = json.JSONDecoder(strict=False)  # lenient: a raw control character inside a text is no reason to lose it
_SOURCES = (X, BLUESKY, MASTODON, RSS)


class BadLineError(ValueError):
    """A line that is no post; the message says why and never repeats the post's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What one line says. It becomes a Post once it is known when it was played."""

    id: str
    author: Account
    text: str
    published_at: datetime | None
    kinds: frozenset[PostKind]
    lang: str
    url: str

    def post(self, *, now: datetime, played: bool) -> Post:
        """The post as of `now`, which is also when an undated one was published."""
        return Post(
            source=self.author.source,
            id=self.id,
            author=self.author,
            text=self.text,
            published_at=self.published_at or now,
            kinds=self.kinds,
            lang=self.lang,
            url=self.url,
            played_at=now if played else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletionLine:
    """What a line says that tells of a deletion."""

    deleted: Deletion
    published_at: datetime | None
    """When the line is due; the file's own pace."""


def parse_line(raw: bytes) -> Line | DeletionLine:
    """What a line says. Raises BadLineError."""
    record = _record(raw)
    if _is_deletion(record):
        return DeletionLine(deleted=Deletion(source=_source(record), id=_id(record)), published_at=_date(record))
    return Line(
        id=_id(record),
        text=_string(record, "text", required=True),
        author=_author(record),
        published_at=_date(record),
        kinds=_kinds(record),
        lang=_string(record, "lang"),
        url=_url(record),
    )


def _record(raw: bytes) -> dict[str, object]:
    try:
        record = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise BadLineError(f"is not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise BadLineError(f"is not JSON at column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise BadLineError("is JSON nested too deeply") from None
    except ValueError:  # the only other one json raises: Python's limit of digits
        raise BadLineError("holds a number of too many digits") from None
    if not isinstance(record, dict):
        raise BadLineError("is not a JSON object")
    return record


def _string(record: dict[str, object], field: str, *, required: bool = False) -> str:
    """A field that is a string; null and absent are the same, and empty unless it is required."""
    value = record.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise BadLineError(f"has no {field}" if value is None else f"{field} is not a string")
    if not value.isascii() and not _is_utf8(value):
        raise BadLineError(f"{field} holds half a surrogate pair")
    return value


def _is_utf8(value: str) -> bool:
    """Whether it can be stored at all: JSON can spell half a pair, UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deletion(record: dict[str, object]) -> bool:
    value = record.get("deleted", False)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadLineError("deleted is neither true nor false")


def _id(record: dict[str, object]) -> str:
    value = record.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _word("id", _string(record, "id", required=True))


def _author(record: dict[str, object]) -> Account:
    handle = _word("author", _string(record, "author", required=True).removeprefix("@"))
    source = _source(record)
    return Account(
        source=source,
        id=fold(Handle(source=source, name=handle)).name,
        handle=handle,
        name=_string(record, "author_name"),
    )


def _source(record: dict[str, object]) -> str:
    source = _string(record, "source") or X
    if source not in _SOURCES:
        raise BadLineError(f"source is none of {', '.join(_SOURCES)}")
    return source


def _word(field: str, value: str) -> str:
    """Identities stand in logs and in the first line of an alert: no space, nothing that does not print."""
    if not value or " " in value or not value.isprintable():
        raise BadLineError(f"{field} is empty or holds a space or a control character")
    return value


def _date(record: dict[str, object]) -> datetime | None:
    """ISO 8601 -> aware UTC; a date without an offset is in UTC already."""
    if record.get("created_at") is None:
        return None
    text = _string(record, "created_at")
    try:
        date = datetime.fromisoformat(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except ValueError:
        raise BadLineError("created_at is not an ISO 8601 date") from None
    except OverflowError:  # year 1 or 9999, pushed out by its offset
        raise BadLineError("created_at is outside the years 1 to 9999") from None


def _kinds(record: dict[str, object]) -> frozenset[PostKind]:
    value = record.get("kind")
    if value is None:
        return frozenset()
    try:
        return frozenset(PostKind(str(kind)) for kind in (value if isinstance(value, list) else [value]))
    except ValueError:
        raise BadLineError(f"kind is not one of {', '.join(PostKind)}") from None


def _url(record: dict[str, object]) -> str:
    url = _string(record, "url")
    if url and not url.startswith(("https://", "http://")):
        raise BadLineError("url is not an address of the web")
    return _word("url", url) if url else ""
