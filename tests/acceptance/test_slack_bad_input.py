"""People who may not, and input that is wrong: clear private answers, nothing changed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from bot.chat.slack.manifest import manifest
from tests.fakes.lookout import (
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
from tests.fakes.slack import FakeSlack, refused

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


async def test_guests_and_outsiders_may_read_and_judge_but_not_change(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    guest = slack.person("guest", is_restricted=True)
    one_channel = slack.person("single", is_ultra_restricted=True)
    outsider = slack.person("outsider", team="T0ELSE0000")
    ops = slack.channel("ops", ada, guest, one_channel, outsider, is_ext_shared=True)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        for person in (guest, one_channel, outsider):
            assert "Guests may not change settings here." in await answer(person, ops, "/labels set a, b")
            assert "Alert 1" in await answer(person, ops, "/why 1")
            before = len(person.ephemerals(ops))
            await person.chooses(card, "Unwatch @vendor_sec")
            await until(lambda person=person, before=before: len(person.ephemerals(ops)) > before)  # type: ignore[misc]
            assert "Guests may not change settings here." in whispers(person, ops)[-1]
        await guest.mentions(ops, "<@BOT> labels set a")
        await until(lambda: sum("Guests may not" in text for text in whispers(guest, ops)) == 3)
        await outsider.presses(card, "Relevant")
        await judged(app, ("outsider", "relevant", ""))
        assert "security" in await answer(ada, ops, "/labels")


async def test_a_locked_channel_is_for_its_managers_and_admins(slack: FakeSlack, home: Home) -> None:
    ada, ben, cem = slack.person("ada"), slack.person("ben"), slack.person("cem")
    boss = slack.person("boss", is_admin=True)
    ops = slack.channel("ops", ada, ben, cem, boss)
    async with home.awake():
        await ada.mentions(ops, "<@BOT> config lock @ada @ben")
        await until(lambda: posted(ops))
        assert said(posted(ops)[0]).startswith("Only ada, ben and admins may change settings here now.")
        assert "Only managers may change settings here: ada, ben." in await answer(cem, ops, "/labels set a")
        assert "added a" in await answer(ben, ops, "/labels set a")
        assert "Everyone in this channel may change settings again." in await answer(boss, ops, "/config lock off")
        assert "added b" in await answer(cem, ops, "/labels set b")
        assert "Only cem and admins" in await answer(cem, ops, "/config lock @cem")


@pytest.mark.parametrize("who", ["@nobody", "@ada @nobody", "<@U0NOBODY00>"])
async def test_a_channel_is_locked_for_people_only_whom_slack_knows(slack: FakeSlack, home: Home, who: str) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        refusal = await answer(ada, ops, f"/config lock {who}")
        assert "Nothing was changed." in refusal
        assert "added a" in await answer(ada, ops, "/labels set a")


async def test_actions_that_nobody_knows_are_answered_and_change_nothing(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        for action, expected in [
            ({"action_id": "approve", "value": "1"}, "I do not know that button"),
            ({"action_id": "do:x"}, "I do not know that button"),
            ({"action_id": "do:x", "value": "/lables set a"}, "is not a command"),
            ({"action_id": "do:x", "value": "-1 99999"}, "There is no alert 99999 in this channel"),
            ({"action_id": "show", "value": "9" * 40}, "That alert is not there any more."),
            ({"action_id": "show", "value": "x"}, "That alert is not there any more."),
            ({"action_id": "share", "value": "x"}, "too old to be shared"),
        ]:
            before = len(ada.ephemerals(ops))
            delivery = await ada.sends_action(card, {"type": "button", "block_id": "b", "action_ts": "1.0", **action})
            assert delivery.acknowledged
            await until(lambda before=before: len(ada.ephemerals(ops)) > before)  # type: ignore[misc]
            assert expected in whispers(ada, ops)[-1]
        assert await standing(app) == []


async def test_a_reaction_to_what_is_no_alert_says_nothing(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake() as app:
        card = await first_card(ada, ops)
        await ada.reacts(await ada.says(ops, "hello"), "x")
        await ada.reacts(posted(ops)[0], "x")
        await ada.reacts(card, "x")
        await judged(app, ("ada", "not relevant", ""))


async def test_a_deleted_message_takes_judgements_and_no_redraw(slack: FakeSlack, home: Home) -> None:
    boss = slack.person("boss", is_admin=True)
    ops = slack.channel("ops", boss)
    async with home.awake() as app:
        card = await first_card(boss, ops)
        await until(lambda: len(cards(ops)) == 2)
        boss.deletes(card)
        assert "marked relevant by boss" in await answer(boss, ops, "/lapwing +1 1")
        await judged(app, ("boss", "relevant", ""))
        await until(lambda: any(call.answer == "message_not_found" for call in slack.calls))
        assert "Alert 1" in await answer(boss, ops, "/why 1")
        assert len(cards(ops)) == 1
    async with home.awake():  # reactions are read at the start: a message that is gone has none
        assert "security" in await answer(boss, ops, "/labels")


async def test_a_label_list_of_4000_characters_is_refused(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        many = ", ".join(f"label{number:03}" for number in range(400))
        for line in (f"/labels set {many}", f"/labels set {'x' * 4000}", f"/labels set {'<&>' * 1300}"):
            assert "Nothing was changed." in await answer(ada, ops, line)
        assert "no labels yet" in await answer(ada, ops, "/labels")
        assert posted(ops) == []


async def test_nothing_is_done_for_somebody_whom_slack_does_not_name(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        slack.faults.next("users.info", refused("internal_error"))
        assert "I could not find out who you are" in await answer(ada, ops, "/labels set a")
        assert "no labels yet" in await answer(ada, ops, "/labels")


async def test_an_answer_too_long_for_one_message_comes_in_several(slack: FakeSlack, home: Home) -> None:
    lines = [a_line(number, "quiet", author=f"acc_{number:04}") for number in range(600)]
    home.plays(*lines)
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        for start in range(0, 600, 60):
            names = " ".join(f"@acc_{number:04}" for number in range(start, start + 60))
            await answer(ada, ops, f"/watch {names} -retweets")
        before = len(ada.ephemerals(ops))
        await ada.types(ops, "/config export")
        await until(lambda: "acc_0599" in "".join(whispers(ada, ops)[before:]))
        export = "\n".join(whispers(ada, ops)[before:])
    assert len(ada.ephemerals(ops)) - before > 1
    watches = yaml.safe_load(export)["watches"]  # no line was lost between two pieces, and none its indentation
    assert watches == [{"account": f"@acc_{number:04}", "filters": ["-retweets"]} for number in range(600)]
