"""A post's link as people paste it: where the post may be found, and whose it is. Pure; nobody is asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from sources.accounts import BLUESKY, MASTODON, X, fold
from sources.types import Account, Handle

_X_HOSTS = {"x.com", "twitter.com"}
_X_POST = re.compile(r"/(?P<name>\w{1,15})(?:/web)?/status(?:es)?/(?P<id>[0-9]{1,20})(?:/.*)?", re.ASCII)
_X_NOBODY = "i"
"""x.com/i/status/1 names no account."""

_BLUESKY_HOSTS = {"bsky.app"}
_BLUESKY_POST = re.compile(r"/profile/(?P<name>[^/]+)/post/[^/]+/?")
_MASTODON_POST = re.compile(r"/@(?P<name>\w[\w.-]*)(?:@(?P<host>[^/@]+))?/[0-9]+/?", re.ASCII)

_SUBDOMAINS = ("www.", "mobile.", "m.")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostLink:
    """What a link says."""

    addresses: tuple[str, ...]
    """Spellings of the same address, the nearest first: a source may have given any of them."""

    source: str = ""
    post_id: str = ""
    """The post's id at that source, where the address holds it."""

    author: Handle | None = None
    """Who wrote the post, where the address says so."""

    def is_by(self, account: Account) -> bool:
        """Whether the address names this account, by its handle or, on Bluesky, by its id."""
        if self.author is None or self.author.source != account.source:
            return False
        return self.author.name == account.id or fold(self.author) == fold(
            Handle(source=account.source, name=account.handle)
        )


def parse_link(link: str) -> PostLink:
    """What can be read from a link; of a text that is none, nothing but the text itself."""
    text = link.strip().removeprefix("<").removesuffix(">")
    full = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(full)
        host = _bare(parts.hostname or "")
    except ValueError:  # half an IPv6 address, a host that changes under NFKC
        return PostLink(addresses=(text,))
    addresses = tuple(dict.fromkeys([text, full, *_spellings(parts)]))
    if host in _X_HOSTS and (found := _X_POST.fullmatch(parts.path)):
        author = None if found["name"].lower() == _X_NOBODY else Handle(source=X, name=found["name"])
        return PostLink(addresses=addresses, source=X, post_id=found["id"], author=author)
    if host in _BLUESKY_HOSTS and (found := _BLUESKY_POST.fullmatch(parts.path)):
        return PostLink(addresses=addresses, author=Handle(source=BLUESKY, name=found["name"]))
    if found := _MASTODON_POST.fullmatch(parts.path):
        name = f"{found['name']}@{found['host'] or parts.netloc}"
        return PostLink(addresses=addresses, author=Handle(source=MASTODON, name=name))
    return PostLink(addresses=addresses)


def _spellings(parts: SplitResult) -> Iterator[str]:
    """With and without what people and browsers add: a fragment, campaign marks, "www.", a slash at the end."""
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if _means_something(pair[0])])
    host = parts.netloc.lower()
    bare = host.removeprefix("www.")
    path = parts.path.rstrip("/")
    queries = dict.fromkeys((parts.query, query))
    for netloc in dict.fromkeys((host, bare, f"www.{bare}")):
        for scheme in dict.fromkeys((parts.scheme, "https", "http")):
            for end in dict.fromkeys((parts.path, path, f"{path}/")):
                for kept in queries:
                    yield SplitResult(scheme, netloc, end, kept, "").geturl()


def _means_something(name: str) -> bool:
    """Whether a part of a query can be needed to find the page."""
    return not name.startswith("utm_")


def _bare(host: str) -> str:
    for subdomain in _SUBDOMAINS:
        host = host.removeprefix(subdomain)
    return host
