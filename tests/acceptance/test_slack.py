"""A day with Lapwing in Slack, over real sockets: the program as it is built, the real slack-bolt, a local Slack."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from tests.fakes.lookout import (
    Home,
    a_line,
    cards,
    first_card,
    judged,
    posted,
    said,
    standing,
    until,
    whispers,
)
from tests.fakes.slack import FakeSlack, late, pings, refused

RCE = "Critical security flaw in ExampleDB <!channel> & @everyone"
PATCH = "A database patch is out."


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def home(slack: FakeSlack, tmp_path: Path) -> Home:
    return Home(slack=slack, folder=tmp_path)


async def test_an_alert_is_a_card_of_four_blocks_with_metadata(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake():
        assert len(slack.sockets.open) == 2
        card = await first_card(ada, ops)
    assert [block["type"] for block in card.blocks] == ["section", "section", "context", "actions"]
    assert RCE in said(card)
    assert card.metadata is not None
    assert card.metadata["event_type"] == "lapwing_delivery"
    assert list(card.metadata["event_payload"]) == ["key"]
    assert card.text.startswith("security 99% · @vendor_sec: Critical security flaw in ExampleDB &lt;!channel&gt;")
    assert pings(card, slack.workspace) == []


async def test_buttons_judge_and_ask_for_a_reason_after_saving(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        before = card.blocks
        assert (await ada.presses(card, "Not relevant")).acknowledged
        (modal,) = await until(lambda: ada.views)
        assert await standing(app) == [("ada", "not relevant", "")]  # saved before anything is asked
        await ada.submits(modal, {"Reason": "it is a <drill> & no more"})
        await judged(app, ("ada", "not relevant", "it is a <drill> & no more"))
        await until(lambda: "not relevant by ada" in said(card))
        assert {block["block_id"] for block in before}.isdisjoint(block["block_id"] for block in card.blocks)
        assert card.options["parse"] == "none"
        await ben.presses(card, "Relevant")
        await until(lambda: "relevant by ben" in said(card))
        await ada.presses(card, "Relevant")
        await judged(app, ("ada", "relevant", ""), ("ben", "relevant", ""))
        heard = len(ada.ephemerals(ops))
        await ada.presses(card, "Relevant")
        await until(lambda: len(ada.ephemerals(ops)) > heard)
        assert "already" in whispers(ada, ops)[-1]
    assert cards(ops) == [card]


async def test_a_reaction_judges_and_its_removal_withdraws(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    robot = slack.person("robot")
    robot.user.is_bot = True
    ops = slack.channel("ops", ada, ben, robot)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        await robot.reacts(card, "x")
        await ada.reacts(card, "eyes")
        await ada.reacts(card, "-1::skin-tone-4")
        await judged(app, ("ada", "not relevant", ""))
        await ben.reacts(card, "white_check_mark")
        await judged(app, ("ada", "not relevant", ""), ("ben", "relevant", ""))
        await ada.presses(card, "Relevant")
        await judged(app, ("ada", "relevant", ""), ("ben", "relevant", ""))
        await ada.unreacts(card, "-1::skin-tone-4")  # says nothing any more: the button came later
        await ben.unreacts(card, "white_check_mark")
        await judged(app, ("ada", "relevant", ""))


async def test_a_reaction_given_and_taken_back_in_one_breath_is_no_judgement(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        slack.faults.next("users.info", late(0.4))
        await asyncio.gather(ben.reacts(card, "x"), _soon(lambda: ben.unreacts(card, "x")))
        await asyncio.sleep(0.8)
        assert await standing(app) == []


async def _soon(do: Callable[[], Awaitable[object]]) -> None:
    await asyncio.sleep(0.05)
    await do()


async def test_why_more_and_open_post(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        shown = len(posted(ops))
        await ada.presses(card, "Why?")
        await until(lambda: any("is above its threshold" in text for text in whispers(ada, ops)))
        assert len(posted(ops)) == shown
        calls = len(slack.calls)
        assert (await ada.presses(card, "Open post")).acknowledged
        await slack.settled()
        assert len(slack.calls) == calls
        await ada.chooses(card, "Wrong label: security")
        await judged(app, ("ada", "not relevant", "wrong label: security"))
        await ada.chooses(card, "Unwatch @vendor_sec")
        await until(lambda: any("No longer watching @vendor_sec" in said(message) for message in posted(ops)))


async def test_a_collapsed_alert_is_shown_to_whoever_asks_and_undone(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        await ada.reacts(card, "x")
        await ben.reacts(card, "x")
        await until(lambda: RCE not in said(card))
        await ada.presses(card, "show")
        await until(lambda: any(RCE in text for text in whispers(ada, ops)))
        assert RCE not in said(card)
        shown = ada.ephemerals(ops)[-1]
        await ada.presses(shown, "Relevant")  # its buttons are those of the alert
        await judged(app, ("ada", "relevant", ""), ("ben", "not relevant", ""))
        await until(lambda: RCE in said(card))


async def test_a_judgement_whose_reason_cannot_be_asked_for_stands(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        slack.faults.next("views.open", refused("expired_trigger_id"))
        await ada.presses(card, "Not relevant")
        await judged(app, ("ada", "not relevant", ""))
        await until(lambda: any("marked not relevant by ada" in text for text in whispers(ada, ops)))


async def test_a_post_deleted_at_its_source_leaves_its_card_without_text(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    gone = {"id": "1", "source": "x", "deleted": True, "created_at": a_line(2, "", after_s=1.0)["created_at"]}
    home.plays(a_line(1, RCE), gone)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        await until(lambda: RCE not in said(card))
        assert RCE not in card.text
        await ada.presses(card, "Relevant")
        await judged(app, ("ada", "relevant", ""))
        with pytest.raises(LookupError):
            await ada.presses(card, "Open post")
