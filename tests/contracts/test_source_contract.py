"""What every Source keeps. A new source joins by a Stage of its own in STAGES, nothing else."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from sources.replay import Replay
from sources.types import Account, AccountNotFoundError, Arrival, Deletion, Handle, Positions, Source
from sources.x.source import Manner, open_x
from tests.fakes.clock import FakeClock
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


STAGES = [pytest.param(replay, id="replay"), pytest.param(x, id="x")]

SAID = [Said(id=str(number), by=("alice", "bob", "carol")[number % 3], text=f"post {number}") for number in range(12)]


@pytest.fixture(params=STAGES)
async def source(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Source]:
    stage: Stage = request.param
    async with stage(tmp_path, SAID) as made:
        yield made


async def account(source: Source, name: str) -> Account:
    return await source.resolve(Handle(source=min(source.serves), name=name))


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


def said_by(*names: str) -> list[str]:
    return [post.text for post in SAID if post.by in names]


async def test_the_posts_of_the_watched_accounts_arrive_in_their_order_and_no_others(source: Source) -> None:
    await source.watch(wanting(await account(source, "alice"), await account(source, "carol")))
    assert texts(await heard(source, 8)) == said_by("alice", "carol")


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
    handle = Handle(source=min(source.serves), name="nobody_here")
    with pytest.raises(AccountNotFoundError) as missing:
        await source.resolve(handle)
    assert missing.value.handle == handle


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
    first, last = found[0], found[-1]
    assert first.post
    assert last.post is None
    assert last.deleted == Deletion(source=first.post.source, id=first.post.id)


async def until_deletion(arrivals: AsyncIterator[Arrival]) -> AsyncIterator[Arrival]:
    """A live source has no end to wait for."""
    async for arrival in arrivals:
        yield arrival
        if arrival.deleted:
            return


def as_generator(arrivals: AsyncIterator[Arrival]) -> AsyncGenerator[Arrival, None]:
    assert isinstance(arrivals, AsyncGenerator), "it has to be closed"
    return arrivals
