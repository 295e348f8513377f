"""What people type for an account -> Handle. Pure: nobody is asked whether the account exists."""

import re
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

import idna

from sources.types import Handle

X, BLUESKY, MASTODON, RSS = "x", "bluesky", "mastodon", "rss"

PREFIXES = {"x": X, "bsky": BLUESKY, "mastodon": MASTODON, "rss": RSS}
"""What stands before a colon to say which source is meant: `bsky:team.bsky.social`."""

EXAMPLES = {
    X: "@awscloud",
    BLUESKY: "@team.bsky.social",
    MASTODON: "@news@mastodon.social",
    RSS: "https://example.com/feed.xml",
}

_RULES = {
    X: "is not an X handle: 1 to 15 of the letters A to Z, digits and _",
    BLUESKY: "is not a Bluesky handle, which is a domain name",
    MASTODON: "is not a Mastodon handle, which names the account and its server",
}

_X_NAME = re.compile(r"[A-Za-z0-9_]{1,15}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_MASTODON_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?")
_PORT = re.compile(r":[0-9]{1,5}")

_X_HOSTS = {"x.com", "twitter.com", "mobile.x.com", "mobile.twitter.com", "m.twitter.com"}
_X_TABS = {"with_replies", "media", "articles", "highlights"}
_X_OWN_PAGES = {
    *("compose", "explore", "hashtag", "home", "i", "intent", "jobs", "login", "messages", "notifications"),
    *("privacy", "search", "settings", "share", "tos"),
}  # first parts of an address at X that look like handles and are none
_BLUESKY_HOSTS = {"bsky.app", "staging.bsky.app"}
_MASTODON_TABS = {"with_replies", "media", "featured"}
_MASTODON_LISTS = {"followers", "following"}
_NOT_MASTODON = {"medium.com", "youtube.com", "m.youtube.com"}
"""Accounts have addresses there as on Mastodon, and pages that name their feeds."""

_MAX_URL = 2_000  # characters; browsers and servers go little further
_MAX_DOMAIN = 253  # characters, RFC 1035
_SHOWN = 60  # characters of a bad part that an error repeats


def parse_handle(text: str) -> Handle:
    """The source an account belongs to and its name there, as it was typed.

    `text` is one account, without space or comma around it. Raises ValueError, whose message names the bad part, the
    reason and one right example; no other error on any string.
    """
    if text.startswith("@"):
        return _named(_source_of(text[1:]), text[1:], text)
    prefix, colon, rest = text.partition(":")
    if colon and prefix.lower() in PREFIXES:
        return _explicit(PREFIXES[prefix.lower()], rest, text)
    if rest.startswith("//"):
        return _address(text, text)
    if colon and prefix.isalpha():
        prefixes = ", ".join(f"{name}:" for name in PREFIXES)
        raise _refusal(f"{prefix}:", f"is not one of {prefixes}", "x:awscloud")
    return _page_without_scheme(text)


def fold(handle: Handle) -> Handle:
    """The one spelling under which a handle is compared and looked up: equal for all spellings of one account."""
    if handle.source == BLUESKY and is_did(handle.name):
        return handle
    if handle.source == RSS:
        return Handle(source=RSS, name=_folded_address(handle.name))
    name, at, host = handle.name.lower().rpartition("@")
    if handle.source == MASTODON:
        host = _folded_host(host)
    return Handle(source=handle.source, name=f"{name}{at}{host}")


def is_did(name: str) -> bool:
    """Whether this is a DID (atproto), an account's name for good at Bluesky. It has one spelling."""
    return _DID.fullmatch(name) is not None


def _source_of(name: str) -> str:
    if "@" in name:
        return MASTODON
    return BLUESKY if "." in name or is_did(name) else X


def _explicit(source: str, rest: str, text: str) -> Handle:
    if source == RSS:
        _split(rest, text)
        return Handle(source=RSS, name=rest)
    if "://" not in rest:
        return _named(source, rest.removeprefix("@"), text)
    handle = _address(rest, text)
    if handle.source != source:
        raise _refusal(text, f"is not an account's page on {source}", EXAMPLES[source])
    return handle


def _named(source: str, name: str, text: str) -> Handle:
    valid = {X: _is_x_name, BLUESKY: _is_bluesky_name, MASTODON: _is_mastodon_name}[source]
    if not valid(name):
        raise _refusal(text, _RULES[source], EXAMPLES[source])
    return Handle(source=source, name=name)


def _is_x_name(name: str) -> bool:
    return _X_NAME.fullmatch(name) is not None


def _is_bluesky_name(name: str) -> bool:
    """A domain name whose last part starts with a letter (atproto's handle syntax), or what stands for it for good."""
    return is_did(name) or (_is_domain(name) and name.rpartition(".")[2][0].isalpha())


def _is_mastodon_name(name: str) -> bool:
    user, _, server = name.partition("@")
    host, colon, port = server.partition(":")
    valid_port = _PORT.fullmatch(colon + port) is not None if colon else True
    return _MASTODON_NAME.fullmatch(user) is not None and _is_domain(host) and valid_port


