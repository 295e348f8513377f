"""The way out of X: the position moves with what is given, and nothing is dropped from it while somebody waits."""

import asyncio
from datetime import timedelta

from sources.tally import Tally
from sources.types import Account, PostKind, Wanted
from sources.x.budget import Budget
from sources.x.objects import Tweet, read
from sources.x.outlet import Outlet
from sources.x.position import Position, Stretch, from_cursor
from sources.x.watched import Watched
from tests.fakes.clock import FakeClock

ALICE = Account(source="x", id="7", handle="alice")


def tweet(number: int, kind: str = "") -> Tweet:
    references = {"referenced_tweets": [{"type": kind, "id": "1"}]} if kind else {}
    [found] = read({"data": {"id": str(10**18 + number), "author_id": "7", "text": "x"} | references}).tweets
    return found


def outlet(clock: FakeClock, position: Position | None = None, without: frozenset[PostKind] = frozenset()) -> Outlet:
    watched = Watched()
    watched.replace([Wanted(account=ALICE, without=without)], clock.now())
    budget = Budget(clock)
    return Outlet(position or Position(), clock=clock, watched=watched, budget=budget, tally=Tally(clock))


def taken(made: Outlet) -> Position:
    return from_cursor(made.arrivals.get_nowait().cursor)


async def test_a_post_comes_with_the_moment_it_was_heard_and_the_count_with_it() -> None:
    clock = FakeClock(held=True)
    made = outlet(clock)
    assert await made.streamed(tweet(1))
    position = taken(made)
    assert (position.heard, position.read) == (clock.now(), 1)


async def test_what_nobody_wants_is_counted_and_not_given() -> None:
    made = outlet(FakeClock(held=True), without=frozenset({PostKind.RETWEET}))
    assert not await made.streamed(tweet(1, "retweeted"))
    assert made.arrivals.empty()
    await made.streamed(tweet(2))
    assert taken(made).read == 2


async def test_what_the_stream_brought_search_does_not_give_again() -> None:
    made = outlet(FakeClock(held=True))
    await made.streamed(tweet(1))
    assert not await made.found(tweet(1))
    assert await made.found(tweet(2))
    assert made.arrivals.qsize() == 2


async def test_a_gap_that_opens_while_somebody_waits_for_room_is_not_forgotten() -> None:
    clock = FakeClock(held=True)
    made = outlet(clock)
    while not made.arrivals.full():
        await made.kept_alive()
    waiting = asyncio.ensure_future(made.kept_alive())
    await asyncio.sleep(0)
    made.missed()
    made.arrivals.get_nowait()
    await waiting
    assert made.gaps == (Stretch(start=clock.now() - timedelta(seconds=60), end=clock.now() + timedelta(seconds=10)),)


async def test_what_was_searched_is_out_of_the_position_only_once_that_can_be_stored() -> None:
    clock = FakeClock(held=True)
    gap = Stretch(start=clock.now() - timedelta(hours=1), end=clock.now())
    made = outlet(clock, Position(heard=clock.now(), gaps=(gap,)))
    await made.found(tweet(1))
    await made.searched(gap)
    assert taken(made).gaps == (gap,)
    assert taken(made).gaps == ()


async def test_a_stream_that_is_heard_again_opens_a_gap_from_a_minute_before_its_last_byte() -> None:
    clock = FakeClock(held=True)
    last = clock.now()
    made = outlet(clock, Position(heard=last))
    await clock.advance(600)
    made.resumed(clock.now(), clock.now())
    assert made.gaps == (Stretch(start=last - timedelta(seconds=60), end=clock.now() + timedelta(seconds=10)),)


async def test_a_stream_that_was_never_heard_missed_nothing() -> None:
    clock = FakeClock(held=True)
    made = outlet(clock)
    made.resumed(clock.now(), clock.now())
    assert made.gaps == ()


async def test_a_stream_that_could_not_be_had_when_it_was_first_needed_is_searched_since_then() -> None:
    clock = FakeClock(held=True)
    made, needed_since = outlet(clock), clock.now()
    await clock.advance(600)
    made.resumed(clock.now(), needed_since)
    assert made.gaps == (Stretch(start=needed_since, end=clock.now() + timedelta(seconds=10)),)


async def test_after_a_rest_there_is_nothing_to_go_on_from() -> None:
    clock = FakeClock(held=True)
    made = outlet(clock, Position(heard=clock.now()))
    await made.rested()
    assert taken(made).heard is None


async def test_after_a_start_it_is_searched_from_when_the_rules_were_last_right() -> None:
    clock = FakeClock(held=True)
    compared, heard = clock.now() - timedelta(minutes=4), clock.now()
    made = outlet(clock, Position(heard=heard, compared=compared))
    made.compared()
    made.resumed(clock.now(), clock.now())
    assert made.gaps[0].start == compared
    await made.searched(made.gaps[0])
    await made.kept_alive()
    made.resumed(clock.now(), clock.now())
    assert made.gaps[0].start == clock.now() - timedelta(seconds=60)
