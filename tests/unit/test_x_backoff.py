"""How long X is left alone: the waits it documents, and never 50 connects within 15 minutes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.x.backoff import Backoff, Cause, Connects

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def waits(cause: Cause, count: int) -> list[float]:
    backoff = Backoff()
    return [backoff.after_s(cause, NOW) for _ in range(count)]


def test_an_established_connection_that_dropped_is_made_again_at_once() -> None:
    assert waits(Cause.DROPPED, 3) == [0, 0, 0]


def test_network_errors_wait_a_quarter_of_a_second_longer_each_time_up_to_16_seconds() -> None:
    found = waits(Cause.NETWORK, 100)
    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    assert found[62:] == [15.75] + [16.0] * 37


def test_http_errors_wait_5_seconds_doubling_to_320() -> None:
    assert waits(Cause.HTTP, 9) == [5, 10, 20, 40, 80, 160, 320, 320, 320]


def test_429_waits_a_minute_doubling() -> None:
    assert waits(Cause.RATE_LIMIT, 4) == [60, 120, 240, 480]
    assert max(waits(Cause.RATE_LIMIT, 2_000)) == 960


def test_429_waits_until_x_says_that_the_limit_ends() -> None:
    assert Backoff().after_s(Cause.RATE_LIMIT, NOW, NOW + timedelta(seconds=99)) == 100
    assert Backoff().after_s(Cause.RATE_LIMIT, NOW, NOW - timedelta(seconds=99)) == 60


def test_a_reset_in_the_far_future_is_asked_about_again_after_an_hour() -> None:
    assert Backoff().after_s(Cause.RATE_LIMIT, NOW, NOW + timedelta(days=9_999)) == 3_600


def test_what_was_heard_makes_the_next_failure_a_first_one() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after_s(Cause.HTTP, NOW)
    backoff.heard()
    assert backoff.after_s(Cause.HTTP, NOW) == 5


@given(st.lists(st.floats(0, 400), max_size=300))
def test_however_often_it_is_wanted_x_is_not_connected_to_more_than_50_times_in_15_minutes(wanted: list[float]) -> None:
    """Each number: seconds until the next connect is wanted."""
    connects, now, made = Connects(), NOW, list[datetime]()
    for seconds in wanted:
        now += timedelta(seconds=seconds)
        now += timedelta(seconds=connects.wait_s(now))
        connects.add(now)
        made.append(now)
    for earlier, later in zip(made, made[50:], strict=False):
        assert later - earlier >= timedelta(minutes=15)


@pytest.mark.parametrize("seconds", [0, 0.25, 1, 5, 20])
def test_the_first_connects_are_not_held_up(seconds: float) -> None:
    connects = Connects()
    for number in range(30):
        now = NOW + timedelta(seconds=seconds * number)
        assert connects.wait_s(now) == 0
        connects.add(now)


def test_connects_in_a_storm_come_evenly_and_not_all_at_once_after_a_blackout() -> None:
    connects, now, made = Connects(), NOW, list[datetime]()
    for _ in range(200):
        now += timedelta(seconds=connects.wait_s(now))
        connects.add(now)
        made.append(now)
    assert max(later - earlier for earlier, later in pairwise(made)) <= timedelta(seconds=45)
