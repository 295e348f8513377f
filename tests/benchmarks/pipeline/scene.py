"""What the parts share: channels that watch accounts, posts by these, a source that plays them, a chat, a folder."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bot.cards import Card
from bot.chat.base import Inbound
from bot.pipeline.classify import LEASE
from classifier.batching import Batcher
from classifier.registry import choose
from sources.types import Account, AccountNotFoundError, Arrival, Cursor, Handle, Positions, Post
from storage import channels
from storage.database import Connection, Database
from storage.inbox import SqlInbox
from storage.types import Channel, ChannelKey, DeliveryKey, Receipt, StoredPost
from tests.fakes.builders import a_channel, a_decision, a_key, a_label, a_post, a_settlement, a_watch, an_account
from tests.fakes.source import Quiet

PLATFORM = "fake"
TOPICS = ("security", "outage", "fire", "storm", "flood", "strike", "election", "recall", "fraud", "earthquake")

_ON_DISK = Path("/var/tmp")
"""Outlives a restart, so it is no folder in memory, where every commit would cost nothing."""

_AT_ONCE = 1_000


@contextmanager
def folder_on_disk() -> Iterator[Path]:
    """A new folder, gone at the end."""
    with tempfile.TemporaryDirectory(dir=_ON_DISK if _ON_DISK.is_dir() else None) as folder:
        yield Path(folder)


def watching(number: int, accounts: Sequence[str], labels: Sequence[str] = TOPICS[:1], **settings: object) -> Channel:
    """The channel of this number on the fake chat: it has watched these accounts since yesterday."""
    since = datetime.now(UTC) - timedelta(days=1)
    return a_channel(
        f"channel{number:03}",
        key=channel_key(number),
        labels=tuple(map(a_label, labels)),
        watches=tuple(a_watch(handle, added_at=since) for handle in accounts),
        **settings,
    )


def channel_key(number: int) -> ChannelKey:
    return a_key(f"channel{number:03}", platform=PLATFORM)


def post_of(handle: str, number: int) -> Post:
    """A post of usual length by an account, published now, about each topic in turn."""
    topic = TOPICS[number % len(TOPICS)]
    text = (
        f"Update {number} on the {topic} reported this morning: crews and engineers are at work on site, "
        f"people nearby are asked to keep away, and the next update follows at noon. https://example.org/{number}"
    )
    author = an_account(handle)
    return a_post(id=str(number), author=author, text=text, published_at=datetime.now(UTC), lang="en")


def line_of(post: Post) -> dict[str, str]:
    """A post as a replay's file holds it."""
    return {"id": post.id, "author": post.author.handle, "text": post.text, "lang": post.lang}


def default_model() -> Batcher:
    """What `lapwing run` classifies with when nothing is set."""
    choice = choose("embedding", threads=max(1, (os.cpu_count() or 1) - 1))
    return Batcher(choice.load, choice.template)


async def save(database: Database, settings: Sequence[Channel]) -> None:
    for channel in settings:
        await database.transaction(partial(_save, channel=channel))


async def put(database: Database, posts: Sequence[Post]) -> None:
    """Into the inbox, as if a source had just given them."""
    inbox, seen_at = SqlInbox(database), datetime.now(UTC)
    for start in range(0, len(posts), _AT_ONCE):
        some = posts[start : start + _AT_ONCE]
        await inbox.put(some, source="bench", positions={"": Cursor(str(start))}, seen_at=seen_at)


async def alert(database: Database, channel_of: Callable[[StoredPost], int]) -> None:
    """Decide all that waits in the inbox: each post alerts one channel, which this names by its number."""
    inbox, now = SqlInbox(database), datetime.now(UTC)
    while claimed := await inbox.claim(_AT_ONCE, lease=LEASE, now=now):
        decisions = tuple(a_decision(one.id, channel_key(channel_of(one))) for one in claimed)
        await inbox.settle(a_settlement((one.id for one in claimed), decisions=decisions, decided_at=now))


def _save(connection: Connection, channel: Channel) -> None:
    channels.save(connection, channel)


class PacedSource(Quiet):
    """Gives posts one by one at an even pace, whatever becomes of them, and has each account's last posts at hand."""

    name = "paced"
    serves = frozenset({"x"})

    def __init__(
        self, posts: Sequence[Post] = (), *, every_s: float = 0.0, after: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """The first post is given once `after` has returned."""
        self.given_at: dict[str, float] = {}
        """Post's id -> when it was given, by time.perf_counter."""

        self._posts = posts
        self._every_s = every_s
        self._after = after

    async def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        """All posts, then silence."""
        if self._after is not None:
            await self._after()
        started = time.perf_counter()
        for number, post in enumerate(self._posts):
            await asyncio.sleep(max(0.0, started + number * self._every_s - time.perf_counter()))
            self.given_at[post.id] = time.perf_counter()
            yield Arrival(cursor=Cursor(str(number)), post=post)
        await asyncio.Event().wait()

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """That many."""
        return [post_of(account.handle, number) for number in range(limit)]

    async def resolve(self, handle: Handle) -> Account:
        """Everyone exists."""
        if not handle.name:
            raise AccountNotFoundError(handle)
        return an_account(handle.name)


@dataclass(frozen=True, slots=True)
class Came:
    """A message as the chat got it."""

    channel: ChannelKey
    card: Card
    at: float
    """By time.perf_counter, when the chat was asked to send it."""


class FastChat:
    """ChatPlatform that notes when each message came, answers after `takes_s`, and keeps no one waiting otherwise."""

    name = PLATFORM
    grace = timedelta(seconds=1)

    def __init__(self, *, pace_s: float = 0.0, takes_s: float = 0.0, expects: int = 0) -> None:
        """`expects`: after so many messages `done` is set."""
        self.pace = timedelta(seconds=pace_s)
        self.came: list[Came] = []
        self.done = asyncio.Event()
        self._takes_s = takes_s
        self._expects = expects

    async def run(self, inbound: Inbound) -> None:
        """Until it is ended."""
        await asyncio.Event().wait()

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        self.came.append(Came(channel, card, time.perf_counter()))
        if len(self.came) == self._expects:
            self.done.set()
        await asyncio.sleep(self._takes_s)
        return Receipt(key)

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        """Done."""

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """None of what went wrong was kept."""
        return None

    async def can_send(self, channel: ChannelKey) -> str | None:
        return None

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        return None
