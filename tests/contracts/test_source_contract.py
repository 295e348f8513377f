"""What every Source keeps. A new source joins by a Stage of its own in STAGES, nothing else."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from sources.bluesky.source import Bluesky
from sources.feeds.source import Feeds
from sources.http import Fetched, Fetcher
from sources.mastodon.source import Mastodon
from sources.replay import Replay
from sources.types import Account, AccountNotFoundError, Arrival, Deletion, Handle, Positions, Source
from sources.x.source import Manner, open_x
from tests.fakes.bluesky import bluesky
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFeeds, Item, at, atom
from tests.fakes.mastodon import mastodon
from tests.fakes.source import wanting
from tests.fakes.x.passing import Passing
from tests.fakes.x.server import TOKEN, FakeX


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A post that the place behind the source has, in words that every source shares."""

    id: str
    by: str
    text: str
    deleted: bool = False
    """Not the post itself, but word of its deletion."""


NOWHERE: Positions = {}
"""Where a source is read on from that was never read."""

Stage = Callable[[Path, Sequence[Said]], AbstractAsyncContextManager[Source]]
"""A source, with a folder of its own, that has these posts to give in this order once it is asked for posts."""


@asynccontextmanager
async def replay(folder: Path, said: Sequence[Said]) -> AsyncIterator[Source]:
    path = folder / "posts.jsonl"
    lines = [json.dumps(_line(post)) for post in said]
    path.write_text("\n".join(lines))
    yield await Replay.open(path, clock=FakeClock(), speed=math.inf)


def _line(said: Said) -> dict[str, object]:
    if said.deleted:
        return {"id": said.id, "deleted": True}
    return {"id": said.id, "author": said.by, "text": said.text}


class _Named:
    """Feeds under the names of their authors: a feed has no other handle than its address."""

    def __init__(self, feeds: Feeds, host: str) -> None:
        self._feeds = feeds
        self._host = host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feeds, name)

    async def resolve(self, handle: Handle) -> Account:
        """The scheme's and the host's case is what does not matter of an address."""
        host = self._host.upper() if handle.name.isupper() else self._host
        try:
            return await self._feeds.resolve(Handle(source=handle.source, name=f"{host}/{handle.name.lower()}"))
        except AccountNotFoundError as error:
            raise AccountNotFoundError(handle) from error


@asynccontextmanager
async def feeds(folder: Path, said: Sequence[Said]) -> AsyncIterator[Source]:
    """An Atom feed an author; deletions come with a feed's second edition, since nobody deletes before he writes."""
    places = FakeFeeds()
    for author in {post.by for post in said}:
        posts = [post for post in said if post.by == author and not post.deleted]
        gone = [post.id for post in said if post.by == author and post.deleted]
        items = [Item(guid=post.id, title=post.text, published_at=at(8, int(post.id))) for post in reversed(posts)]
        rest = [item for item in items if item.guid not in gone]
        places.put_in_turn(f"/{author}", atom(items), *([atom(items), atom(rest, deleted=gone)] if gone else []))
    async with places.serving() as allow, Fetcher(allow=allow) as fetcher:
        yield cast("Source", _Named(Feeds(fetcher, clock=FakeClock()), places.host))


@asynccontextmanager
async def bluesky_stage(folder: Path, said: Sequence[Said]) -> AsyncIterator[Source]:
    """All was said within the last hour; the source's clock is an hour slow, so that to it all is yet to come."""
    an_hour_ago = FakeClock(datetime.now(UTC) - timedelta(hours=1), held=True)
    async with bluesky() as sky:
        people = {name: sky.join(f"{name}.test") for name in sorted({post.by for post in said})}
        for post in said:
            if post.deleted:
                await sky.delete(f"at://{people[post.by].did}/app.bsky.feed.post/{post.id}")
            else:
                await sky.write(people[post.by], post.id, post.text)
        async with Bluesky.open(jetstream_url=sky.stream_url, api_url=sky.api_url, clock=an_hour_ago) as made:
            yield made


