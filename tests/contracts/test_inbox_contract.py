"""What every Inbox keeps. A new inbox joins by a Stage of its own in STAGES, nothing else."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

from sources.types import Account, AccountDeletion, Cursor, Deletion, Post, PostKind
from storage import alerts, channels, logits
from storage.database import Database, open_database
from storage.inbox import FRESH_FOR, Backlog, Inbox, SqlInbox, undecided
from storage.types import Alert, ChannelKey, PostId, PostLogits, Reason, Removed, StoredPost
from tests.fakes.builders import (
    MODEL,
    NOW,
    TEMPLATE,
    a_channel,
    a_decision,
    a_key,
    a_post,
    a_score,
    a_settlement,
    an_account,
    posts,
)

LEASE = timedelta(minutes=10)
LATER = NOW + LEASE
"""When a lease taken at NOW has run out."""


class Stage(Protocol):
    """A store behind an inbox, and what a test may see of it past the inbox."""

    def inbox(self) -> Inbox:
        """An inbox on this store with claims of its own, as another process would have it."""

    async def alerts(self, channel: ChannelKey) -> list[Alert]:
        """What the channel is owed, oldest first."""

    async def logits(self, post: PostId, template: str) -> dict[str, tuple[float, float]]:
        """What is stored of MODEL's answers about a post."""

    async def why_set_aside(self, post: PostId) -> str:
        """The reason; empty while the post waits."""


class SqlStage:
    def __init__(self, database: Database) -> None:
        self._database = database

    def inbox(self) -> Inbox:
        return SqlInbox(self._database)

    async def alerts(self, channel: ChannelKey) -> list[Alert]:
        found = await self._database.read(lambda connection: alerts.latest(connection, channel, 100))
        return found[::-1]

    async def logits(self, post: PostId, template: str) -> dict[str, tuple[float, float]]:
        found = await self._database.read(lambda connection: logits.of_posts(connection, MODEL, template, [post]))
        return found.get(post, {})

    async def why_set_aside(self, post: PostId) -> str:
        entry = await self._database.read(lambda connection: undecided(connection, post))
        assert entry is not None
        return entry.set_aside


@asynccontextmanager
async def sql(folder: Path) -> AsyncIterator[Stage]:
    async with open_database(folder / "lapwing.db") as database:
        await database.transaction(lambda connection: channels.save(connection, a_channel()))
        yield SqlStage(database)


STAGES = [pytest.param(sql, id="sql")]
"""Stages that know `a_channel()` and hold no post."""


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    opening: Callable[[Path], AbstractAsyncContextManager[Stage]] = request.param
    async with opening(tmp_path) as made:
        yield made


@pytest.fixture
def inbox(stage: Stage) -> Inbox:
    return stage.inbox()


@pytest.fixture
def other(stage: Stage) -> Inbox:
    return stage.inbox()


async def put(inbox: Inbox, *arrived: Post, seen_at: datetime = NOW) -> int:
    return await inbox.put(arrived, source="x", positions={"": Cursor("c")}, seen_at=seen_at)


async def claim(inbox: Inbox, limit: int = 100, now: datetime = NOW) -> list[PostId]:
    return [stored.id for stored in await inbox.claim(limit, lease=LEASE, now=now)]


def source_ids(stored: Sequence[StoredPost]) -> list[str]:
    return [found.post.id for found in stored]


# --- seen once -------------------------------------------------------------------------------------------------------


async def test_a_post_twice_in_one_batch_is_one_post_as_it_was_first(inbox: Inbox) -> None:
    assert await put(inbox, a_post(text="first"), a_post(text="edited")) == 1
    (stored,) = await inbox.claim(10, lease=LEASE, now=NOW)
    assert stored.post.text == "first"


async def test_a_post_redelivered_in_a_later_batch_is_not_seen_again(inbox: Inbox) -> None:
    await put(inbox, *posts(3))
    assert await put(inbox, *posts(5)) == 2
    assert len(await claim(inbox)) == 5


