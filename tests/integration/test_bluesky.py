"""Bluesky against a local one over real sockets: what is watched arrives once, whatever happens to the connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sources.accounts import BLUESKY, parse_handle
from sources.bluesky.line import MOST_IN_ADDRESS
from sources.bluesky.source import Bluesky
from sources.clock import Clock, SystemClock
from sources.types import (
    Account,
    AccountDeletion,
    AccountNotFoundError,
    Handle,
    PostKind,
    SourceError,
    Wanted,
)
from tests.fakes.bluesky import FakeBluesky, Person, Refusal, bluesky
from tests.fakes.clock import FakeClock
from tests.fakes.ear import Ear, holds


@pytest.fixture
async def sky() -> AsyncIterator[FakeBluesky]:
    async with bluesky() as fake:
        yield fake


@asynccontextmanager
async def source(sky: FakeBluesky, clock: Clock | None = None) -> AsyncIterator[Bluesky]:
    opened = Bluesky.open(jetstream_url=sky.stream_url, api_url=sky.api_url, clock=clock or SystemClock())
    async with opened as made:
        yield made


def account(person: Person) -> Account:
    return Account(source=BLUESKY, id=person.did, handle=person.handle)


def wanted(*people: Person) -> list[Wanted]:
    return [Wanted(account=account(person)) for person in people]


async def test_a_new_post_of_a_watched_account_arrives_with_its_page_language_and_kinds(sky: FakeBluesky) -> None:
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(bob, "1", "not watched")
        await sky.like(ann, "2")
        reply = {"parent": {"uri": "at://did:plc:bob/app.bsky.feed.post/1"}}
        await sky.write(ann, "3", "an answer", langs=["ja"], reply=reply)
        await ear.until(1)
    [post] = ear.posts
    assert (post.id, post.text, post.lang) == ("at://did:plc:ann/app.bsky.feed.post/3", "an answer", "ja")
    assert post.url == "https://bsky.app/profile/ann.test/post/3"
    assert post.kinds == {PostKind.REPLY}
    assert made.state().posts_today == 1
    assert made.state().connected_since is None  # it hung up when nobody read any more


@pytest.mark.parametrize("others", [0, MOST_IN_ADDRESS])
async def test_a_change_of_the_watch_is_said_at_once(sky: FakeBluesky, others: int) -> None:
    """A few accounts in the address of a new connection, so many on the open one."""
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    crowd = [sky.join(f"other{number}.test") for number in range(others)]
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann, *crowd))
        await sky.followed(ann, *crowd)
        await made.watch(wanted(bob, *crowd))
        await sky.followed(bob, *crowd)
        await sky.write(ann, "1", "watched no more")
        await sky.write(bob, "2", "watched now")
        await ear.until(1)
    assert ear.texts == ["watched now"]
    assert len(sky.connects) == (1 if others else 2)


async def test_what_is_written_between_two_connections_is_not_lost(sky: FakeBluesky) -> None:
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await made.watch(wanted(ann, bob))
        await sky.write(bob, "1", "written meanwhile")
        await ear.until(1)
    assert ear.texts == ["written meanwhile"]


@pytest.mark.parametrize("others", [0, MOST_IN_ADDRESS])
async def test_accounts_that_only_a_replay_knew_keep_nobody_else_from_being_followed(
    sky: FakeBluesky, others: int
) -> None:
    """Their id is their handle there. Jetstream refuses whoever names one such beside a thousand right ones."""
    ann = sky.join("ann.test")
    crowd = [sky.join(f"other{number}.test") for number in range(others)]
    replayed = Account(source=BLUESKY, id="team.bsky.social", handle="team.bsky.social")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch([*wanted(ann, *crowd), Wanted(account=replayed)])
        await sky.followed(ann, *crowd)
        await sky.write(ann, "1", "for all that")
        await ear.until(1)
        assert made.trouble() == "known from a replay only: @team.bsky.social. /unwatch and /watch them"
        await made.watch([Wanted(account=replayed)])
        await holds(lambda: not sky.listeners)
        await made.watch(wanted(ann))
        await sky.followed(ann)
        assert made.trouble() == ""


async def test_nobody_is_followed_once_nobody_is_watched(sky: FakeBluesky) -> None:
    """An empty list of wanted accounts would mean the whole network."""
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await made.watch([])
        await holds(lambda: not sky.listeners)
        await sky.write(ann, "1", "while nobody watches")
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "2", "watched again")
        await holds(lambda: "watched again" in ear.texts)
    assert made.trouble() == ""


async def test_a_restart_loses_nothing_and_goes_on_a_little_before_the_last_post(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as first:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "1", "before")
        await first.until(1)
    await sky.write(ann, "2", "while nobody listened")
    async with source(sky) as made, Ear(made, first.positions).open() as second:
        await made.watch(wanted(ann))
        await second.until(2)
    assert second.texts == ["before", "while nobody listened"]  # the first is known by its id
    assert made.state().recovered == 1
    assert int(sky.connects[-1]["cursor"]) == sky.events[0]["time_us"] - 5_000_000


@pytest.mark.parametrize("end", ["cut", "close"])
async def test_a_connection_that_ends_is_made_again_and_what_was_missed_comes(sky: FakeBluesky, end: str) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "1", "before")
        await ear.until(1)
        await (sky.cut() if end == "cut" else sky.close())
        await sky.write(ann, "2", "meanwhile")
        await ear.until(3)
    assert ear.texts == ["before", "before", "meanwhile"]
    assert made.state().gaps == 0


async def test_edits_are_the_same_post_and_deletions_name_it(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        address = await sky.write(ann, "1", "frist")
        await sky.write(ann, "1", "first", update=True)
        await sky.delete(address)
        await ear.until(3)
    assert [post.id for post in ear.posts] == [address, address]
    assert ear.deleted == [address]


async def test_a_repost_carries_the_words_and_page_of_what_it_passes_on(sky: FakeBluesky) -> None:
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    original = await sky.write(bob, "7", "original words", langs=["de"])
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        repost = await sky.repost(ann, "8", original)
        await ear.until(1)
    [post] = ear.posts
    assert (post.id, post.author.handle, post.text, post.lang) == (repost, "ann.test", "original words", "de")
    assert post.url == "https://bsky.app/profile/bob.test/post/7"
    assert post.kinds == {PostKind.RETWEET}


async def test_reposts_that_nobody_wants_are_not_looked_up(sky: FakeBluesky) -> None:
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    original = await sky.write(bob, "7", "original words")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch([Wanted(account=account(ann), without=frozenset({PostKind.RETWEET}))])
        await sky.followed(ann)
        await sky.repost(ann, "8", original)
        await sky.write(ann, "9", "own words")
        await ear.until(1)
    assert ear.texts == ["own words"]
    assert sky.asked == []


async def test_a_repost_whose_original_cannot_be_read_is_counted_and_holds_nothing_up(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.repost(ann, "8", "at://did:plc:nobody/app.bsky.feed.post/1")
        await sky.write(ann, "9", "own words")
        await ear.until(1)
    assert ear.texts == ["own words"]
    assert made.state().skipped == 1
    assert "a repost by @ann.test" in made.trouble()


async def test_a_rename_is_followed_and_outlives_a_restart(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as first:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.rename(ann, "anna.example")
        await sky.write(ann, "1", "under a new name")
        await first.until(1)
    sky.events.clear()  # the news of it is not heard a second time
    async with source(sky) as made, Ear(made, first.positions).open() as second:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "2", "still so")
        await second.until(1)
    for ear in (first, second):
        post = ear.posts[-1]
        assert (post.author.handle, post.author.id) == ("anna.example", ann.did)
        assert post.url.startswith("https://bsky.app/profile/anna.example/post/")


async def test_an_account_that_goes_is_told_until_it_comes_back(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open():
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.account(ann, active=False, status="deactivated")
        await holds(lambda: made.trouble() == "@ann.test is deactivated")
        await sky.account(ann, active=True)
        await holds(lambda: made.trouble() == "")


@pytest.mark.parametrize("status", ["deleted", "takendown"])
async def test_an_account_that_is_gone_for_good_takes_with_it_what_it_wrote(sky: FakeBluesky, status: str) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "1", "before")
        await sky.account(ann, active=False, status="deactivated")
        await sky.account(ann, active=False, status=status)
        await sky.account(ann, active=True)
        await sky.write(ann, "2", "back again", createdAt=None)  # dated by the stream, to the microsecond
        await ear.until(2)
    [gone] = [arrival.deleted for arrival in ear.heard if arrival.deleted]
    before, after = ear.posts
    assert isinstance(gone, AccountDeletion)
    assert (gone.source, gone.account_id) == (BLUESKY, ann.did)
    assert before.published_at <= gone.until < after.published_at


@pytest.mark.parametrize("line", ["{", "[]", '{"did": "did:plc:ann"}', "[" * 5000, '{"time_us": 1, "kind": "commit"}'])
async def test_a_broken_message_is_counted_named_and_passed_by(sky: FakeBluesky, line: str) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.babble(line)
        await sky.write(ann, "1", "after it")
        await ear.until(1)
    assert ear.texts == ["after it"]
    assert made.state().skipped == 1
    assert "a message of Jetstream" in made.trouble()


async def test_a_connection_that_is_dead_without_a_word_is_found_out_within_40_seconds(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    clock = FakeClock(datetime.now(UTC), held=True)
    async with source(sky, clock) as made, Ear(made).open():
        await made.watch(wanted(ann))
        await sky.followed(ann)
        sky.mute = True
        await clock.advance(20)
        assert made.trouble() == ""
        await clock.advance(20)
        await holds(lambda: not sky.listeners)
        await holds(lambda: "nothing was heard for 40 s" in made.trouble())
        sky.mute = False
        await clock.advance(1)
        await sky.followed(ann)
        await holds(lambda: made.trouble() == "")


async def test_a_server_that_answers_pings_is_left_connected_however_quiet_people_are(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    clock = FakeClock(datetime.now(UTC), held=True)
    async with source(sky, clock) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        for _ in range(40):
            await clock.advance(20)
            await asyncio.sleep(0.01)
        assert len(sky.connects) == 1
        await holds(lambda: len(ear.heard) == 2)  # one position at once, one after ten minutes


@pytest.mark.parametrize(
    ("refusal", "wait_s"),
    [
        (Refusal(status=503, body="<html><h1>Service Unavailable</h1></html>"), 1),
        (Refusal(status=429, headers={"Retry-After": "90"}), 90),
    ],
)
async def test_a_refused_connection_is_tried_again_when_the_server_asks(
    sky: FakeBluesky, refusal: Refusal, wait_s: int
) -> None:
    ann = sky.join("ann.test")
    clock = FakeClock(datetime.now(UTC), held=True)
    sky.refuse_stream = refusal
    async with source(sky, clock) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await holds(lambda: f"answered {refusal.status}" in made.trouble())
        sky.refuse_stream = None
        await clock.advance(wait_s - 0.5)
        assert len(sky.connects) == 1
        await clock.advance(0.5)
        await sky.followed(ann)
        await sky.write(ann, "1", "at last")
        await ear.until(1)


async def test_a_silence_longer_than_jetstream_keeps_is_told_as_a_gap(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made, Ear(made).open() as first:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "1", "before")
        await first.until(1)
    later = FakeClock(datetime.now(UTC) + timedelta(hours=30), held=True)
    async with source(sky, later) as made, Ear(made, first.positions).open() as second:
        await made.watch(wanted(ann))
        await second.until(1)
        assert made.state().gaps == 1
        assert "was not heard for 30 h" in made.trouble()


async def test_a_clock_that_is_fast_does_not_set_the_position(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    fast = FakeClock(datetime.now(UTC) + timedelta(hours=1), held=True)
    async with source(sky, fast) as made, Ear(made).open() as ear:
        await made.watch(wanted(ann))
        await sky.followed(ann)
        await sky.write(ann, "1", "now")
        await ear.until(1)
    assert json.loads(ear.positions[""])["time_us"] == sky.events[-1]["time_us"]


async def test_ten_thousand_accounts_are_followed_and_one_more_is_refused_in_words(sky: FakeBluesky) -> None:
    many = [Wanted(account=Account(source=BLUESKY, id=f"did:plc:{n}", handle="a.test")) for n in range(10_001)]
    async with source(sky) as made, Ear(made).open():
        assert made.refusal(many[1:]) == ""
        assert "10,000 accounts at most" in made.refusal(many)
        with pytest.raises(SourceError, match="10,000 accounts at most"):
            await made.watch(many)
        await made.watch(many[1:])
        await holds(lambda: any(len(listener.dids) == 10_000 for listener in sky.listeners))


async def test_an_unknown_handle_is_answered_with_those_that_are_called_something_like_it(sky: FakeBluesky) -> None:
    sky.join("awscloud.test")
    async with source(sky) as made:
        with pytest.raises(AccountNotFoundError) as missing:
            await made.resolve(Handle(source=BLUESKY, name="awsclod.test"))
        assert missing.value.suggestions == ("awscloud.test",)
        found = await made.resolve(Handle(source=BLUESKY, name="AWScloud.test"))
    assert (found.id, found.handle) == ("did:plc:awscloud", "awscloud.test")


@pytest.mark.parametrize("refusal", [Refusal(status=503, body="<html>"), Refusal(status=429, body="{}")])
async def test_an_api_that_is_down_is_told_and_is_no_unknown_account(sky: FakeBluesky, refusal: Refusal) -> None:
    sky.refuse_api = refusal
    async with source(sky) as made:
        with pytest.raises(SourceError, match=str(refusal.status)) as problem:
            await made.resolve(Handle(source=BLUESKY, name="ann.test"))
    assert not isinstance(problem.value, AccountNotFoundError)


async def test_an_account_is_found_by_its_did_which_addresses_of_profiles_may_name(sky: FakeBluesky) -> None:
    ann = sky.join("ann.test")
    async with source(sky) as made:
        found = await made.resolve(parse_handle(f"https://bsky.app/profile/{ann.did}"))
        with pytest.raises(AccountNotFoundError):
            await made.resolve(parse_handle("https://bsky.app/profile/did:plc:nobody"))
    assert found == account(ann)


async def test_recent_posts_and_reposts_come_newest_first(sky: FakeBluesky) -> None:
    ann, bob = sky.join("ann.test"), sky.join("bob.test")
    original = await sky.write(bob, "1", "by bob")
    await sky.write(ann, "2", "by ann")
    await sky.repost(ann, "3", original)
    async with source(sky) as made:
        posts = await made.recent(account(ann), 5)
    assert [(post.text, post.author.id) for post in posts] == [("by bob", ann.did), ("by ann", ann.did)]
    assert posts[0].kinds == {PostKind.RETWEET}