@asynccontextmanager
async def mastodon_stage(folder: Path, said: Sequence[Said]) -> AsyncIterator[Source]:
    """All that was said stands on the first page; what is deleted goes once it was shown."""
    async with mastodon() as server, Fetcher(allow=frozenset({server.name})) as fetcher:
        for name in sorted({post.by for post in said}):
            server.join(name)
        ids = {post.id: server.write(post.by, post.text) for post in said if not post.deleted}
        for post in said:
            if post.deleted:
                server.delete_later(ids[post.id])
        yield Mastodon(Elsewhere(fetcher, server.name), clock=FakeClock(datetime.now(UTC)))


class Elsewhere:
    """The way to social.test, which is a local server."""

    def __init__(self, fetcher: Fetcher, local: str) -> None:
        self._fetcher = fetcher
        self._local = f"http://{local}/"

    async def get(self, url: str) -> Fetched:
        fetched = await self._fetcher.get(url.replace("https://social.test/", self._local))
        return replace(fetched, url=url)


@asynccontextmanager
async def x(_: Path, said: Sequence[Said]) -> AsyncIterator[Source]:
    """What is said comes by the stream, once somebody is connected; what was said before is only found by search."""
    clock = FakeClock(held=True)
    looks = (timedelta(minutes=2),)
    async with FakeX.running(clock) as local, Passing(clock):
        waiting = list(said)
        tweets: dict[str, str] = {}
        for one in said:
            local.world.user(one.by)

        async def speak() -> None:
            while waiting:
                one = waiting.pop(0)
                if one.deleted:
                    await clock.sleep(30)
                    local.world.delete(tweets[one.id])
                else:
                    tweets[one.id] = local.world.say(one.by, one.text)["id"]

        local.on_connected = speak
        async with open_x(token=TOKEN, url=local.url, clock=clock, manner=Manner(looks=looks)) as made:
            yield made


STAGES = [
    pytest.param(replay, id="replay"),
    pytest.param(feeds, id="feeds"),
    pytest.param(bluesky_stage, id="bluesky"),
    pytest.param(mastodon_stage, id="mastodon"),
    pytest.param(x, id="x"),
]

HANDLES = {"bluesky": "{}.test", "mastodon": "{}@social.test"}
"""How handles are written where a name alone is none; by the source's name."""

SAID = [Said(id=str(number), by=("alice", "bob", "carol")[number % 3], text=f"post {number}") for number in range(12)]


@pytest.fixture(params=STAGES)
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Source]:
    stage: Stage = request.param
    async with stage(tmp_path, SAID) as made:
        yield made


def handle(source: Source, name: str) -> Handle:
    return Handle(source=min(source.serves), name=HANDLES.get(source.name, "{}").format(name))


async def account(source: Source, name: str) -> Account:
    return await source.resolve(handle(source, name))


async def heard(
    source: Source, count: int, after: Positions = NOWHERE, *, but: frozenset[str] = frozenset()
) -> list[Arrival]:
    """The next `count` arrivals that are posts, of other texts than `but`: a live source has no end to wait for."""
    found: list[Arrival] = []
    arrivals = source.posts(after)
    try:
        async with asyncio.timeout(10):
            async for arrival in arrivals:
                if arrival.post and arrival.post.text not in but:
                    found.append(arrival)
                if len(found) == count:
                    break
    finally:
        if isinstance(arrivals, AsyncGenerator):
            await arrivals.aclose()
    return found


def positions(arrivals: Sequence[Arrival]) -> Positions:
    """Where to read on once all these are stored."""
    return {arrival.part: arrival.cursor for arrival in arrivals}


def texts(arrivals: Sequence[Arrival]) -> list[str]:
    return [arrival.post.text for arrival in arrivals if arrival.post]


def by(author: Account, arrivals: Sequence[Arrival]) -> list[Arrival]:
    return [arrival for arrival in arrivals if arrival.post and arrival.post.author.id == author.id]


def said_by(*names: str) -> list[str]:
    return [post.text for post in SAID if post.by in names]


