"""How far X was read: it survives a restart, and no stretch of time is dropped from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.types import Cursor
from sources.x.position import Position, Stretch, due, from_cursor, merged

NOW = datetime(2026, 11, 2, tzinfo=UTC)
LAG, PATIENCE = timedelta(seconds=30), timedelta(minutes=5)

seconds = st.integers(0, 500)
stretches = st.builds(
    lambda start, length: Stretch(start=NOW + timedelta(seconds=start), end=NOW + timedelta(seconds=start + length)),
    seconds,
    st.integers(1, 200),
)


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(start=at(start), end=at(end))


def covered(gaps: tuple[Stretch, ...]) -> set[int]:
    """The seconds in it."""
    return {second for gap in gaps for second in range(800) if gap.start <= at(second) < gap.end}


@given(st.lists(stretches), st.none() | seconds)
def test_a_position_survives_being_kept(gaps: list[Stretch], heard: int | None) -> None:
    position = Position(
        heard=None if heard is None else at(heard), gaps=merged(gaps), compared=NOW, month="2026-11", read=12
    )
    assert from_cursor(position.to_cursor()) == position


def test_without_a_cursor_reading_begins_at_the_beginning() -> None:
    assert from_cursor(None) == Position()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "17", '{"heard": "yesterday", "compared": null, "gaps": [], "month": "", "read": 0}']
)
def test_what_is_no_cursor_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no position in X"):
        from_cursor(Cursor(text))


@given(st.lists(stretches))
def test_merging_keeps_every_second_and_leaves_nothing_twice(gaps: list[Stretch]) -> None:
    found = merged(gaps)
    assert covered(found) == covered(tuple(gaps))
    assert all(one.end < other.start for one, other in pairwise(found))


@given(st.lists(stretches), stretches)
def test_what_was_searched_is_taken_out_and_nothing_else(gaps: list[Stretch], searched: Stretch) -> None:
    position = replace(Position(), gaps=merged(gaps))
    assert covered(position.without(searched).gaps) == covered(position.gaps) - covered((searched,))


def test_a_gap_is_searched_once_its_end_is_old_enough_to_be_found() -> None:
    gap = stretch(0, 100)
    assert due([gap], at(129), LAG, PATIENCE) is None
    assert due([gap], at(130), LAG, PATIENCE) == gap


def test_a_gap_that_keeps_growing_is_searched_in_pieces() -> None:
    assert due([stretch(0, 400)], at(320), LAG, PATIENCE) is None
    assert due([stretch(0, 400)], at(331), LAG, PATIENCE) == stretch(0, 301)


def test_of_several_the_first_that_is_ready_is_searched() -> None:
    assert due([stretch(0, 100), stretch(200, 300)], at(1_000), LAG, PATIENCE) == stretch(0, 100)
    assert due([], at(1_000), LAG, PATIENCE) is None
