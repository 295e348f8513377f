"""A feed is asked as often as it changes, and never more often than it or its server want."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.feeds.schedule import (
    FIRST_INTERVAL_S,
    LONGEST_S,
    SHORTEST_S,
    failed_wait_s,
    first_interval_s,
    least_wait_s,
    next_interval_s,
    start_wait_s,
    wait_s,
)
from tests.fakes.feeds import at

FEED = "https://news.example/feed.xml"


def intervals(gap_s: float, hours: float) -> list[float]:
    """What a feed that has news by chance, `gap_s` apart on average, comes to be asked at."""
    chance, now, due, interval_s, found = random.Random(7), 0.0, 0.0, FIRST_INTERVAL_S, []
    while now < hours * 3600:
        now += interval_s
        changed = due <= now
        while due <= now:
            due += chance.expovariate(1 / gap_s)
        interval_s = next_interval_s(interval_s, changed=changed)
        found.append(interval_s)
    return found[len(found) // 2 :]


@pytest.mark.parametrize(("gap_s", "least_s", "most_s"), [(30, 60, 75), (3_600, 600, 1_800), (86_400, 3_000, 3_600)])
def test_the_interval_comes_to_fit_how_often_a_feed_changes(gap_s: float, least_s: float, most_s: float) -> None:
    found = intervals(gap_s, 480)
    assert least_s <= sum(found) / len(found) <= most_s
    assert min(found) >= SHORTEST_S
    assert max(found) <= LONGEST_S


def test_the_first_interval_is_a_quarter_of_the_usual_gap() -> None:
    hourly = [at(hour) for hour in range(9)]
    assert first_interval_s(hourly) == 900
    assert first_interval_s([*hourly, at(9) - timedelta(days=300)]) == 900
    assert first_interval_s([at(9) - timedelta(days=number) for number in range(9)]) == LONGEST_S
    assert first_interval_s([at(9)] * 9) == SHORTEST_S
    assert first_interval_s([at(9), at(8)]) == FIRST_INTERVAL_S


@given(st.text(), st.floats(SHORTEST_S, LONGEST_S), st.floats(0, 10**6))
def test_a_wait_is_a_minute_at_least_and_about_an_hour_at_most(address: str, interval_s: float, least_s: float) -> None:
    found = wait_s(address, interval_s, least_s=least_s)
    assert SHORTEST_S <= found <= 1.1 * LONGEST_S
    assert found >= min(least_s, LONGEST_S)


def test_feeds_that_were_read_together_come_apart() -> None:
    waits = [wait_s(f"https://{number}.example/", 3_600, least_s=0) for number in range(1_000)]
    assert max(sum(abs(one - other) < 60 for other in waits) for one in waits[:20]) < 250
    starts = sorted(start_wait_s(f"https://{number}.example/", 1_000) for number in range(1_000))
    assert starts[-1] <= 50
    assert max(sum(1 for one in starts if second <= one < second + 1) for second in range(50)) < 45
    assert start_wait_s(FEED, 1) < 0.05


def test_failures_are_answered_with_patience() -> None:
    waits = [failed_wait_s(60, failures, status=503, asked_s=0) for failures in range(1, 9)]
    assert waits == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]
    assert failed_wait_s(3_600, 1, status=0, asked_s=0) == 3_600
    assert failed_wait_s(60, 1, status=429, asked_s=7_200) == 7_200
    assert failed_wait_s(60, 1, status=503, asked_s=10**9) == 86_400
    assert failed_wait_s(60, 10**6, status=410, asked_s=0) == 86_400


def test_whoever_asks_for_the_longest_rest_gets_it() -> None:
    assert least_wait_s({}, 0, at(9)) == 0
    assert least_wait_s({"Cache-Control": "public, MAX-AGE=300", "Retry-After": "60"}, 120, at(9)) == 300
    assert least_wait_s({"Cache-Control": "s-maxage=300"}, 120, at(9)) == 120
    assert least_wait_s({"Retry-After": "Mon, 02 Nov 2026 09:10:00 GMT"}, 120, at(9)) == 600