async def test_the_posts_of_the_watched_accounts_arrive_in_their_order_and_no_others(source: Source) -> None:
    """Each account's posts in theirs: whose turn it is no source promises."""
    alice, carol = await account(source, "alice"), await account(source, "carol")
    await source.watch(wanting(alice, carol))
    arrivals = await heard(source, 8)
    assert texts(by(alice, arrivals)) == said_by("alice")
    assert texts(by(carol, arrivals)) == said_by("carol")


async def test_a_later_watch_replaces_the_earlier_one(source: Source) -> None:
    await source.watch(wanting(await account(source, "alice")))
    await source.watch(wanting(await account(source, "bob")))
    assert texts(await heard(source, 4)) == said_by("bob")


async def test_nothing_is_lost_after_any_cursor(source: Source) -> None:
    """What was given before may come again."""
    await source.watch(wanting(await account(source, "alice")))
    arrivals = await heard(source, 4)
    for number in range(3):
        before, rest = arrivals[: number + 1], arrivals[number + 1 :]
        again = await heard(source, len(rest), positions(before), but=frozenset(texts(before)))
        assert texts(again) == texts(rest)


async def test_a_post_names_its_author_as_the_account_that_is_watched(source: Source) -> None:
    alice = await account(source, "alice")
    await source.watch(wanting(alice))
    for arrival in await heard(source, 4):
        assert arrival.post
        assert (arrival.post.author.source, arrival.post.author.id) == (alice.source, alice.id)


async def test_a_post_belongs_to_a_source_that_is_served_and_has_an_id_of_its_own_there(source: Source) -> None:
    await source.watch(wanting(*[await account(source, name) for name in ("alice", "bob", "carol")]))
    posts = [arrival.post for arrival in await heard(source, 12) if arrival.post]
    assert {post.source for post in posts} <= source.serves
    assert len({(post.source, post.id) for post in posts}) == 12


async def test_dates_are_aware_and_in_utc(source: Source) -> None:
    await source.watch(wanting(await account(source, "alice")))
    [arrival] = await heard(source, 1)
    assert arrival.post
    assert arrival.post.published_at.tzinfo is UTC
    assert arrival.post.current_from.utcoffset() == timedelta(0)


async def test_recent_posts_are_of_that_account_only_newest_first_and_no_more_than_asked_for(source: Source) -> None:
    alice, bob = await account(source, "alice"), await account(source, "bob")
    await source.watch(wanting(alice, bob))
    await heard(source, 8)
    assert [post.text for post in await source.recent(alice, 3)] == said_by("alice")[:-4:-1]


async def test_an_account_is_found_by_its_handle_in_any_case(source: Source) -> None:
    assert (await account(source, "ALICE")).id == (await account(source, "alice")).id


async def test_an_unknown_handle_is_said_to_be_unknown(source: Source) -> None:
    nobody = handle(source, "nobody_here")
    with pytest.raises(AccountNotFoundError) as missing:
        await source.resolve(nobody)
    assert missing.value.handle == nobody


async def test_a_source_has_a_name_and_serves_something(source: Source) -> None:
    assert source.name
    assert source.serves


@pytest.mark.parametrize("stage", STAGES)
async def test_a_deletion_names_the_post_by_the_identity_it_was_given_with(stage: Stage, tmp_path: Path) -> None:
    """In the order the source gives it, and in an arrival with no post."""
    gone = Said(id="0", by="alice", text="", deleted=True)
    async with stage(tmp_path, [*SAID, gone]) as source:
        await source.watch(wanting(await account(source, "alice")))
        async with asyncio.timeout(10), aclosing(as_generator(source.posts({}))) as arrivals:
            found = [arrival async for arrival in until_deletion(arrivals)]
    first, last = next(arrival.post for arrival in found if arrival.post), found[-1]
    assert last.post is None
    assert last.deleted == Deletion(source=first.source, id=first.id)


async def until_deletion(arrivals: AsyncIterator[Arrival]) -> AsyncIterator[Arrival]:
    """A live source has no end to wait for."""
    async for arrival in arrivals:
        yield arrival
        if arrival.deleted:
            return


def as_generator(arrivals: AsyncIterator[Arrival]) -> AsyncGenerator[Arrival, None]:
    assert isinstance(arrivals, AsyncGenerator), "it has to be closed"
    return arrivals
