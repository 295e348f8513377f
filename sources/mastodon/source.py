"""Mastodon as a Source: every watched account is polled at its own server."""

import asyncio
from collections.abc import AsyncGenerator, Collection

from sources.accounts import MASTODON
from sources.clock import Clock
from sources.mastodon.finding import find, is_local, local_id
from sources.mastodon.memory import to_memory
from sources.mastodon.poll import Poll
from sources.mastodon.rounds import Rounds
from sources.mastodon.server import PAGE, Getter, Server
from sources.mastodon.statuses import to_status
from sources.reading import UnreadableError
from sources.tally import Tally
from sources.types import Account, Arrival, Handle, Positions, Post, SourceState, Wanted

_MOST_WAITING = 1_000


class Mastodon:
    """Any number of servers, each asked by a task of its own, which lives while somebody there is watched."""

    name = "mastodon"
    serves = frozenset({MASTODON})
    finite = False

    def __init__(self, getter: Getter, *, clock: Clock, plain: frozenset[str] = frozenset()) -> None:
        """`plain`: servers, as "host:port", that are spoken to without TLS; the others get https only."""
        self._getter = getter
        self._clock = clock
        self._plain = plain
        self._tally = Tally(clock)
        self._wanted: dict[str, Wanted] = {}
        self._positions: Positions = {}
        self._rounds: dict[str, Rounds] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._answering: set[str] = set()
        self._arrived: asyncio.Queue[Arrival | Exception] = asyncio.Queue(_MOST_WAITING)
        self._reading = False

    def trouble(self) -> str:
        """Servers that do not answer, accounts that are not there, statuses that could not be read."""
        return self._tally.trouble()

    def state(self) -> SourceState:
        """In numbers; it costs nothing. Connected while any server answers."""
        return self._tally.state()

    def refusal(self, wanted: Collection[Wanted]) -> str:  # noqa: ARG002
        """More accounts make longer rounds, and no limit."""
        return ""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """Who is new is asked for at once, who is left not any more."""
        self._tally.unknown(one.account for one in wanted if not is_local(one.account))
        before, self._wanted = self._wanted, {one.account.id: one for one in wanted if is_local(one.account)}
        left = before.keys() - self._wanted.keys()
        self._positions = {part: cursor for part, cursor in self._positions.items() if part not in left}
        for account_id in left:
            self._tally.wrong(account_id, "")
            self._tally.wrong(f"{account_id} itself", "")
        if self._reading:
            await self._assign()

    async def posts(self, after: Positions) -> AsyncGenerator[Arrival, None]:
        """Without end; of each account in its order. The part of a cursor is the account's id."""
        self._positions = dict(after)
        self._arrived = asyncio.Queue(_MOST_WAITING)
        self._reading = True
        try:
            await self._assign()
            while True:
                arrival = await self._arrived.get()
                if isinstance(arrival, Exception):
                    raise arrival
                if arrival.part in self._wanted:
                    yield arrival
        finally:
            self._reading = False
            await self._stop(list(self._rounds))

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """Asks the account's server, boosts included. Raises SourceError."""
        name, account_id = local_id(account)
        page = await self._server(name).statuses(account_id, limit=min(limit, PAGE))
        posts = []
        for record in page:
            try:
                posts.append(to_status(record, account, name).post)
            except UnreadableError as error:
                self._tally.skipped(f"a status of {account} {error}")
        return sorted(posts, key=lambda post: post.published_at, reverse=True)[:limit]

    async def resolve(self, handle: Handle) -> Account:
        """Asks the handle's server, or the one that its domain names. Raises AccountNotFoundError and SourceError."""
        return await find(handle, self._server)

    def _server(self, name: str) -> Server:
        return Server(self._getter, name, self._clock, plain=name in self._plain)

    async def _assign(self) -> None:
        """Give each server its accounts: those that are new start from their position, those that stay go on."""
        servers: dict[str, dict[str, Wanted]] = {}
        for account_id, one in self._wanted.items():
            servers.setdefault(local_id(one.account)[0], {})[account_id] = one
        await self._stop([name for name in self._rounds if name not in servers])
        for name, accounts in servers.items():
            rounds = self._rounds.get(name) or self._start(name)
            rounds.polls = {account_id: self._poll(rounds, one) for account_id, one in accounts.items()}
            rounds.wake()

    def _poll(self, rounds: Rounds, wanted: Wanted) -> Poll:
        known = rounds.polls.get(wanted.account.id)
        if known is not None:
            known.wanted = wanted
            return known
        memory = to_memory(self._positions.get(wanted.account.id))
        return Poll(rounds.server, wanted, memory, self._clock, self._tally)

    def _start(self, name: str) -> Rounds:
        rounds = Rounds(
            self._server(name), self._clock, self._tally, deliver=self._arrived.put, reached=self._note_reached
        )
        self._rounds[name] = rounds
        self._tasks[name] = asyncio.create_task(self._run(rounds), name=f"mastodon {name}")
        return rounds

    async def _run(self, rounds: Rounds) -> None:
        """A bug in one server's rounds ends `posts`, loudly; whoever supervises it starts all anew."""
        try:
            await rounds.run()
        except Exception as error:
            await self._arrived.put(error)

    async def _stop(self, names: Collection[str]) -> None:
        tasks = [self._tasks.pop(name) for name in names]
        for name in names:
            del self._rounds[name]
            self._tally.wrong(name, "")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for name in names:
            self._note_reached(name, answered=False)

    def _note_reached(self, name: str, answered: bool) -> None:
        if answered:
            self._answering.add(name)
            self._tally.connected()
        else:
            self._answering.discard(name)
        if not self._answering:
            self._tally.disconnected()