async def test_a_settled_post_that_comes_again_does_not_wait_again(inbox: Inbox) -> None:
    await put(inbox, a_post())
    await inbox.settle(a_settlement(await claim(inbox)))
    assert await put(inbox, a_post()) == 0
    assert await claim(inbox) == []


async def test_the_same_id_at_another_source_is_another_post(inbox: Inbox) -> None:
    elsewhere = a_post(source="bluesky", author=an_account(source="bluesky"))
    assert await put(inbox, a_post(), elsewhere) == 2


# --- what is put comes back ------------------------------------------------------------------------------------------


async def test_posts_come_in_the_order_they_arrived_whenever_they_were_published(inbox: Inbox) -> None:
    newest_first = posts(20)[::-1]
    await put(inbox, *newest_first[:7])
    await put(inbox, *newest_first[7:])
    claimed = await inbox.claim(100, lease=LEASE, now=NOW)
    assert source_ids(claimed) == [post.id for post in newest_first]


async def test_a_post_comes_back_with_all_that_was_put(inbox: Inbox) -> None:
    whole = a_post(
        author=an_account(name="Vendor 🛡 Security"),
        text="Überlauf\x00 '); DROP TABLE posts; -- \U0001f680\n<b>&amp;</b>",
        kinds=frozenset({PostKind.QUOTE, PostKind.REPLY}),
        lang="de",
        url="https://example.org/1",
        published_at=NOW + timedelta(microseconds=1),
        played_at=NOW + timedelta(days=1, microseconds=999_999),
    )
    bare = a_post(id="2", text="")
    await put(inbox, whole, bare)
    assert [stored.post for stored in await inbox.claim(10, lease=LEASE, now=NOW)] == [whole, bare]


async def test_a_batch_larger_than_one_statement_takes_is_stored_whole_and_in_order(inbox: Inbox) -> None:
    many = posts(2_500)
    assert await put(inbox, *many, *many) == 2_500
    assert source_ids(await inbox.claim(3_000, lease=LEASE, now=NOW)) == [post.id for post in many]


# --- the cursor ------------------------------------------------------------------------------------------------------


async def test_a_source_never_read_has_no_cursor(inbox: Inbox) -> None:
    assert await inbox.positions("x") == {}


async def test_the_cursor_is_the_one_last_put_and_each_source_has_its_own(inbox: Inbox, other: Inbox) -> None:
    await inbox.put([a_post()], source="x", positions={"": Cursor("10")}, seen_at=NOW)
    await inbox.put([], source="replay", positions={"": Cursor("line 4")}, seen_at=NOW)
    await inbox.put([], source="x", positions={"": Cursor("9")}, seen_at=NOW)
    assert await other.positions("x") == {"": "9"}
    assert await other.positions("replay") == {"": "line 4"}


async def test_each_part_of_a_source_has_a_cursor_of_its_own_and_stays_while_others_move(
    inbox: Inbox, other: Inbox
) -> None:
    await inbox.put([], source="rss", positions={"a": Cursor("1"), "b": Cursor("2")}, seen_at=NOW)
    await inbox.put([], source="rss", positions={"b": Cursor("3")}, seen_at=NOW)
    await inbox.put([], source="rss", positions={}, seen_at=NOW)
    assert await other.positions("rss") == {"a": "1", "b": "3"}


async def test_a_batch_that_cannot_be_stored_moves_no_cursor_and_leaves_no_post(inbox: Inbox) -> None:
    await inbox.put([], source="x", positions={"": Cursor("before")}, seen_at=NOW)
    with pytest.raises(UnicodeEncodeError):
        await inbox.put(
            [a_post(), a_post(id="2", text="\ud83d")], source="x", positions={"": Cursor("after")}, seen_at=NOW
        )
    assert await inbox.positions("x") == {"": "before"}
    assert await claim(inbox) == []
    assert await put(inbox, a_post()) == 1


