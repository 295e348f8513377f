"""The bytes of a feed -> Document. Pure; takes some 10 ms for 50 kB, so it has a thread of its own."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from sources.feeds.dates import read_date
from sources.feeds.document import BrokenFeedError, Document, Entry, Written
from sources.feeds.guard import check_feed, is_page
from sources.feeds.reader import read

MOST_ENTRIES = 1_000
"""So many entries of a document are read; they are the newest, as a rule."""

_MOST_TITLE = 200  # characters of a feed's own name
_MOST_GUID = _MOST_LINK = 2_000
_MOST_TTL_MIN = 7 * 24 * 60
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_HTML_TYPES = {"text/html", "application/xhtml+xml"}


def parse(body: bytes, headers: Mapping[str, str], url: str) -> Document:
    """What a feed says that was read at `url`, which relative links are completed with.

    `headers`: the answer's. Raises BrokenFeedError for whatever is no feed.
    """
    check_feed(body, _header(headers, "content-type"))
    if is_page(body):
        raise BrokenFeedError("is a page of the web, not a feed")
    told = {name: _header(headers, name) for name in ("content-type", "content-language")}
    try:
        found = read(body, {name: value for name, value in told.items() if value})
    except Exception as error:  # feedparser promises nothing for broken input
        raise BrokenFeedError(f"could not be read ({type(error).__name__})") from error
    if not found.version and not found.entries:
        raise BrokenFeedError("is not RSS, Atom or RDF")
    link, lang = _link(found.feed, url), _lang(found.feed.get("language"))
    return Document(
        title=" ".join(_text(found.feed, "title").split())[:_MOST_TITLE],
        link=link,
        entries=tuple(_entry(entry, url, lang) for entry in found.entries[:MOST_ENTRIES]),
        deleted=found.deleted[:MOST_ENTRIES],
        ttl_s=_ttl_s(found.feed),
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _entry(entry: Mapping[str, Any], url: str, lang: str) -> Entry:
    title = entry.get("title_detail") or {}
    published_at, only_the_day = read_date(entry)
    return Entry(
        guid=_text(entry, "id").strip()[:_MOST_GUID],
        link=_link(entry, url),
        title=_written(title),
        summary=_summary(entry),
        published_at=published_at,
        only_the_day=only_the_day,
        lang=_lang(title.get("language")) or lang,
    )


def _summary(entry: Mapping[str, Any]) -> Written:
    """The summary; the whole content only where there is none, in the first form that says anything."""
    written = [entry.get("summary_detail") or {}, *(entry.get("content") or [])]
    return next((found for found in map(_written, written) if found.text), Written())


def _written(detail: Mapping[str, Any]) -> Written:
    """A text that is called HTML and holds neither a tag nor an entity is plain: its line breaks are meant."""
    text = detail.get("value") or ""
    if not isinstance(text, str):
        return Written()
    return Written(text=text, is_html=detail.get("type") in _HTML_TYPES and ("<" in text or "&" in text))


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _link(found: Mapping[str, Any], url: str) -> str:
    """Absolute and of the web; empty where what stands there is neither, whoever put it there."""
    written = _text(found, "link").strip()
    try:
        link = urljoin(url, written) if written else ""
        parts = urlsplit(link)
    except ValueError:  # half an IPv6 address and the like
        return ""
    of_web = parts.scheme in ("http", "https") and parts.netloc
    return link if of_web and " " not in link and link.isprintable() and len(link) <= _MOST_LINK else ""


def _lang(value: object) -> str:
    """BCP 47, or nothing: people write "English" and worse."""
    written = value.strip().replace("_", "-") if isinstance(value, str) else ""
    return written if _LANGUAGE.fullmatch(written) else ""


def _ttl_s(feed: Mapping[str, Any]) -> float:
    written = _text(feed, "ttl").strip()
    if not (written.isascii() and written.isdigit() and len(written) < 9):
        return 0.0
    return min(int(written), _MOST_TTL_MIN) * 60.0
