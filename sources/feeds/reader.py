"""feedparser, held to what a feed from outside may make it do.

`feedparser.parse` looks for addresses of mail in each author with a regular expression that takes time quadratic in
the author's length: half an hour for a megabyte, during which nothing else in this process runs. Authors are not
needed here, so the parsers are used without that step; what `parse` does around them is repeated here. It is also the
only way to see word of deleted entries (RFC 6721), which feedparser does not know.
"""

import io
import xml.sax
import xml.sax.handler
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedparser.api import LooseFeedParser, StrictFeedParser
from feedparser.encodings import convert_to_utf8
from feedparser.sanitizer import replace_doctype
from feedparser.util import FeedParserDict


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What feedparser made of a document."""

    version: str
    feed: Mapping[str, Any]
    entries: list[Mapping[str, Any]]
    deleted: tuple[str, ...]


class _Careful:
    """Without authors, with word of deleted entries; HTML is left as it is, since it becomes text later."""

    resolve_relative_uris = False
    sanitize_html = False
    deleted: list[str]

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        if tag.rpartition(":")[2] == "deleted-entry":
            self.deleted.append(dict(attrs).get("ref", "").strip())
        super().unknown_starttag(tag, attrs)  # type: ignore[misc]  # of the parser that this is mixed into

    def handle_charref(self, ref: str) -> None:
        """A number that is no character's stands as a sign that something stood there, and costs no more than that."""
        try:
            super().handle_charref(ref)  # type: ignore[misc]
        except (ValueError, OverflowError):
            self.handle_data("\ufffd")  # type: ignore[attr-defined]

    def _sync_author_detail(self, key: str = "author") -> None:
        """Nothing: see the module."""


class _Strict(_Careful, StrictFeedParser):  # type: ignore[misc]  # feedparser has no types
    def __init__(self, lang: str | None) -> None:
        super().__init__("", lang, "utf-8")
        self.deleted = []


class _Loose(_Careful, LooseFeedParser):  # type: ignore[misc]
    def __init__(self, lang: str | None, entities: Mapping[str, str]) -> None:
        super().__init__("", lang, "utf-8", entities)
        self.deleted = []


def read(body: bytes, headers: Mapping[str, str]) -> Read:
    """The document as XML, or, where it is none, as what its writer may have meant.

    `headers`: the answer's, with names in small letters. Links are as written: they are relative where they were.
    Raises whatever feedparser raises on broken input.
    """
    found = FeedParserDict(headers=dict(headers))
    version, data, entities = replace_doctype(convert_to_utf8(dict(headers), body, found))
    lang = headers.get("content-language")
    parser = (_strictly(data, lang) if found.get("encoding") else None) or _loosely(data, lang, entities)
    return Read(
        version=version or parser.version,
        feed=parser.feeddata,
        entries=parser.entries,
        deleted=tuple(dict.fromkeys(filter(None, parser.deleted))),
    )


def _strictly(data: bytes, lang: str | None) -> _Strict | None:
    """None where it is not well-formed."""
    parser = _Strict(lang)
    reader = xml.sax.make_parser()  # noqa: S317  (what XML can be made to do is refused in guard.py)
    reader.setFeature(xml.sax.handler.feature_namespaces, True)
    reader.setFeature(xml.sax.handler.feature_external_ges, False)
    reader.setFeature(xml.sax.handler.feature_external_pes, False)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(data))
    try:
        reader.parse(source)
    except xml.sax.SAXException:
        return None
    return parser


def _loosely(data: bytes, lang: str | None, entities: Mapping[str, str]) -> _Loose:
    parser = _Loose(lang, entities)
    parser.feed(data.decode("utf-8", "replace"))
    return parser