# --- claims ----------------------------------------------------------------------------------------------------------


async def test_a_claim_gives_no_more_than_was_asked_for_and_the_next_one_goes_on_from_there(inbox: Inbox) -> None:
    await put(inbox, *posts(5))
    claims = [source_ids(await inbox.claim(2, lease=LEASE, now=NOW)) for _ in range(4)]
    assert claims == [["1", "2"], ["3", "4"], ["5"], []]


async def test_nobody_gets_a_claimed_post_before_its_lease_has_run_out(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    claimed = await claim(inbox)
    just_before = LATER - timedelta(microseconds=1)
    assert await claim(other, now=just_before) == []
    assert await claim(inbox, now=just_before) == []
    assert await claim(other, now=LATER) == claimed


async def test_a_post_claimed_again_after_its_lease_is_leased_anew(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    await claim(inbox)
    await claim(other, now=LATER)
    assert await claim(inbox, now=LATER + LEASE / 2) == []


async def test_what_an_earlier_life_held_is_free_at_once_after_recovery(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(2))
    dead, poison = claimed = await claim(inbox)
    await inbox.set_aside(poison, "the model refused it")
    await other.recover()
    assert await claim(other) == [dead]
    assert await inbox.settle(a_settlement(claimed)) == 0, "the earlier life was not dead, and holds nothing any more"
    assert await other.settle(a_settlement([dead])) == 1


async def test_two_who_claim_at_the_same_time_share_the_posts_out(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(40))
    claims = await asyncio.gather(*(claim(who, 5) for who in (inbox, other) * 4))
    taken = [post for claimed in claims for post in claimed]
    assert len(taken) == len(set(taken)) == 40


# --- what is fresh goes first ----------------------------------------------------------------------------------------

OLD = NOW - FRESH_FOR - timedelta(microseconds=1)


async def test_what_was_seen_lately_goes_before_what_is_old_each_oldest_first(inbox: Inbox) -> None:
    every = posts(8)
    await put(inbox, *every[:4], seen_at=OLD)
    await put(inbox, *every[4:], seen_at=NOW - FRESH_FOR)
    claims = [source_ids(await inbox.claim(3, lease=LEASE, now=NOW)) for _ in range(4)]
    assert claims == [["5", "6", "7"], ["1", "2", "8"], ["3", "4"], []]


async def test_a_claim_with_room_for_all_gives_them_in_the_order_they_came(inbox: Inbox) -> None:
    every = posts(4)
    await put(inbox, *every[:2], seen_at=OLD)
    await put(inbox, *every[2:])
    assert source_ids(await inbox.claim(10, lease=LEASE, now=NOW)) == ["1", "2", "3", "4"]


# --- what the program died with --------------------------------------------------------------------------------------

TOGETHER_AFTER_A_DEATH = 16
DEATHS_OF_A_SUSPECT = 2
MOST_DEATHS = 10


async def die_with(stage: Stage, posts: Sequence[PostId], times: int) -> None:
    """That many lives claim everything, give all but these posts back, and end without a word."""
    for _ in range(times):
        life = stage.inbox()
        await life.recover()
        claimed: list[PostId] = []
        while more := await claim(life, 1_000):
            claimed += more
        assert set(posts) <= set(claimed)
        await life.release([post for post in claimed if post not in posts])
    await stage.inbox().recover()


async def test_posts_that_the_program_died_with_once_are_claimed_with_few_others_and_in_their_order(
    stage: Stage, inbox: Inbox
) -> None:
    await put(inbox, *posts(40))
    await claim(inbox, 30)
    await inbox.recover()
    claims = [await claim(inbox, 100) for _ in range(4)]
    assert claims == [list(range(1, 17)), list(range(17, 31)), list(range(31, 41)), []]


async def test_a_post_that_the_program_died_with_twice_is_claimed_alone_and_last(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, *posts(5))
    ids = await claim(inbox)
    await inbox.release(ids)
    await die_with(stage, ids[:1], DEATHS_OF_A_SUSPECT + 1)
    await die_with(stage, ids[1:3], DEATHS_OF_A_SUSPECT)
    claims = [await claim(inbox) for _ in range(5)]
    assert claims == [ids[3:], ids[1:2], ids[2:3], ids[:1], []], "the one with most deaths comes last"


async def test_a_post_that_the_program_died_with_too_often_is_set_aside_with_the_reason(
    stage: Stage, inbox: Inbox
) -> None:
    await put(inbox, *posts(2))
    poison, fine = await claim(inbox)
    await inbox.release([poison, fine])
    await die_with(stage, [poison], MOST_DEATHS - 1)
    assert await claim(inbox) == [fine]
    assert await claim(inbox) == [poison], "one death short"
    await inbox.recover()
    assert await claim(inbox) == [fine]
    assert await claim(inbox) == []
    assert await stage.why_set_aside(poison) == "Lapwing died 10 times while classifying it"
    assert (await inbox.backlog()).set_aside == 1


@pytest.mark.parametrize("give_back", ["release", "release all", "postpone"])
async def test_what_is_given_back_is_no_death(stage: Stage, inbox: Inbox, give_back: str) -> None:
    await put(inbox, *posts(3))
    for _ in range(MOST_DEATHS + 1):
        claimed = await claim(inbox)
        assert len(claimed) == 3, "a death would have parted them"
        match give_back:
            case "release":
                await inbox.release(claimed)
            case "release all":
                await inbox.release_all()
            case "postpone":
                for post in claimed:
                    await inbox.postpone(post, NOW)


# --- settling --------------------------------------------------------------------------------------------------------


async def test_a_settled_post_is_owed_to_its_channel_and_waits_no_more(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, *posts(2))
    claimed = await claim(inbox)
    assert await inbox.settle(a_settlement(claimed)) == 2
    assert [alert.post.id for alert in await stage.alerts(a_key())] == claimed
    assert await claim(inbox, now=LATER) == []


async def test_alerts_count_from_one_in_the_order_of_their_decisions(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, *posts(3))
    first, second, third = await claim(inbox)
    await inbox.settle(a_settlement([second]))
    await inbox.settle(a_settlement([first, third]))
    assert [(alert.id, alert.post.id) for alert in await stage.alerts(a_key())] == [(1, second), (2, first), (3, third)]


async def test_an_alert_tells_what_was_decided(stage: Stage, inbox: Inbox) -> None:
    post = a_post()
    await put(inbox, post)
    (claimed,) = await claim(inbox)
    matched = (a_score("security", 0.91), a_score("database", 1 / 3, threshold=0.25, threshold_source="set"))
    decision = a_decision(claimed, scores=(*matched, a_score("weather", 0.01)), matched=matched)
    await inbox.settle(a_settlement([claimed], decisions=(decision,), decided_at=LATER))
    (alert,) = await stage.alerts(a_key())
    assert alert.post == StoredPost(id=claimed, post=post)
    assert (alert.matched, alert.mode, alert.model) == (matched, decision.mode, str(MODEL))
    assert (alert.decided_at, alert.judgements) == (LATER, ())


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.ALERT])
async def test_a_refusal_owes_nothing_and_settles_the_post(stage: Stage, inbox: Inbox, reason: Reason) -> None:
    await put(inbox, a_post())
    (claimed,) = await claim(inbox)
    refusal = a_decision(claimed, reason=reason)
    assert await inbox.settle(a_settlement([claimed], decisions=(refusal,))) == 0
    assert await stage.alerts(a_key()) == []
    assert (await inbox.backlog()).waiting == 0


