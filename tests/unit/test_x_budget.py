"""What is read of X a month: counted as X bills, limited where a user says so."""

from datetime import UTC, datetime, timedelta

import pytest

from sources.x.budget import Budget
from tests.fakes.clock import FakeClock


def budget(limit: int = 0, start: datetime = datetime(2026, 11, 2, 9, tzinfo=UTC)) -> tuple[Budget, FakeClock]:
    clock = FakeClock(start, held=True)
    return Budget(clock, limit=limit), clock


async def test_a_post_counts_once_a_day_however_often_it_is_read() -> None:
    made, clock = budget()
    made.count(["1", "2"])
    made.count(["2", "3", "3"])
    assert made.read == 3
    await clock.advance(86_400)
    made.count(["3"])
    assert made.read == 4


async def test_a_new_month_begins_at_nothing() -> None:
    made, clock = budget(limit=1)
    made.count(["1"])
    assert (made.month, made.read, made.is_spent) == ("2026-11", 1, True)
    await clock.advance(31 * 86_400)
    assert (made.month, made.read, made.is_spent) == ("2026-12", 0, False)


def test_without_a_limit_it_is_never_spent() -> None:
    made, _ = budget()
    made.count([str(number) for number in range(10_000)])
    assert not made.is_spent
    assert made.warning() == ""
    assert made.words() == "10,000 posts this month"


def test_it_warns_when_most_of_it_is_spent_and_says_until_when_x_rests_when_all_is() -> None:
    made, _ = budget(limit=10)
    made.count([str(number) for number in range(7)])
    assert made.warning() == ""
    made.count(["7"])
    assert made.warning().startswith("8 of 10 posts this month are read")
    made.count(["8", "9"])
    assert "X rests until 01 December" in made.warning()
    assert made.words() == "10 of 10 posts this month"


@pytest.mark.parametrize(("month", "read", "expected"), [("2026-11", 40, 40), ("2026-10", 40, 0), ("", 7, 0)])
def test_it_goes_on_from_what_was_kept_of_this_month(month: str, read: int, expected: int) -> None:
    made, _ = budget()
    made.resume(month, read)
    assert made.read == expected


def test_what_was_counted_since_the_start_is_not_taken_back_by_an_older_count() -> None:
    made, _ = budget()
    made.count(["1", "2", "3"])
    made.resume("2026-11", 2)
    assert made.read == 3


def test_december_is_followed_by_january() -> None:
    made, _ = budget(start=datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert made.next_month() == datetime(2027, 1, 1, tzinfo=UTC)


def test_room_is_what_is_left() -> None:
    made, _ = budget(limit=3)
    made.count(["1"])
    assert made.room() == 2
    assert budget()[0].room() > 10**6
    assert made.next_month() - timedelta(seconds=1) < datetime(2026, 12, 1, tzinfo=UTC)
