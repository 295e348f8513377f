"""Which lane goes next: in order, not too soon after the last message, and never behind those that fail."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pipeline.lanes import MOST_FAILING, MOST_HEALTHY, Lanes
from storage.types import DeliveryKind, DeliveryVerb, Lane
from tests.fakes.builders import NOW, a_key

PACE = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sends(name: str = "ops", kind: DeliveryKind = DeliveryKind.ALERT, platform: str = "chat") -> Lane:
    return Lane(channel=a_key(name, platform=platform), verb=DeliveryVerb.SEND, kind=kind)


def edits(name: str = "ops") -> Lane:
    return Lane(channel=a_key(name, platform="chat"), verb=DeliveryVerb.EDIT, kind=DeliveryKind.ALERT)


def owing(*lanes: Lane, when: datetime = NOW) -> Lanes:
    owed = Lanes()
    owed.owe(lanes, when)
    return owed


def start(lanes: Lanes, chosen: Iterable[Lane], when: datetime = NOW, pace: timedelta = PACE) -> None:
    for lane in chosen:
        lanes.start(lane, when, pace)


def fail(lanes: Lanes, chosen: Iterable[Lane], when: datetime = NOW) -> None:
    """Start these and let them go wrong."""
    for lane in chosen:
        lanes.start(lane, when, timedelta(0))
        lanes.end(lane, when, failed=True)


# --- order -----------------------------------------------------------------------------------------------------------


def test_where_nothing_is_owed_nothing_is_ready_ever() -> None:
    assert (Lanes().ready(NOW), Lanes().next_at()) == ([], None)


def test_the_lane_that_is_due_longest_goes_first() -> None:
    lanes = Lanes()
    for name, due in (("late", 2), ("early", 0), ("between", 1)):
        lanes.owe([sends(name)], at(due))
    assert lanes.ready(at(2)) == [sends("early"), sends("between"), sends("late")]


def test_nothing_is_ready_before_it_is_due() -> None:
    lanes = owing(sends(), when=at(5))
    assert lanes.ready(at(4.999)) == []
    assert lanes.next_at() == at(5)
    assert lanes.ready(at(5)) == [sends()]


def test_news_of_a_lane_that_waits_let_it_be_looked_into_at_once_and_never_later() -> None:
    lanes = owing(sends())
    lanes.waits(sends(), at(60))
    lanes.owe([sends()], at(90))
    assert lanes.next_at() == at(60)
    lanes.owe([sends()], at(3))
    assert lanes.next_at() == at(3)


def test_a_lane_that_waits_is_ready_again_when_it_was_told() -> None:
    lanes = owing(sends())
    lanes.waits(sends(), at(60))
    assert lanes.ready(at(59)) == []
    assert lanes.ready(at(60)) == [sends()]


def test_a_lane_found_empty_is_forgotten_until_it_owes_again() -> None:
    lanes = owing(sends())
    lanes.empty(sends())
    assert (lanes.ready(at(99)), lanes.next_at()) == ([], None)
    lanes.owe([sends()], at(99))
    assert lanes.ready(at(99)) == [sends()]


# --- one at a time a lane --------------------------------------------------------------------------------------------


def test_a_lane_with_a_delivery_under_way_is_not_looked_into_whatever_is_owed_there() -> None:
    lanes = owing(sends())
    start(lanes, [sends()])
    lanes.owe([sends()], NOW)
    lanes.waits(sends(), NOW)
    assert (lanes.ready(at(99)), lanes.next_at()) == ([], None)


@pytest.mark.parametrize("failed", [True, False])
def test_news_that_came_while_a_lane_was_busy_are_found_when_it_is_free(failed: bool) -> None:
    lanes = owing(sends())
    start(lanes, [sends()], pace=timedelta(0))
    lanes.owe([sends()], NOW)
    lanes.end(sends(), at(7), failed=failed)
    assert lanes.ready(at(7)) == [sends()]


def test_the_lanes_of_one_channel_do_not_wait_for_each_other_to_end() -> None:
    alerts, summaries = sends(), sends(kind=DeliveryKind.SUMMARY)
    lanes = owing(alerts, summaries, edits())
    start(lanes, [alerts])
    assert set(lanes.ready(at(1))) == {summaries, edits()}


# --- pace ------------------------------------------------------------------------------------------------------------


def test_a_channel_gets_one_message_a_second_whatever_its_lane_and_edits_pass() -> None:
    alerts, notices = sends(), sends(kind=DeliveryKind.NOTICE)
    lanes = owing(alerts, notices, edits())
    assert lanes.ready(NOW) == [alerts, edits()], "two messages of one channel at once"
    start(lanes, [alerts, edits()])
    lanes.end(edits(), at(0.1), failed=False)
    assert lanes.ready(at(0.999)) == [edits()]
    assert lanes.ready(at(1)) == [notices, edits()]


def test_a_lane_that_is_free_before_its_channel_may_speak_again_is_next_when_it_may() -> None:
    lanes = owing(sends())
    start(lanes, [sends()])
    lanes.end(sends(), at(0.2), failed=False)
    assert lanes.next_at() == at(1)
    assert lanes.ready(at(0.999)) == []
    assert lanes.ready(at(1)) == [sends()]


def test_other_channels_do_not_wait_for_one_that_has_just_been_spoken_to() -> None:
    lanes = owing(sends("one"), sends("two"))
    start(lanes, [sends("one")])
    assert lanes.ready(NOW) == [sends("two")]


def test_channels_that_share_a_name_have_each_their_own_pace() -> None:
    here, there = sends(), sends(platform="another chat")
    lanes = owing(here, there)
    start(lanes, [here])
    assert lanes.ready(NOW) == [there]


def test_a_quiet_that_is_longer_is_not_cut_short_by_the_next_message() -> None:
    lanes = owing(sends(), sends(kind=DeliveryKind.NOTICE))
    lanes.keep_quiet(sends().channel, at(30))
    lanes.keep_quiet(sends().channel, at(3))
    assert (lanes.ready(at(29)), lanes.next_at()) == ([], at(30))


@given(st.lists(st.sampled_from(DeliveryKind), min_size=1, max_size=30), st.floats(0, 3))
def test_between_two_messages_of_a_channel_there_is_always_a_second(kinds: list[DeliveryKind], takes_s: float) -> None:
    lanes, spoken, now = Lanes(), list[datetime](), NOW
    for kind in kinds:
        lanes.owe([sends(kind=kind)], now)
        if not lanes.ready(now):
            now = lanes.next_at() or now
        for lane in lanes.ready(now):
            spoken.append(now)
            start(lanes, [lane], now)
            lanes.end(lane, now + timedelta(seconds=takes_s), failed=False)
            lanes.empty(lane)
    assert all(later - earlier >= PACE for earlier, later in pairwise(spoken))


# --- places ----------------------------------------------------------------------------------------------------------

MANY = [sends(f"channel {number}") for number in range(MOST_HEALTHY + 50)]


def test_no_more_go_at_once_than_there_are_places_and_the_next_goes_when_one_is_free() -> None:
    lanes = owing(*MANY)
    chosen = lanes.ready(NOW)
    assert chosen == MANY[:MOST_HEALTHY]
    start(lanes, chosen)
    assert (lanes.ready(NOW), lanes.next_at()) == ([], None), "asking again and again helps nobody"
    lanes.end(MANY[0], NOW, failed=False)
    assert lanes.ready(NOW) == [MANY[MOST_HEALTHY]]


def test_each_platform_has_places_of_its_own() -> None:
    elsewhere = sends(platform="another chat")
    lanes = owing(*MANY)
    start(lanes, lanes.ready(NOW))
    lanes.owe([elsewhere], NOW)
    assert lanes.next_at() == NOW
    assert lanes.ready(NOW) == [elsewhere]


def test_those_that_failed_share_few_places_and_are_never_in_the_way_of_the_others() -> None:
    lanes = owing(*MANY)
    fail(lanes, MANY)
    healthy = [sends(f"healthy {number}") for number in range(MOST_HEALTHY)]
    lanes.owe(healthy, NOW)
    chosen = lanes.ready(NOW)
    assert len([lane for lane in chosen if lane in MANY]) == MOST_FAILING
    assert [lane for lane in chosen if lane in healthy] == healthy
    start(lanes, chosen)
    assert (lanes.ready(at(99)), lanes.next_at()) == ([], None)


def test_those_that_failed_come_to_their_turn_one_after_the_other() -> None:
    lanes = owing(*MANY)
    fail(lanes, MANY)
    tried: set[Lane] = set()
    for round_number in range(len(MANY) // MOST_FAILING + 1):
        chosen = lanes.ready(at(round_number + 1))
        assert len(chosen) == MOST_FAILING
        tried |= set(chosen)
        fail(lanes, chosen, at(round_number + 1))
    assert tried == set(MANY)


def test_a_healthy_lane_needs_no_place_of_those_that_failed() -> None:
    lanes = owing(*MANY[: MOST_FAILING + 1])
    fail(lanes, MANY[: MOST_FAILING + 1])
    start(lanes, lanes.ready(NOW))
    lanes.owe([sends("healthy")], at(5))
    assert lanes.next_at() == at(5), "the one that waits for a place of those that failed is not startable"
    assert lanes.ready(at(5)) == [sends("healthy")]


@pytest.mark.parametrize("recovered", [True, False])
def test_one_that_answers_again_is_healthy_again(recovered: bool) -> None:
    lanes = owing(*MANY[: MOST_FAILING + 1])
    fail(lanes, MANY[: MOST_FAILING + 1])
    chosen = lanes.ready(NOW)
    start(lanes, chosen, pace=timedelta(0))
    lanes.end(chosen[0], NOW, failed=not recovered)
    # One place of those that failed is free, for two of them; one that is healthy again needs none.
    assert len(lanes.ready(NOW)) == 1 + recovered


def test_one_that_failed_and_owes_nothing_any_more_is_healthy_when_it_owes_again() -> None:
    lanes = owing(*MANY[: MOST_FAILING + 1])
    fail(lanes, MANY[: MOST_FAILING + 1])
    lanes.empty(MANY[0])
    start(lanes, lanes.ready(NOW))
    lanes.owe([MANY[0]], NOW)
    assert lanes.ready(NOW) == [MANY[0]]


# --- no hot loop, nothing forgotten ----------------------------------------------------------------------------------

NAMES = st.sampled_from([f"channel {number}" for number in range(25)])
ANY_LANE = st.builds(sends, NAMES, st.sampled_from(DeliveryKind)) | st.builds(edits, NAMES)
STEPS = st.lists(st.tuples(ANY_LANE, st.sampled_from(["owe", "wait", "fail", "end", "empty"]), st.floats(0, 5)))


@given(STEPS)
def test_when_something_is_said_to_be_next_it_is_ready_then_and_nothing_owed_is_forgotten(
    steps: list[tuple[Lane, str, float]],
) -> None:
    """Otherwise whoever waits for it would spin, or sleep for ever."""
    lanes, now = Lanes(), NOW
    owed: set[Lane] = set()
    busy: list[Lane] = []
    for lane, step, seconds in steps:
        match step:
            case "owe":
                lanes.owe([lane], now)
                owed.add(lane)
            case "wait" if lane in owed:
                lanes.waits(lane, now + timedelta(seconds=seconds))
            case "empty" if lane in owed and lane not in busy:
                lanes.empty(lane)
                owed.discard(lane)
            case "fail" | "end" if busy:
                lanes.end(busy.pop(0), now, failed=step == "fail")
        now += timedelta(seconds=seconds)
        chosen = lanes.ready(now)
        due = lanes.next_at()
        assert bool(chosen) == (due is not None and due <= now)
        assert len({one.channel for one in chosen if one.verb is DeliveryVerb.SEND}) == len(
            [one for one in chosen if one.verb is DeliveryVerb.SEND]
        )
        start(lanes, chosen, now)
        busy += chosen
    while busy:
        lanes.end(busy.pop(), now, failed=False)
    reached: set[Lane] = set()
    while (due := lanes.next_at()) is not None:
        for lane in lanes.ready(due):
            reached.add(lane)
            lanes.empty(lane)
    assert reached == owed