async def test_a_post_that_no_channel_cares_for_is_settled_without_a_decision(inbox: Inbox) -> None:
    await put(inbox, a_post())
    assert await inbox.settle(a_settlement(await claim(inbox), decisions=())) == 0
    assert (await inbox.backlog()).waiting == 0


async def test_logits_are_kept_as_the_model_gave_them_under_its_template(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, *posts(2))
    first, second = await claim(inbox)
    answers = {"This text is about {curly}, commas.": (-1.5e-7, 88.25), "This text is about x.": (0.1, -0.1)}
    kept = (PostLogits(post=first, by_hypothesis=answers), PostLogits(post=second, by_hypothesis={}))
    await inbox.settle(a_settlement([first, second], logits=kept))
    assert await stage.logits(first, TEMPLATE) == answers
    assert await stage.logits(second, TEMPLATE) == {}
    assert await stage.logits(first, "This example is {}.") == {}


async def test_settling_twice_owes_nothing_the_second_time(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, a_post())
    settlement = a_settlement(await claim(inbox))
    assert [await inbox.settle(settlement), await inbox.settle(settlement)] == [1, 0]
    assert len(await stage.alerts(a_key())) == 1


async def test_a_claim_whose_lease_has_run_out_still_settles_while_nobody_else_has_it(inbox: Inbox) -> None:
    await put(inbox, a_post())
    assert await inbox.settle(a_settlement(await claim(inbox), decided_at=LATER + LEASE)) == 1


