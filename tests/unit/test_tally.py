"""What a source counts of itself."""

from sources.tally import Tally
from sources.types import Account
from tests.fakes.clock import FakeClock


async def test_posts_are_counted_by_the_day() -> None:
    clock = FakeClock()
    tally = Tally(clock)
    tally.given(2)
    tally.given()
    assert tally.state().posts_today == 3
    await clock.sleep(86400)
    assert tally.state().posts_today == 0
    tally.given()
    assert tally.state().posts_today == 1


async def test_it_is_connected_since_it_first_was() -> None:
    clock = FakeClock()
    tally = Tally(clock)
    tally.connected()
    since = clock.now()
    await clock.sleep(60)
    tally.connected()
    tally.heard()
    assert (tally.state().connected_since, tally.state().last_heard) == (since, clock.now())
    tally.disconnected()
    assert tally.state().connected_since is None


async def test_what_was_skipped_is_counted_for_good_and_told_for_an_hour() -> None:
    clock = FakeClock()
    tally = Tally(clock)
    tally.skipped("line 1 is not JSON")
    tally.skipped("line 7 has no id")
    assert tally.trouble() == "2 skipped since the start (the latest: line 7 has no id)"
    await clock.sleep(7200)
    assert tally.trouble() == ""
    assert tally.state().skipped == 2


async def test_what_was_missed_is_told_for_a_day() -> None:
    clock = FakeClock()
    tally = Tally(clock)
    tally.missed("posts of Monday are lost")
    await clock.sleep(86_399)
    assert tally.trouble() == "posts of Monday are lost"
    await clock.sleep(1)
    assert tally.trouble() == ""


def test_accounts_that_only_a_replay_knew_are_told_with_the_way_out_while_they_are_watched() -> None:
    tally = Tally(FakeClock())
    tally.unknown([Account(source="x", id="one", handle="one"), Account(source="x", id="two", handle="two")])
    assert tally.trouble() == "known from a replay only: @one, @two. /unwatch and /watch them"
    tally.unknown([])
    assert tally.trouble() == ""


def test_what_is_wrong_is_told_until_it_is_not() -> None:
    tally = Tally(FakeClock())
    tally.wrong("a", "a.example cannot be reached")
    tally.wrong("b", "b.example says 404")
    assert tally.trouble() == "a.example cannot be reached; b.example says 404"
    tally.wrong("a", "a.example says 503")
    tally.wrong("b", "")
    assert tally.trouble() == "a.example says 503"


def test_gaps_and_what_came_of_them_add_up() -> None:
    tally = Tally(FakeClock())
    tally.gap()
    tally.gap()
    tally.recovered(5)
    tally.lost(2)
    state = tally.state("12 of 100 posts this month")
    assert (state.gaps, state.recovered, state.lost, state.budget) == (2, 5, 2, "12 of 100 posts this month")
