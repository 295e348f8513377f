"""What goes wrong in Slack: channels lost and found again, a Slack that asks to wait."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import App
from bot.chat.slack.manifest import manifest
from storage import channels
from storage.types import ChannelKey
from tests.fakes.lookout import (
    Home,
    a_line,
    answer,
    cards,
    first_card,
    posted,
    said,
    until,
)  # fmt: skip
from tests.fakes.slack import HOME_TEAM, Channel, FakeSlack, rate_limited, refused
from tests.fakes.slack.methods import direct_channel

FIRST, SECOND = a_line(1, "A security flaw"), a_line(2, "One more security flaw", after_s=1.5)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def home(slack: FakeSlack, tmp_path: Path) -> Home:
    home = Home(slack=slack, folder=tmp_path)
    home.plays(FIRST, SECOND)
    return home


def told(slack: FakeSlack, person: str) -> list[str]:
    """What Lapwing told somebody in their direct conversation."""
    return [said(message) for message in posted(direct_channel(slack.workspace, person))]


async def suspended(app: App, channel: Channel) -> str:
    known = await app.database.read(
        lambda connection: channels.load(
            connection, ChannelKey(platform="slack", workspace=HOME_TEAM, channel=channel.id)
        )
    )
    return known.suspended if known else ""


# --- channels lost and found again ------------------------------------------------------------------------------------


async def test_removed_from_a_channel_and_invited_back(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    async with home.awake() as app:
        await answer(ben, ops, "/threshold set 50%")
        await first_card(ada, ops)
        await ben.removes_bot(ops)
        await until(lambda: told(slack, ada.id))
        (notice,) = told(slack, ada.id)
        assert notice.startswith("Alerts in #ops stopped: I am not in this channel any more. Settings are kept.")
        assert told(slack, ben.id) == []  # ada changed the settings last
        assert len(cards(ops)) == 1
        assert "suspended" in await answer(ada, ops, "/health")
        await ben.invites_bot(ops)
        await until(lambda: len(cards(ops)) == 2)
        assert await suspended(app, ops) == ""
        assert "security" in await answer(ada, ops, "/labels")
    assert len(told(slack, ada.id)) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("not_in_channel", "I am not in this channel any more"),
        ("channel_not_found", "this channel does not exist, or I cannot see it"),
        ("is_archived", "this channel is archived"),
    ],
)
async def test_a_channel_that_cannot_be_sent_to_is_suspended(
    slack: FakeSlack, home: Home, error: str, words: str
) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        await first_card(ada, ops)
        slack.faults.next("chat.postMessage", refused(error))
        await until(lambda: told(slack, ada.id))
        assert words in told(slack, ada.id)[0]
        assert words in await suspended(app, ops)
        assert "security" in await answer(ada, ops, "/labels")


@pytest.mark.parametrize("how", ["token_revoked", "account_inactive"])
async def test_an_app_that_is_uninstalled_keeps_everything_until_it_is_back(
    slack: FakeSlack, home: Home, how: str
) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        await first_card(ada, ops)
        slack.app.standing = how
        async with asyncio.timeout(5):
            while not await suspended(app, ops):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    slack.reinstall()
    async with home.awake():
        await until(lambda: len(cards(ops)) == 2)
        await until(lambda: any("Alerts in #ops stopped" in notice for notice in told(slack, ada.id)))
        assert "security" in await answer(ada, ops, "/labels")


async def test_watch_says_that_lapwing_is_not_in_the_channel(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    far = slack.channel("far", ada, bot=False)
    hidden = slack.channel("hidden", ada, bot=False, is_private=True)
    async with home.awake():
        for channel in (far, hidden):
            assert await answer(ada, channel, "/watch @vendor_sec") == (
                "I am not in this channel yet. Type /invite @lapwing, then repeat. Nothing was changed."
            )
            assert "watches nobody yet" in await answer(ada, channel, "/watch")


async def test_a_slack_that_asks_to_wait_is_given_its_time(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        await answer(ada, ops, "/labels set security")
        slack.faults.next("chat.postMessage", rate_limited(2))
        await answer(ada, ops, "/watch @vendor_sec")
        await until(lambda: any(call.answer == "ratelimited" for call in slack.calls))
        began = time.monotonic()
        await until(lambda: cards(ops))
        assert time.monotonic() - began >= 1.9
        await until(lambda: len(cards(ops)) == 2)
    attempts = [call.answer for call in slack.calls if call.method == "chat.postMessage"]
    assert attempts == ["ratelimited", "ok", "ok"]


async def test_a_conversation_with_lapwing_is_a_channel_too(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    talk = direct_channel(slack.workspace, ada.id)
    others = slack.channel("others", ada, ben, bot=False)
    others.id, others.is_im = "D0OTHERS00", True
    slack.workspace.channels[others.id] = others
    async with home.awake():
        await first_card(ada, talk)
        assert "I am not in this channel yet." in await answer(ada, others, "/watch @vendor_sec")
