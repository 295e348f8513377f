"""What a benchmark says at its end."""

import json

import pytest

from tests.benchmarks.report import Figure, finish, skip


def test_the_last_line_holds_each_figure_beside_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure(name="hit", value=0.771, floor=0.65), Figure(name="miss", value=0.05, ceiling=0.12)]

    assert finish("accuracy", figures, threads=2) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["figures"] == {
        "hit": {"value": 0.771, "floor": 0.65, "holds": True},
        "miss": {"value": 0.05, "ceiling": 0.12, "holds": True},
    }
    assert said["holds"]
    assert said["threads"] == 2


@pytest.mark.parametrize("missed", [Figure(name="a", value=0.64, floor=0.65), Figure(name="a", value=0.2, ceiling=0.1)])
def test_one_missed_limit_fails_the_whole(capsys: pytest.CaptureFixture[str], missed: Figure) -> None:
    assert finish("accuracy", [Figure(name="b", value=1.0), missed]) == 1
    assert json.loads(capsys.readouterr().out)["figures"]["a"]["holds"] is False


def test_a_limit_is_kept_by_meeting_it_and_no_number_keeps_none() -> None:
    assert Figure(name="a", value=0.65, floor=0.65).holds
    assert not Figure(name="a", value=float("nan"), floor=0.65).holds


def test_what_could_not_be_measured_is_said_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert skip("accuracy", "no data") == 0
    assert json.loads(capsys.readouterr().out) == {"benchmark": "accuracy", "skipped": "no data"}
