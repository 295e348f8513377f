"""How long to leave a model alone that answers nothing, and what is said of it."""

import logging
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pipeline.outage import Outage, Trouble
from tests.fakes.builders import NOW
from tests.fakes.clock import FakeClock


@given(chance=st.floats(0, 1))
def test_every_wait_is_between_a_second_and_a_minute(chance: float) -> None:
    outage = Outage(FakeClock(held=True), lambda: chance)
    assert all(1 <= outage.goes_on("503") <= 60 for _ in range(50))


def test_waits_double_up_to_a_minute() -> None:
    outage = Outage(FakeClock(held=True), lambda: 1.0)
    assert [outage.goes_on("503") for _ in range(8)] == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_an_outage_keeps_its_beginning_and_tells_the_latest_reason() -> None:
    clock = FakeClock(held=True)
    outage = Outage(clock, lambda: 1.0)
    assert outage.trouble is None
    waits = [outage.goes_on("503")]
    await clock.advance(10)
    waits.append(outage.goes_on("timed out"))
    assert waits == [2, 4]
    assert outage.trouble == Trouble(since=NOW, reason="timed out")


async def test_an_outage_that_is_over_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clock = FakeClock(held=True)
    outage = Outage(clock, lambda: 1.0)
    outage.over()
    for _ in range(5):
        outage.goes_on("503")
        await clock.advance(60)
    for _ in range(2):
        outage.over()
    assert outage.trouble is None
    assert [record.getMessage() for record in caplog.records] == [
        "outage began room=model reason='503'",
        "outage ended room=model lasted_s=300 tries=5",
    ]
    assert outage.goes_on("503") == 2, "the next one begins anew"
    assert outage.trouble == Trouble(since=NOW + timedelta(minutes=5), reason="503")
