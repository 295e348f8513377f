"""Where reading of a feed goes on is kept as text, and whatever text comes back is a position or a ValueError."""

import asyncio
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.feeds.fetch import Aside
from sources.feeds.identity import Known
from sources.feeds.position import Position, after_reading, is_worth_keeping
from sources.types import Cursor

HASHES = st.text("0123456789abcdef", min_size=1, max_size=24)
POSITIONS = st.builds(
    Position,
    read=st.booleans(),
    address=st.text(),
    etag=st.text(),
    modified=st.text(),
    digest=st.text(),
    interval_s=st.integers(60, 3_600).map(float),
    ttl_s=st.integers(0, 10**6).map(float),
    known=st.lists(st.builds(Known, id=HASHES, primary=HASHES, alias=HASHES | st.just(""))).map(tuple),
    deleted=st.lists(HASHES).map(tuple),
)


@given(POSITIONS)
def test_a_position_is_read_back_as_it_was_written(position: Position) -> None:
    assert Position.from_cursor(position.to_cursor()) == position


def is_position(text: str) -> bool:
    try:
        Position.from_cursor(Cursor(text))
    except ValueError:
        return False
    return True


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_other_text_is_no_position(text: str) -> None:
    assert not is_position(text)


def test_what_was_given_in_the_middle_of_a_reading_is_kept_and_the_rest_read_again() -> None:
    before = Position(read=True, etag='"1"', modified="Mon", digest="d", known=(Known(id="a", primary="a"),))
    middle = before.with_given(Known(id="b", primary="b")).with_deleted("c")
    assert [one.id for one in middle.known] == ["b", "a"]
    assert (middle.etag, middle.modified, middle.digest, middle.deleted) == ("", "", "", ("c",))


def test_only_what_changes_where_reading_goes_on_is_worth_keeping() -> None:
    before = Position(read=True, etag='"1"', interval_s=60.0)
    assert not is_worth_keeping(before, Position(read=True, etag='"1"', interval_s=3_600.0))
    assert is_worth_keeping(before, Position(read=True, etag='"2"', interval_s=60.0))
    assert is_worth_keeping(before, Position(read=True, etag='"1"', address="https://new.example/"))


def test_deletions_are_remembered_for_a_while() -> None:
    position = Position()
    for number in range(300):
        position = after_reading(position, [], [str(number)])
    assert len(position.deleted) == 200
    assert position.deleted[0] == "299"


async def test_what_keeps_a_core_busy_runs_aside_one_at_a_time() -> None:
    aside, running, most = Aside(), 0, 0

    def work() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.01)
        running -= 1
        return threading.get_ident()

    threads = await asyncio.gather(*(aside.run(work) for _ in range(5)))
    assert threading.get_ident() not in threads
    assert most == 1
    with pytest.raises(ZeroDivisionError):
        await aside.run(lambda: 1 // 0)