async def test_whoever_lost_a_claim_stores_nothing_and_leaves_the_post_to_its_new_holder(
    stage: Stage, inbox: Inbox, other: Inbox
) -> None:
    await put(inbox, a_post())
    (claimed,) = await claim(inbox)
    assert await claim(other, now=LATER) == [claimed]
    late = PostLogits(post=claimed, by_hypothesis={"late": (1.0, 0.0)})
    assert await inbox.settle(a_settlement([claimed], logits=(late,))) == 0
    assert await stage.alerts(a_key()) == []
    assert await stage.logits(claimed, TEMPLATE) == {}
    assert await other.settle(a_settlement([claimed])) == 1


async def test_of_a_settlement_only_the_posts_still_held_are_stored(stage: Stage, inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(2))
    lost, kept = await claim(inbox)
    await inbox.release([kept])
    await claim(other, 1, now=LATER)
    await claim(inbox, now=LATER)
    answers = tuple(PostLogits(post=post, by_hypothesis={"h": (1.0, 0.0)}) for post in (lost, kept))
    assert await inbox.settle(a_settlement([lost, kept], logits=answers)) == 1
    assert [alert.post.id for alert in await stage.alerts(a_key())] == [kept]
    assert await stage.logits(lost, TEMPLATE) == {}
    assert (await inbox.backlog()).waiting == 1


