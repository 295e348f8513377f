"""Killed at any moment, with a chat that errs, the program alerts once. The full size is in tests/benchmarks."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.kill_loop import CARELESS, SIZES, Plan, figures, run
from tests.fakes.chats import BOTH


@pytest.mark.parametrize("seed", [11, 12])
def test_whatever_is_killed_and_whatever_the_chat_does_each_alert_is_one_message(seed: int, tmp_path: Path) -> None:
    plan = Plan(seed=seed, posts=400, kills=8, channels=20)

    outcome = run(plan, tmp_path)

    assert outcome.reckoning.alerts > 50
    assert outcome.reckoning.problems == (), f"again: {plan.command}"
    assert all(figure.holds for figure in figures(outcome))


def test_without_a_grace_messages_are_doubled_so_that_this_test_can_fail(tmp_path: Path) -> None:
    outcome = run(CARELESS, tmp_path)

    assert outcome.reckoning.doubled
    assert not outcome.reckoning.lost


@pytest.mark.parametrize("chat", ["slack", "discord"])
def test_through_a_real_adapter_each_alert_is_one_message(chat: str, tmp_path: Path) -> None:
    plan = replace(SIZES[chat], seed=11, posts=200, kills=3, channels=15)

    outcome = run(plan, tmp_path)

    assert outcome.reckoning.alerts > 30
    assert outcome.reckoning.problems == (), f"again: {plan.command}"
    assert all(figure.holds for figure in figures(outcome))


def test_with_slack_and_discord_at_once_each_alert_is_one_message_in_its_own_chat(tmp_path: Path) -> None:
    plan = replace(SIZES[BOTH], seed=11, posts=200, kills=3, channels=16)
    platforms = {channel.key.channel: channel.key.platform for channel in plan.world().channels}
    owed = Counter(platforms[channel] for _, channel in plan.world().owed())

    outcome = run(plan, tmp_path)

    assert min(owed["slack"], owed["discord"]) > 10
    assert outcome.reckoning.problems == (), f"again: {plan.command}"
    assert all(figure.holds for figure in figures(outcome))
