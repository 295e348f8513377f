"""The feeds that a page of the web names: `<link rel="alternate" type="application/rss+xml" href="…">`. Pure."""

import re
from html import unescape
from urllib.parse import urljoin

_SEEN = 1024 * 1024  # bytes; feeds are named in a page's head, and YouTube's alone has 700 kB
_MOST = 10
_TAG = re.compile(r"<(link|base)\b([^>]{1,4000}+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)\s{0,9}=\s{0,9}(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml"}


def feeds_in(page: bytes, url: str) -> list[str]:
    """Their addresses, in the page's order, those of comments last; at most ten."""
    base = url
    found: dict[str, bool] = {}
    for name, written in _TAG.findall(page[:_SEEN].decode("utf-8", "replace")):
        attributes = _attributes(written)
        if name.lower() == "base":
            base = _joined(url, attributes.get("href", "")) or url
        elif _is_feed(attributes) and (address := _joined(base, attributes.get("href", ""))):
            found.setdefault(address, "comment" in f"{attributes.get('title', '')} {address}".lower())
    return sorted(found, key=lambda address: found[address])[:_MOST]


def _attributes(written: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(written)
    return {name.lower(): unescape(double or single or bare).strip() for name, double, single, bare in reversed(found)}


def _is_feed(attributes: dict[str, str]) -> bool:
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    return "alternate" in attributes.get("rel", "").lower().split() and kind in _TYPES


def _joined(base: str, address: str) -> str:
    try:
        joined = urljoin(base, address) if address else ""
    except ValueError:
        return ""
    return joined if joined.startswith(("https://", "http://")) else ""