def _is_domain(host: str) -> bool:
    if len(host) > _MAX_DOMAIN:
        return False
    return _DOMAIN.fullmatch(_folded_host(host)) is not None


def _address(url: str, text: str) -> Handle:
    """A profile page -> whose it is; any other address -> a feed."""
    parts = _split(url, text)
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    path = [step for step in parts.path.split("/") if step]
    if host in _X_HOSTS:
        return _x_page(path, text)
    if host in _BLUESKY_HOSTS and path[2:] != ["rss"]:
        return _bluesky_page(path, text)
    if host not in _NOT_MASTODON and _is_mastodon_page(path):
        return _mastodon_page(parts.netloc, path, text)
    return Handle(source=RSS, name=url)


def _split(url: str, text: str) -> SplitResult:
    """The parts of an address of the web. Raises ValueError."""
    if " " in url or not url.isprintable() or len(url) > _MAX_URL:
        raise _refusal(text, f"has a space, a control character or over {_MAX_URL} characters", EXAMPLES[RSS])
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a bad port, half an IPv6 address, a host that changes under NFKC
        known = False
    if not known:
        raise _refusal(text, "is not an address of the web", EXAMPLES[RSS])
    if "@" in parts.netloc:
        raise _refusal(text, "has a user name in front of its host", EXAMPLES[RSS])
    return parts


def _x_page(path: list[str], text: str) -> Handle:
    if not path or path[0].lower() in _X_OWN_PAGES:
        raise _refusal(text, "is not the page of an account", "https://x.com/awscloud")
    handle = _named(X, path[0].removeprefix("@"), text)
    _whole_page(handle, path[1:], _X_TABS, text)
    return handle


def _bluesky_page(path: list[str], text: str) -> Handle:
    if len(path) < 2 or path[0] != "profile":
        raise _refusal(text, "is not the page of an account", "https://bsky.app/profile/team.bsky.social")
    handle = _named(BLUESKY, path[1].removeprefix("@"), text)
    _whole_page(handle, path[2:], set(), text)
    return handle


def _is_mastodon_page(path: list[str]) -> bool:
    """/@NAME, or what Mastodon itself has below it; whatever else is there may be anybody's, or a feed."""
    if not path or not path[0].startswith("@") or path[0].endswith(".rss"):
        return False
    rest = path[1:]
    return not rest or rest[0].isdigit() or (len(rest) == 1 and rest[0] in _MASTODON_TABS | _MASTODON_LISTS)


def _mastodon_page(server: str, path: list[str], text: str) -> Handle:
    """HOST/@NAME, or HOST/@NAME@ELSEWHERE, which is how a server shows an account of another one."""
    name = path[0][1:]
    handle = _named(MASTODON, name if "@" in name else f"{name}@{server}", text)
    _whole_page(handle, path[1:], _MASTODON_TABS, text)
    return handle


def _whole_page(handle: Handle, rest: list[str], tabs: set[str], text: str) -> None:
    """Refuse the address of one post, list or follower page: who pastes it may not have meant the account."""
    if rest and not (len(rest) == 1 and rest[0] in tabs):
        raise _refusal(text, "is a page below an account, not the account", str(handle))


def _page_without_scheme(text: str) -> Handle:
    """`x.com/awscloud`, as browsers show it; anything else without @ or https:// could mean two things."""
    url = f"https://{text}"
    if "." in text.partition("/")[0] and "/" in text:
        handle = _address(url, text)
        if handle.source != RSS:
            return handle
        raise _refusal(text, "has no https:// in front", url)
    raise _refusal(text, "has neither an @ nor https:// in front", _with_at(text))


def _with_at(text: str) -> str:
    """The same handle with the @ that was forgotten, where that makes a right one."""
    try:
        return str(_named(_source_of(text), text, text))
    except ValueError:
        return EXAMPLES[X]


def _folded_address(url: str) -> str:
    """Without regard to the case of scheme and host, the port that goes without saying, and the fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # only parse_handle refuses; a spelling that cannot be folded stands for itself
        return url
    host = _folded_host(parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"
    return parts._replace(netloc=netloc, path=parts.path or "/", fragment="").geturl()


def _folded_host(host: str) -> str:
    """Lower case, and a name in other letters as it goes over the wire (IDNA); unchanged where that fails.

    As yarl writes it for the way out, or a feed would be looked up at one domain and read at another: ß and final ς
    are letters of their own (UTS 46), and the rules of 2003 hold for names that those of 2008 refuse.
    """
    if host.isascii() or len(host) > _MAX_DOMAIN:
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        with suppress(UnicodeError):
            return host.encode("idna").decode("ascii").lower()
    return host.lower()


def _refusal(part: str, reason: str, example: str) -> ValueError:
    """The part is repeated short and printable: it comes from outside and goes into chat and logs."""
    short = part if len(part) <= _SHOWN else part[:_SHOWN] + "…"
    shown = "".join(character if character.isprintable() else "\ufffd" for character in short)
    return ValueError(f'"{shown}" {reason}. Example: {example}')
