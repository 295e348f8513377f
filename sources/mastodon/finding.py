"""@name@server -> Account: where the account really lives, and who it is now."""

from collections.abc import Callable

from sources.accounts import MASTODON, fold
from sources.mastodon.server import AnsweredError, Found, NotMastodonError, NotThereError, Server
from sources.reading import Record, record, text, word
from sources.types import Account, AccountNotFoundError, Handle, SourceError

Servers = Callable[[str], Server]
"""A server's name -> the server."""

_MOST_MOVES = 3
_SHOWN = 100  # characters of an account's own name


async def find(handle: Handle, servers: Servers) -> Account:
    """The account, or the one it has moved to. Raises AccountNotFoundError and SourceError."""
    for _ in range(_MOST_MOVES + 1):
        user, _, server = fold(handle).name.partition("@")
        found = await _lookup(handle, user, server, servers)
        moved = moved_to(found.record, server)
        if not moved:
            return _to_account(found, server)
        handle = Handle(source=MASTODON, name=moved)
    raise SourceError(f"{handle} has moved more than {_MOST_MOVES} times")


def moved_to(account: Record, server: str) -> str:
    """NAME@SERVER of the account that this one has moved to; empty where it has not."""
    acct = word(record(account.get("moved")).get("acct"))
    if not acct:
        return ""
    return acct if "@" in acct else f"{acct}@{server}"


def is_local(account: Account) -> bool:
    """Whether an account's id is made of a server and the id there; one that a replay made is its handle."""
    return "/" in account.id


def local_id(account: Account) -> tuple[str, str]:
    """The server and the id there of which an account's id is made."""
    server, _, number = account.id.partition("/")
    return server, number


async def _lookup(handle: Handle, user: str, server: str, servers: Servers) -> Found:
    """On the server that the handle names, or on the one that its webfinger names instead."""
    try:
        return await servers(server).lookup(user)
    except AnsweredError as error:  # any: a domain that leaves its accounts to another server may answer as it likes
        elsewhere = await _elsewhere(user, server, servers)
        if not elsewhere:
            raise await _refusal(error, handle, server, servers) from None
    try:
        return await servers(elsewhere).lookup(user)
    except AnsweredError as error:
        raise await _refusal(error, handle, elsewhere, servers) from None


async def _refusal(error: AnsweredError, handle: Handle, server: str, servers: Servers) -> SourceError:
    """What the person is told who asks for the account."""
    user = handle.name.partition("@")[0]
    if isinstance(error, NotThereError) and error.by_api:
        return AccountNotFoundError(handle, await _suggestions(user, server, servers))
    if isinstance(error, NotThereError | NotMastodonError):  # other sites have addresses of this form, too
        feed = f"rss:https://{server}/@{user}"
        return SourceError(f"{server} does not answer as a Mastodon server. Give {feed} for the feed of that page")
    return error


async def _elsewhere(user: str, server: str, servers: Servers) -> str:
    try:
        named = await servers(server).webfinger(user)
    except SourceError:
        return ""
    return named if named != server else ""


async def _suggestions(user: str, server: str, servers: Servers) -> tuple[str, ...]:
    """None where strangers may not search: they are a help, and the answer stands without them."""
    try:
        found = await servers(server).search(user)
    except SourceError:
        return ()
    names = [word(account.get("acct")) for account in found]
    return tuple(name if "@" in name else f"{name}@{server}" for name in names if name)


def _to_account(found: Found, server: str) -> Account:
    """Its id is the one at its own server, behind that server's name; handles name the domain people know."""
    number, user = word(found.record.get("id")), word(found.record.get("username"))
    if not number or not user or "/" in number:
        raise SourceError(f"{found.server} does not answer as a Mastodon server: its account has no id or no name")
    return Account(
        source=MASTODON,
        id=f"{found.server}/{number}",
        handle=f"{user}@{server}",
        name=text(found.record.get("display_name"))[:_SHOWN],
    )
