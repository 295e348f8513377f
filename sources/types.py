"""The words every source shares: Account, Post, Arrival, and the Source protocol."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol

Cursor = NewType("Cursor", str)
"""The position to read on from: opaque to everyone but the source that wrote it."""

Positions = Mapping[str, Cursor]
"""Part of a source -> where to read on in it; a part that was never read is missing. "" is the source as a whole."""


class PostKind(StrEnum):
    """What a post is besides a post of its own; a post may be several of these."""

    RETWEET = "retweet"
    REPLY = "reply"
    QUOTE = "quote"

    @property
    def plural(self) -> str:
        """As filters name it: retweets, replies, quotes."""
        return "replies" if self is PostKind.REPLY else f"{self.value}s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handle:
    """What a person calls an account: the source it belongs to and its name there, without an @."""

    source: str
    name: str

    def __str__(self) -> str:
        return shown(self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Someone watched at a source. `id` never changes there; handle and name may."""

    source: str
    id: str
    handle: str
    name: str = ""

    def __str__(self) -> str:
        return shown(self.handle)


def shown(handle: str) -> str:
    """A handle as people write it: @handle, or the bare address of a feed."""
    return handle if "://" in handle else f"@{handle}"


_LAST_OF_A_SECOND = timedelta(microseconds=999_999)


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One item read from a source, identified by (source, id): for an edited post the first id of its history.

    `published_at` is what the source states (aware UTC); `played_at` is set by a replay alone: the moment it
    played the post, from which the post counts as current. `url` and `lang` (BCP 47) are empty where unknown.
    """

    source: str
    id: str
    author: Account
    text: str
    published_at: datetime
    kinds: frozenset[PostKind] = frozenset()
    lang: str = ""
    url: str = ""
    played_at: datetime | None = None

    @property
    def current_from(self) -> datetime:
        """When the post became news here; a watch decides posts that became news after it was added."""
        return self.played_at or self.published_at

    @property
    def current_by(self) -> datetime:
        """The latest moment at which it can have become news: a source that dates posts to the second leaves open when
        in that second it was, and a post of the second in which a watch was added is not to be lost."""
        moment = self.current_from
        return moment if self.played_at or moment.microsecond else moment + _LAST_OF_A_SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """An account that some channel watches."""

    account: Account
    without: frozenset[PostKind] = frozenset()
    """Kinds of posts that none of those channels wants. A source may leave them out, where that saves something."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """Word that a post was deleted at its source; (source, id) as in Post."""

    source: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountDeletion:
    """Word that an account was deleted at its source, and with it all that it had published by `until` (aware UTC).

    One that comes back writes anew: what it publishes later is none of this, in whichever order the two are told.
    """

    source: str
    account_id: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A post, a deletion, or nothing but progress, with the cursor from which reading goes on once this is stored."""

    cursor: Cursor
    part: str = ""
    """Which part of the source the cursor is the position in: a feed, an account; "": the source as a whole."""

    post: Post | None = None
    deleted: Deletion | AccountDeletion | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """How a source fares, for /health. Counts are of posts, since the start unless said otherwise."""

    connected_since: datetime | None = None
    last_heard: datetime | None = None
    """When the place behind it last sent anything at all."""

    posts_today: int = 0
    """Given since midnight, UTC."""

    gaps: int = 0
    """How often it was away so long that posts may have been missed."""

    recovered: int = 0
    """Given late, out of a gap."""

    lost: int = 0
    """Known to have been missed for good."""

    skipped: int = 0
    """What came and could not be read."""

    budget: str = ""
    """What was read this month of what may be, in words; empty where reading costs nothing."""


class SourceError(Exception):
    """Something a caller of a source can act on."""


class AccountNotFoundError(SourceError):
    """The source knows no such account; `suggestions` are the nearest handles that it does know."""

    def __init__(self, handle: Handle, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(f"no account {handle} on {handle.source}")
        self.handle = handle
        self.suggestions = suggestions


class SourceUnreadableError(SourceError):
    """The source cannot be read at all; the message names the part and the way out."""


class Source(Protocol):
    """A place posts come from. All methods are called on one event loop."""

    name: str
    """This source's own name, under which its cursor is kept."""

    serves: frozenset[str]
    """The sources its accounts and posts may name: {"x"} for X; a replay stands for several."""

    finite: bool
    """Whether `posts` ends by itself, as a replay does."""

    def trouble(self) -> str:
        """What was skipped or went wrong since the start, in words for /health; empty while all is well."""

    def state(self) -> SourceState:
        """How it fares, in numbers."""

    def refusal(self, wanted: Collection[Wanted]) -> str:
        """Why it cannot watch all of these at once, in words for people; empty when it can. Quick, and asks nobody."""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """From now on deliver the posts of exactly these accounts. Replaces what was asked before."""

    def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        """Everything watched, from `after` on, in the order the source gives it; duplicates are allowed.

        Deletions, too, as far as the source tells of them: of posts given before, given later or never given.
        Ends only when the source has no more to give ever (a replay). Raises SourceUnreadableError.
        """

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Up to `limit` of the account's latest posts, newest first and none that was deleted; for previews only."""

    async def resolve(self, handle: Handle) -> Account:
        """The account behind a handle. Raises AccountNotFoundError."""
