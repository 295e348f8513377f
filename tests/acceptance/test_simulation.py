"""Some hours of faults on simulated time: the whole program, and every invariant at the end.

The full day is `python -m tests.benchmarks.simulation`; with `--seed` and `--hours` it lives these hours again.
"""

from pathlib import Path

import pytest

from tests.fakes.simulation.day import Day, Plan, live
from tests.fakes.simulation.verdict import KILLED, STOPPED, judge

PLAN = Plan(seed=7, hours=3, posts=1_500, wishes=90, endings=6)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return live(PLAN, tmp_path_factory.mktemp("day") / "lapwing.db")


def test_every_invariant_holds_after_hours_of_faults(day: Day) -> None:
    verdict = judge(day)
    assert not verdict.problems, f"seed {PLAN.seed}:\n{verdict}"


def test_the_hours_were_hard_enough_to_mean_something(day: Day) -> None:
    figures = judge(day).figures
    assert figures["posts"] == PLAN.posts
    assert figures["alert sends"] > 10
    assert figures["summary sends"] > 0
    assert figures["changes"] > 5
    assert {life.ending for life in day.lives} == {KILLED, STOPPED}
    fates = day.world.server.fates
    assert {fate for fate, count in fates.items() if count} >= {"fine", "down", "errors", "hanging"}
    assert day.world.model.failed
    assert len(day.world.model.answered) > PLAN.posts / 2, "or nobody saw what the stream asked"


def test_the_same_seed_is_the_same_day(day: Day, tmp_path: Path) -> None:
    again = live(PLAN, tmp_path / "lapwing.db")
    assert judge(again).figures == judge(day).figures
    assert [message.at_s for message in again.world.server.messages] == [one.at_s for one in day.world.server.messages]
