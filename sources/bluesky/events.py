"""One message of Jetstream -> what it says. Pure.

https://github.com/bluesky-social/jetstream: an object with `did`, `time_us` (microseconds since 1970, the position to
go on from) and `kind`, which says where the rest stands: `commit`, `identity` or `account`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sources.bluesky.records import POSTS, REPOSTS, Address, to_address
from sources.reading import Record, UnreadableError, load_record, record, text, word

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US = 4_102_444_800_000_000  # the year 2100; a position beyond is no position


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something happened in an account; what is no business of ours stays this."""

    did: str
    time_us: int

    @property
    def seen_at(self) -> datetime:
        """When Jetstream saw it, aware in UTC."""
        return _EPOCH + timedelta(microseconds=self.time_us)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written(Event):
    """A post was written or changed."""

    address: Address
    value: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Reposted(Event):
    """A post was passed on."""

    address: Address
    value: Record
    subject: Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed(Event):
    """A post or a repost was deleted."""

    address: Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed(Event):
    """The account's handle is this now."""

    handle: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountChanged(Event):
    """The account came (`status` is empty) or went: deleted, deactivated, takendown, suspended …"""

    status: str


def parse_event(raw: str | bytes) -> Event:
    """What a message says. Raises UnreadableError."""
    message = load_record(raw)
    did, time_us = word(message.get("did")), message.get("time_us")
    if not did.startswith("did:"):
        raise UnreadableError("has no did")
    if not isinstance(time_us, int) or isinstance(time_us, bool) or not 0 < time_us < _LATEST_US:
        raise UnreadableError("has no time_us")
    match message.get("kind"):
        case "commit":
            return _commit(did, time_us, record(message.get("commit")))
        case "identity":
            return _identity(did, time_us, record(message.get("identity")))
        case "account":
            return _account(did, time_us, record(message.get("account")))
    return Event(did=did, time_us=time_us)


def _commit(did: str, time_us: int, commit: Record) -> Event:
    collection = commit.get("collection")
    if collection not in (POSTS, REPOSTS):
        return Event(did=did, time_us=time_us)
    address = to_address(f"at://{did}/{collection}/{commit.get('rkey')}")
    if address is None:
        raise UnreadableError("has no rkey")
    match commit.get("operation"):
        case "delete":
            return Removed(did=did, time_us=time_us, address=address)
        case "create" | "update":
            return _record(address, time_us, commit.get("record"))
    raise UnreadableError("has an operation that is none of create, update, delete")


def _record(address: Address, time_us: int, value: object) -> Event:
    if not isinstance(value, dict):
        raise UnreadableError("has no record")
    if address.collection == POSTS:
        if not isinstance(value.get("text"), str):
            raise UnreadableError("is a post without text")
        return Written(did=address.did, time_us=time_us, address=address, value=value)
    subject = to_address(record(value.get("subject")).get("uri"))
    if subject is None:
        raise UnreadableError("is a repost of nothing")
    return Reposted(did=address.did, time_us=time_us, address=address, value=value, subject=subject)


def _identity(did: str, time_us: int, identity: Record) -> Event:
    """Without a handle it is news of keys or servers; an invalid one does not lead back to the account."""
    handle = word(identity.get("handle"))
    if "." not in handle or handle == "handle.invalid":
        return Event(did=did, time_us=time_us)
    return Renamed(did=did, time_us=time_us, handle=handle)


def _account(did: str, time_us: int, account: Record) -> Event:
    active = account.get("active")
    if not isinstance(active, bool):
        raise UnreadableError("does not say whether the account is active")
    status = "" if active else text(account.get("status"))[:40] or "gone"
    return AccountChanged(did=did, time_us=time_us, status=status)