async def test_who_never_claimed_settles_nothing(stage: Stage, inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    assert await other.settle(a_settlement(await claim(inbox))) == 0
    assert await stage.alerts(a_key()) == []


async def test_a_settlement_that_cannot_be_stored_leaves_nothing_of_itself_and_keeps_the_claim(
    stage: Stage, inbox: Inbox, other: Inbox
) -> None:
    await put(inbox, *posts(2))
    first, second = claimed = await claim(inbox)
    unknown = a_decision(second, a_key("a channel that was never saved"))
    answers = (PostLogits(post=first, by_hypothesis={"h": (1.0, 0.0)}),)
    with pytest.raises(sa.exc.IntegrityError):
        await inbox.settle(a_settlement(claimed, decisions=(a_decision(first), unknown), logits=answers))
    assert await stage.alerts(a_key()) == []
    assert await stage.logits(first, TEMPLATE) == {}
    assert await claim(other) == []
    assert await inbox.settle(a_settlement(claimed)) == 2


async def test_logits_that_are_no_number_are_refused(inbox: Inbox) -> None:
    await put(inbox, a_post())
    (claimed,) = await claim(inbox)
    broken = PostLogits(post=claimed, by_hypothesis={"h": (math.nan, 0.0)})
    with pytest.raises(sa.exc.IntegrityError):
        await inbox.settle(a_settlement([claimed], logits=(broken,)))
    assert (await inbox.backlog()).waiting == 1


# --- giving back and setting aside -----------------------------------------------------------------------------------


async def test_a_released_post_can_be_claimed_at_once_by_anyone(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(3))
    first, second, third = await claim(inbox)
    await inbox.release([first, third])
    assert await claim(other) == [first, third]
    assert await inbox.settle(a_settlement([second])) == 1


async def test_nobody_releases_what_another_one_holds(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    lost = await claim(inbox)
    await claim(other, now=LATER)
    await inbox.release(lost)
    assert await claim(inbox, now=LATER) == []
    assert await other.settle(a_settlement(lost)) == 1


async def test_a_post_set_aside_is_never_tried_again(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(2))
    poison, fine = await claim(inbox)
    await inbox.set_aside(poison, "the model refused it")
    assert await claim(other, now=LATER) == [fine]
    assert await put(inbox, a_post()) == 0
    assert await claim(inbox, now=LATER + LEASE) == [fine]


async def test_a_post_set_aside_is_no_longer_held(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, a_post())
    (poison,) = await claim(inbox)
    await inbox.set_aside(poison, "the model refused it")
    assert await inbox.settle(a_settlement([poison])) == 0
    assert await stage.alerts(a_key()) == []
    await inbox.release([poison])
    assert await claim(inbox, now=LATER) == []
    assert (await inbox.backlog()).set_aside == 1


async def test_nobody_sets_aside_what_another_one_holds(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    (lost,) = await claim(inbox)
    await claim(other, now=LATER)
    await inbox.set_aside(lost, "took too long")
    assert await other.settle(a_settlement([lost])) == 1
    assert (await inbox.backlog()).set_aside == 0


async def test_all_that_one_holds_is_released_and_nothing_of_another(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(4))
    ours, theirs = await claim(inbox, 2), await claim(other, 2)
    await inbox.release_all()
    assert await claim(other) == ours
    assert await other.settle(a_settlement([*ours, *theirs])) == 4


async def test_nobody_gets_a_postponed_post_before_its_time(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(2))
    failing, fine = await claim(inbox)
    await inbox.postpone(failing, NOW + LEASE / 2)
    await inbox.release([fine])
    assert await claim(other) == [fine]
    assert await claim(inbox, now=NOW + LEASE / 2 - timedelta(microseconds=1)) == []
    await other.recover()
    assert await claim(other) == [fine], "a new life does not cut the time short"
    assert await claim(inbox, now=NOW + LEASE / 2) == [failing]


async def test_a_postponed_post_is_no_longer_held(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, a_post())
    (post,) = await claim(inbox)
    await inbox.postpone(post, LATER)
    assert await inbox.settle(a_settlement([post])) == 0
    await inbox.set_aside(post, "too late")
    await inbox.release([post])
    assert await stage.why_set_aside(post) == ""
    assert await claim(inbox) == []


async def test_each_postponement_is_a_failure_and_a_release_is_none(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, *posts(2))
    failing, fine = await claim(inbox)
    await inbox.release([fine])
    assert await inbox.failures(failing) == 0
    for number in (1, 2, 3):
        await inbox.postpone(failing, NOW)
        assert await other.failures(failing) == number
        await claim(inbox)
    assert await inbox.failures(fine) == 0


async def test_a_postponement_that_does_not_count_is_no_failure(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    (post,) = await claim(inbox)
    await inbox.postpone(post, LATER, counted=False)
    assert await other.failures(post) == 0
    assert await claim(other) == []
    assert await claim(other, now=LATER) == [post]


async def test_nobody_postpones_what_another_one_holds(inbox: Inbox, other: Inbox) -> None:
    await put(inbox, a_post())
    (lost,) = await claim(inbox)
    await claim(other, now=LATER)
    await inbox.postpone(lost, LATER + LEASE)
    assert await other.failures(lost) == 0
    assert await other.settle(a_settlement([lost])) == 1


async def test_it_is_known_when_the_next_post_is_free_again(inbox: Inbox, other: Inbox) -> None:
    assert await inbox.next_free() is None
    await put(inbox, *posts(4))
    assert await inbox.next_free() is None, "all are free now"
    first, second, third, _ = await claim(inbox)
    assert await other.next_free() == LATER
    await inbox.postpone(first, NOW + LEASE / 2)
    await inbox.postpone(second, NOW + LEASE / 3)
    assert await other.next_free() == NOW + LEASE / 3
    await claim(inbox, now=NOW + LEASE / 3)
    await inbox.set_aside(second, "the model refused it")
    await inbox.settle(a_settlement([third]))
    assert await other.next_free() == NOW + LEASE / 2


async def test_whether_a_post_still_waits_from_before_a_moment(inbox: Inbox) -> None:
    assert not await inbox.waits_from_before(LATER)
    await put(inbox, *posts(3))
    just_after = NOW + timedelta(microseconds=1)
    assert not await inbox.waits_from_before(NOW)
    assert await inbox.waits_from_before(just_after)
    settled, failing, poison = await claim(inbox)
    await inbox.settle(a_settlement([settled]))
    await inbox.set_aside(poison, "the model refused it")
    assert await inbox.waits_from_before(just_after), "a claimed post is undecided"
    await inbox.postpone(failing, LATER)
    assert await inbox.waits_from_before(just_after), "and so is a postponed one"
    await claim(inbox, now=LATER)
    await inbox.set_aside(failing, "the model refused it")
    assert not await inbox.waits_from_before(LATER)


# --- the backlog -----------------------------------------------------------------------------------------------------


async def test_an_empty_inbox_has_no_backlog(inbox: Inbox) -> None:
    assert await inbox.backlog() == Backlog(waiting=0, set_aside=0, oldest_seen_at=None)


async def test_the_backlog_counts_claimed_posts_and_what_was_set_aside_and_says_since_when(inbox: Inbox) -> None:
    for minute, post in enumerate(posts(4)):
        await put(inbox, post, seen_at=NOW + timedelta(minutes=minute))
    first, second = await claim(inbox, 2)
    await inbox.set_aside(first, "the model refused it")
    waiting_since = NOW + timedelta(minutes=1)
    assert await inbox.backlog() == Backlog(waiting=3, set_aside=1, oldest_seen_at=waiting_since)
    await inbox.settle(a_settlement([second]))
    assert await inbox.backlog() == Backlog(waiting=2, set_aside=1, oldest_seen_at=waiting_since + timedelta(minutes=1))


# --- deleted at its source -------------------------------------------------------------------------------------------


async def delete(inbox: Inbox, *ids: str, arrived: Sequence[Post] = ()) -> int:
    gone = [Deletion(source="x", id=one) for one in ids]
    return await inbox.put(arrived, source="x", positions={"": Cursor("d")}, seen_at=NOW, deleted=gone)


async def test_a_waiting_post_that_is_deleted_is_not_claimed(inbox: Inbox) -> None:
    await put(inbox, *posts(3))
    await delete(inbox, "2")
    assert source_ids(await inbox.claim(100, lease=LEASE, now=NOW)) == ["1", "3"]


async def test_a_post_deleted_while_it_is_being_classified_is_not_decided(stage: Stage, inbox: Inbox) -> None:
    await put(inbox, *posts(2))
    claimed = await claim(inbox)
    await delete(inbox, "1")
    assert await inbox.settle(a_settlement(claimed)) == 1
    assert [alert.post.post.id for alert in await stage.alerts(a_key())] == ["2"]


async def test_a_post_deleted_before_it_came_never_waits(inbox: Inbox) -> None:
    await delete(inbox, "1")
    assert await put(inbox, *posts(2)) == 1
    assert len(await claim(inbox)) == 1


async def test_a_post_and_its_deletion_in_one_batch_leave_nothing_to_decide(inbox: Inbox) -> None:
    await delete(inbox, "1", arrived=posts(1))
    assert await claim(inbox) == []
    assert (await inbox.backlog()).waiting == 0


async def test_a_post_set_aside_and_then_deleted_is_no_trouble_any_more(inbox: Inbox) -> None:
    await put(inbox, *posts(1))
    (post,) = await claim(inbox)
    await inbox.set_aside(post, "the model fails on it")
    await delete(inbox, "1")
    assert (await inbox.backlog()).set_aside == 0


async def test_an_alert_of_a_deleted_post_shows_who_and_when_and_nothing_it_said(stage: Stage, inbox: Inbox) -> None:
    author = an_account(name="Vendor Security")
    post = a_post(author=author, url="https://x.com/vendor_sec/status/1", lang="en")
    await put(inbox, post)
    await inbox.settle(a_settlement(await claim(inbox)))
    await delete(inbox, "1")
    (alert,) = await stage.alerts(a_key())
    assert alert.post.removed is Removed.DELETED
    assert alert.post.post == replace(post, text="", lang="", author=replace(author, name=""))


async def test_the_same_id_at_another_source_stays(inbox: Inbox) -> None:
    await put(inbox, a_post(id="1"))
    gone = [Deletion(source="bluesky", id="1")]
    await inbox.put((), source="x", positions={"": Cursor("d")}, seen_at=NOW, deleted=gone)
    (post,) = await inbox.claim(100, lease=LEASE, now=NOW)
    assert (post.post.id, post.removed) == ("1", None)


async def vanish(inbox: Inbox, account: Account, *, until: datetime, arrived: Sequence[Post] = ()) -> None:
    gone = AccountDeletion(source=account.source, account_id=account.id, until=until)
    await inbox.put(arrived, source="x", positions={"": Cursor("d")}, seen_at=NOW, deleted=[gone])


async def test_an_account_that_is_deleted_takes_all_its_posts_with_it_and_no_others(stage: Stage, inbox: Inbox) -> None:
    gone, other = an_account("gone"), an_account("other")
    await put(inbox, a_post(id="decided", author=gone, published_at=NOW - timedelta(days=30)))
    await inbox.settle(a_settlement(await claim(inbox)))
    await put(inbox, a_post(id="waiting", author=gone), a_post(id="other", author=other))
    await put(inbox, a_post(source="bluesky", id="waiting", author=replace(gone, source="bluesky")))
    await vanish(inbox, gone, until=NOW)
    left = await inbox.claim(100, lease=LEASE, now=NOW)
    assert [(post.post.source, post.post.id) for post in left] == [("x", "other"), ("bluesky", "waiting")]
    (alert,) = await stage.alerts(a_key())
    assert (alert.post.removed, alert.post.post.text) == (Removed.DELETED, "")


async def test_what_an_account_writes_after_it_came_back_stays_however_often_it_is_said_to_be_deleted(
    inbox: Inbox,
) -> None:
    """A source that goes a little back after each cut tells of it again."""
    before, after = posts(2)
    until = before.published_at
    await vanish(inbox, before.author, until=until, arrived=[before, after])
    await vanish(inbox, before.author, until=until)
    assert source_ids(await inbox.claim(100, lease=LEASE, now=NOW)) == [after.id]


async def test_a_deleted_account_with_more_posts_than_one_statement_takes(inbox: Inbox) -> None:
    many = posts(1_200)
    await put(inbox, *many)
    await vanish(inbox, many[0].author, until=many[-2].published_at)
    assert source_ids(await inbox.claim(100, lease=LEASE, now=NOW)) == ["1200"]


async def test_more_deletions_than_one_statement_takes(inbox: Inbox) -> None:
    await put(inbox, *posts(1_200))
    await delete(inbox, *(str(number) for number in range(2, 1_300)))
    assert source_ids(await inbox.claim(100, lease=LEASE, now=NOW)) == ["1"]
