"""The real program in a process of its own, in the local Slack: its tokens, a morning, its end."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from tests.acceptance.program import LIFE_S, ended, kept_in, of_slack, running, write_posts
from tests.fakes.lookout import a_line, answer, cards, posted, said, until
from tests.fakes.slack import FakeSlack


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running
        assert running.complaints == []


async def test_a_morning_in_two_lives(slack: FakeSlack, tmp_path: Path) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    write_posts(tmp_path / "posts.jsonl", [a_line(number, f"Post number {number}") for number in range(20)])
    async with running(**kept_in(tmp_path), **of_slack(slack)) as process:
        await until(lambda: len(slack.sockets.open) == 2, LIFE_S)
        await answer(ada, ops, "/labels set security, database, outage")
        await answer(ada, ops, "/threshold set 1%")
        await answer(ada, ops, "/watch @vendor_sec")
        await until(lambda: cards(ops), LIFE_S)
        assert await ended(process, told=signal.SIGTERM) == (0, "")
    first = cards(ops)[0]
    async with running(**kept_in(tmp_path), **of_slack(slack)) as process:
        await until(lambda: len(slack.sockets.open) == 2, LIFE_S)
        await ada.types(ops, "/lapwing +1 1")  # alerts that were still owed may come before its answer
        await until(lambda: any("marked relevant by ada" in said(one) for one in posted(ops)))
        await until(lambda: first.edited)
        assert await ended(process, told=signal.SIGTERM) == (0, "")
    keys = [card.metadata["event_payload"]["key"] for card in cards(ops) if card.metadata]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"slack_bot_token": "xoxb-of-nobody"}, 1, "Slack does not take SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-of-nobody"}, 1, "Slack does not take SLACK_APP_TOKEN"),
        ({"slack_app_token": ""}, 2, "SLACK_APP_TOKEN is missing"),
        ({"slack_bot_token": ""}, 2, "SLACK_BOT_TOKEN is missing"),
        ({"slack_bot_token": "xapp-1", "slack_app_token": "xoxb-1"}, 2, "SLACK_BOT_TOKEN is another kind of token"),
        ({"reactions_relevant": "+1,eyes", "reactions_not_relevant": "x,:eyes:"}, 2, "REACTIONS_NOT_RELEVANT"),
    ],
)
async def test_wrong_settings_are_named_in_one_line(
    slack: FakeSlack, tmp_path: Path, settings: dict[str, object], status: int, words: str
) -> None:
    write_posts(tmp_path / "posts.jsonl", [a_line(1, "A post")])
    async with running(**kept_in(tmp_path) | of_slack(slack) | settings) as process:
        came_to, err = await ended(process)
    lines = err.splitlines()
    assert came_to == status, lines
    assert lines[-1].startswith("lapwing: ") or len(lines) > 1
    assert any(line.startswith("lapwing: ") and words in line for line in lines), lines
    assert not any("Traceback" in line for line in lines), lines


async def test_an_app_token_without_its_scope_is_named(slack: FakeSlack, tmp_path: Path) -> None:
    slack.app.app_scopes = frozenset()
    write_posts(tmp_path / "posts.jsonl", [a_line(1, "A post")])
    async with running(**kept_in(tmp_path), **of_slack(slack)) as process:
        status, err = await ended(process)
    assert status == 1
    assert "SLACK_APP_TOKEN" in err.splitlines()[-1]
    assert "connections:write" in err.splitlines()[-1]
