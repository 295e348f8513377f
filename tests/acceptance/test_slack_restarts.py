"""Restarts, refreshed and dropped sockets, events that come twice: one judgement, one message."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from tests.fakes.lookout import (
    SOCKETS,
    Home,
    a_line,
    answer,
    cards,
    first_card,
    judged,
    posted,
    said,
    standing,
    until,
    whispers,
)  # fmt: skip
from tests.fakes.slack import FakeSlack, rate_limited, slow_reply

RCE = "Critical security flaw in ExampleDB"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def home(slack: FakeSlack, tmp_path: Path) -> Home:
    home = Home(slack=slack, folder=tmp_path)
    home.plays(a_line(1, RCE))
    return home


async def test_after_a_restart_old_buttons_work_and_reactions_are_read(slack: FakeSlack, home: Home) -> None:
    ada, ben, cem = slack.person("ada"), slack.person("ben"), slack.person("cem")
    robot = slack.person("robot")
    robot.user.is_bot = True
    ops = slack.channel("ops", ada, ben, cem, robot)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        await ada.reacts(card, "x")
        await cem.reacts(card, "x")
        await judged(app, ("ada", "not relevant", ""), ("cem", "not relevant", ""))
    slack.courier.retry_after_s = ()  # what happens now is never brought again
    await ada.unreacts(card, "x")
    await ben.reacts(card, "+1::skin-tone-3")
    await robot.reacts(card, "x")
    async with home.awake() as app:
        await judged(app, ("ben", "relevant", ""), ("cem", "not relevant", ""))
        await ada.presses(card, "Relevant")
        await judged(app, ("ada", "relevant", ""), ("ben", "relevant", ""), ("cem", "not relevant", ""))
        await ada.presses(card, "Why?")
        await until(lambda: any("Alert 1" in text for text in whispers(ada, ops)))
    assert cards(ops) == [card]


async def test_a_refreshed_socket_and_a_dropped_one_lose_nothing(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.sockets.refresh_grace_s = 0.3
    async with home.awake() as app:
        card = await first_card(ada, ops)
        old = list(slack.sockets.open)
        refreshing = asyncio.gather(*(slack.sockets.refresh(socket) for socket in old))
        await until(lambda: len(slack.sockets.open) >= SOCKETS and not set(old) & set(slack.sockets.open))
        await refreshing
        await ada.presses(card, "Relevant")
        await judged(app, ("ada", "relevant", ""))
        slack.sockets.drop(slack.sockets.open[0])
        for text in ("/labels", "/threshold"):
            assert await answer(ada, ops, text)
        await until(lambda: len(slack.sockets.open) == SOCKETS)
        await ada.presses(card, "Relevant")
        await until(lambda: any("already" in text for text in whispers(ada, ops)))
    assert cards(ops) == [card]


async def test_an_event_that_comes_twice_counts_once(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        mention = await ada.mentions(ops, "<@BOT> labels add database")
        given = await ada.reacts(card, "x")
        await judged(app, ("ada", "not relevant", ""))
        taken = await ada.unreacts(card, "x")
        await judged(app)
        assert mention is not None
        assert given is not None
        assert taken is not None
        for delivery in (mention, given, taken):
            await slack.bring_again(delivery)
        await asyncio.sleep(0.3)
        assert await standing(app) == []
        assert sum("added database" in said(one) for one in posted(ops)) == 1
        assert len(ada.ephemerals(ops)) == 0
    assert cards(ops) == [card]


async def test_a_reaction_whose_person_cannot_be_looked_up_is_taken_later(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        slack.faults.next("users.info", rate_limited(1))
        await ben.reacts(card, "x")
        await judged(app, ("ben", "not relevant", ""))


async def test_somebody_who_reacts_while_reactions_are_read_has_judged(slack: FakeSlack, home: Home) -> None:
    ada, ben, eve = slack.person("ada"), slack.person("ben"), slack.person("eve")
    ops = slack.channel("ops", ada, ben, eve)
    async with home.awake():
        card = await first_card(ada, ops)
    await ben.reacts(card, "white_check_mark")
    slack.faults.next("reactions.get", slow_reply(0.8))
    async with home.awake() as app:
        await until(lambda: slack.faults.met)
        await eve.reacts(card, "x")
        await judged(app, ("ben", "relevant", ""), ("eve", "not relevant", ""))


async def test_a_slack_that_is_away_at_the_start_is_waited_for(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.faults.next("auth.test", rate_limited(1))
    slack.faults.next("apps.connections.open", rate_limited(1))
    async with home.awake():
        assert "no labels yet" in await answer(ada, ops, "/labels")


async def test_a_reaction_to_an_alert_that_slack_has_not_confirmed_yet_is_taken(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        await answer(ada, ops, "/labels set security")
        slack.faults.next("chat.postMessage", slow_reply(0.6))
        await ada.types(ops, "/watch @vendor_sec")
        card = (await until(lambda: cards(ops)))[0]
        await ada.reacts(card, "x")  # before anybody but Slack knows that this is an alert
        await judged(app, ("ada", "not relevant", ""))
