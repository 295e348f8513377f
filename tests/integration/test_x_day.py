"""24 simulated hours at X with every fault there is: nothing is lost, and X is never pressed harder than it allows."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.fakes.simulation.time import SimulatedLoop
from tests.fakes.x.day import FAULTS, Day, Report, recoverable
from tests.fakes.x.scripted import Attempt

QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def lived() -> tuple[Day, Report, float]:
    """The day, what came of it, and how many seconds of one core it took."""
    loop = SimulatedLoop()
    began = time.process_time()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        day = Day(loop, seed=6)
        report = runner.run(day.run())
    return day, report, time.process_time() - began


def test_a_day_passes_in_less_than_20_seconds(lived: tuple[Day, Report, float]) -> None:
    assert lived[2] < 20


def test_every_fault_happened_and_most_of_them_often(lived: tuple[Day, Report, float]) -> None:
    _, report, _ = lived
    assert set(report.faults) == {*FAULTS, "outage"}
    assert sum(report.faults.values()) > 200


def test_every_post_that_search_can_recover_is_given(lived: tuple[Day, Report, float]) -> None:
    day, report, _ = lived
    assert len(day.world.tweets) >= 20_000
    given = {arrival.post.id for arrival in report.given if arrival.post}
    assert given == recoverable(day)


def test_few_posts_are_given_twice_and_the_inbox_knows_them_again(lived: tuple[Day, Report, float]) -> None:
    """What repeats is what X repeats: an edit, a redelivered line."""
    _, report, _ = lived
    given = Counter(arrival.post.id for arrival in report.given if arrival.post)
    repeats = sum(given.values()) - len(given)
    assert repeats < 0.1 * len(given)


def test_what_was_recovered_is_counted_and_nothing_is_said_to_be_lost(lived: tuple[Day, Report, float]) -> None:
    day, _, _ = lived
    state = day.source.state()
    assert state.recovered > 500
    assert state.gaps > 100
    assert state.lost == 0


def test_the_budget_is_what_x_bills(lived: tuple[Day, Report, float]) -> None:
    """Each post once a day: the day of the simulation and the hour of the next."""
    day, _, _ = lived
    read = int(day.source.state().budget.split()[0].replace(",", ""))
    assert len(set(day.x.answers.billed)) <= read <= 1.05 * len(set(day.x.answers.billed))


def test_x_is_never_connected_to_more_than_50_times_in_15_minutes(lived: tuple[Day, Report, float]) -> None:
    day, _, _ = lived
    reached = [attempt.at for attempt in day.x.attempts if attempt.outcome != "unreachable"]
    assert len(reached) > 200
    assert most_within(reached, QUARTER) <= 50


def most_within(moments: Sequence[datetime], window: timedelta) -> int:
    return max(sum(1 for other in moments if moment <= other < moment + window) for moment in moments)


def test_a_stall_is_found_within_21_seconds(lived: tuple[Day, Report, float]) -> None:
    """And connected to again at once."""
    day, report, _ = lived
    assert len(report.stalled) > 3
    for line in report.stalled:
        again = next(attempt.at for attempt in day.x.attempts if attempt.at > line.last_byte_at)
        assert timedelta(seconds=20) < again - line.last_byte_at <= timedelta(seconds=21)


@pytest.mark.parametrize("seed", [3, 11, 19])
def test_a_program_that_dies_again_and_again_loses_nothing(seed: int) -> None:
    """Whatever it had read last and not stored yet: the cursor that was stored finds it again."""
    loop = SimulatedLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        day = Day(loop, seed=seed, posts=4_000, hours=6, crashes=True)
        report = runner.run(day.run())
    assert report.lives > 40
    assert {arrival.post.id for arrival in report.given if arrival.post} == recoverable(day)


def test_every_wait_between_failures_is_the_documented_one(lived: tuple[Day, Report, float]) -> None:
    day, _, _ = lived
    checked: Counter[str] = Counter()
    series: list[Attempt] = []
    for before, after in pairwise(day.x.attempts):
        kind = kind_of(before)
        if kind == "connected":
            series = []
            continue
        series = [*series, before]
        count = sum(1 for attempt in series if kind_of(attempt) == kind)
        waited_s = (after.at - before.at).total_seconds()
        assert waited_s == pytest.approx(documented_s(before, kind, count), abs=0.2), (kind, count)
        checked[kind] += 1
    assert set(checked) == {"network", "http", "rate"}


def kind_of(attempt: Attempt) -> str:
    kinds = {"connected": "connected", "unreachable": "network", "429": "rate"}
    return kinds.get(attempt.outcome, "network" if attempt.outcome == "empty" else "http")


def documented_s(attempt: Attempt, kind: str, count: int) -> float:
    """What X's page on disconnections says of the wait after the count-th failure of a kind."""
    if kind == "network":
        return min(0.25 * count, 16.0)
    if kind == "http":
        return min(5.0 * 2.0 ** (count - 1), 320.0)
    if attempt.reset_at:
        return (attempt.reset_at - attempt.at).total_seconds() + 1
    return 60.0 * 2.0 ** (count - 1)
