"""What is refused before a feed is parsed: XML that is made to exhaust who reads it. Pure, and linear in the length."""

import codecs
import re

from sources.feeds.document import BrokenFeedError
from sources.http import MOST_BYTES

_MOST_TAGS = 100_000
"""A feed of 2 MiB holds some 10,000; reading so many takes about two seconds."""

_DECLARED = re.compile(rb"<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([^\"'>]{1,40})[\"']", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([^\"';\s]{1,40})", re.IGNORECASE)
_NETSCAPE = re.compile(rb"<!DOCTYPE\s+rss\s+PUBLIC\s+\"-//Netscape Communications//DTD RSS 0\.91?//EN\"[^\[>]{0,200}>")
"""What RSS 0.9 and 0.91 begin with by their own rules. It declares nothing, and nobody reads the file it names."""

_HTML = re.compile(rb"<!DOCTYPE\s+html|<html\b", re.IGNORECASE)
_ESCAPING = {"utf-7", "unicode-escape", "raw-unicode-escape"}
"""Encodings that write a < in more ways than one."""

_EBCDIC = b"\x4c\x6f\xa7\x94"  # <?xm


def check_feed(body: bytes, content_type: str) -> None:
    """Refuse what is too large, not written in letters that can be checked, or declares entities of its own.

    Raises BrokenFeedError.
    """
    if len(body) > MOST_BYTES:
        raise BrokenFeedError(f"has more than {MOST_BYTES:,} bytes")
    for encoding in _encodings(body, content_type):
        _check_encoding(encoding)
    if body.count(b"<") > _MOST_TAGS:
        raise BrokenFeedError(f"has more than {_MOST_TAGS:,} tags")
    prolog = _after_prolog(body)
    if prolog[:9].upper() == b"<!DOCTYPE" and not _NETSCAPE.match(prolog):
        raise BrokenFeedError("declares a document type, behind which XML hides what exhausts its readers")


def is_page(body: bytes) -> bool:
    """Whether this is a page of the web rather than a feed."""
    return _HTML.match(_after_prolog(body)) is not None


def _encodings(body: bytes, content_type: str) -> list[str]:
    if body.startswith(_EBCDIC):
        return ["cp037"]
    declared = _DECLARED.search(body[:1024].replace(b"\0", b""))
    charset = _CHARSET.search(content_type)
    return [name for name in (charset and charset[1], declared and declared[1].decode("latin-1")) if name]


def _check_encoding(name: str) -> None:
    """Only encodings in which a < is seen to be one; an unknown one does no harm, since the parser guesses then."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return
    try:
        seen = codec.encode("<!DOCTYPE")[0].replace(b"\0", b"").endswith(b"<!DOCTYPE")
    except (UnicodeError, TypeError, AttributeError):  # some codecs are not of text at all
        seen = False
    if not seen or codec.name.replace("_", "-") in _ESCAPING:
        raise BrokenFeedError("is written in an encoding that feeds are not written in")


def _after_prolog(body: bytes) -> bytes:
    """What follows the declaration, comments and processing instructions; of UTF-16 and UTF-32 every byte but NUL."""
    plain = body.replace(b"\0", b"") if b"\0" in body[:8] else body
    start = 3 if plain.startswith(codecs.BOM_UTF8) else 2 if plain[:2] in (b"\xff\xfe", b"\xfe\xff") else 0
    while True:
        while plain[start : start + 1].isspace():
            start += 1
        for opening, closing in ((b"<?", b"?>"), (b"<!--", b"-->")):
            if plain.startswith(opening, start):
                end = plain.find(closing, start + len(opening))
                break
        else:
            return plain[start : start + 1024]
        if end < 0:
            return b""
        start = end + len(closing)
