"""Who sees the answers of Discord, and what becomes of them when Discord does not play along."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from bot.cards import NoticeCard, alert_card, summary_card
from bot.chat.discord.platform import Discord
from bot.commands.suggest import Suggest
from bot.commands.types import Actor, Asked, Button, ButtonKind, Reply
from classifier.types import Mode
from storage.types import Alert, AlertId, ChannelKey, DeliveryKey, PostId, StoredPost
from tests.fakes.builders import NOW, a_key, a_post, a_score
from tests.fakes.discord import (
    ADMINISTRATOR,
    MANAGE_CHANNELS,
    FakeDiscord,
    Fault,
    Interaction,
    Message,
    hanging,
    late,
    rate_limited,
    reply_lost,
    server_error,
)
from tests.fakes.discord import interactions as interactions_of
from tests.fakes.discord_home import Hurried, answered, asks, key, said, serving
from tests.fakes.inbound import Listener

CALLBACK = "POST /interactions/{interaction_id}/{token}/callback"
DELETE = "DELETE /webhooks/{webhook_id}/{token}/messages/{message_id}"
FILL = "PATCH /webhooks/{webhook_id}/{token}/messages/{message_id}"
ALERT = Alert(
    id=AlertId(7),
    channel=a_key(),
    post=StoredPost(id=PostId(1), post=a_post()),
    matched=(a_score("security", 0.7),),
    mode=Mode.INDEPENDENT,
    model="embedding:tiny",
    decided_at=NOW,
)
PUBLIC, PRIVATE = Reply(text="Labels are set.", public=True), Reply(text="Only for you.")


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


async def test_who_asks_and_what_they_may_is_what_discord_says_of_the_channel(local: FakeDiscord) -> None:
    ops, house = local.channel("ops"), Listener(PRIVATE)
    ada, ben, cem = local.person("ada", permissions=MANAGE_CHANNELS), local.person("ben"), local.administrator("cem")
    await local.allows(ops, ben, MANAGE_CHANNELS)
    await local.denies(ops, ada, MANAGE_CHANNELS)
    async with serving(local, house):
        for person in (ada, ben, cem):
            await asks(local, person, ops, "/health")
    assert [one.actor for one in house.asked] == [
        Actor(id=ada.id, name="Ada", member=False, lacks="the permission Manage Channels", admin=False),
        Actor(id=ben.id, name="Ben", member=True, admin=False),
        Actor(id=cem.id, name="Cem", member=True, admin=True),
    ]
    assert {(one.channel, one.channel_name) for one in house.asked} == {(key(ops), "ops")}


async def test_a_private_answer_is_seen_by_one_and_a_public_one_by_all(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PRIVATE)
    async with serving(local, house):
        await asks(local, ada, ops, "/labels list")
        assert ben.sees(ops) == []
        house.reply = PUBLIC
        await asks(local, ada, ops, "/labels set", labels="security")
    assert [said(message) for message in ben.sees(ops)] == ["Labels are set."]
    assert [said(message) for message in ada.ephemerals(ops)] == ["Only for you."]


async def test_a_change_refused_after_all_leaves_nothing_for_all_to_see(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PRIVATE)
    house.promised_public = True
    house.may_answer.clear()
    async with serving(local, house):
        interaction = await ada.uses(ops, "/watch", accounts="@vendro_sec")
        assert [message.thinking for message in ben.sees(ops)] == [True]
        house.may_answer.set()
        await local.until(lambda: ada.ephemerals(ops))
    assert ben.sees(ops) == []
    assert [said(message) for message in interaction.answers] == ["Only for you."]


@pytest.mark.parametrize("fault", [rate_limited(60.0), hanging(commits=True)], ids=["kept", "deleted"])
async def test_a_refusal_is_told_to_no_others_though_what_all_see_cannot_be_taken_away(
    local: FakeDiscord, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr("bot.chat.discord.voice._ANSWER_WITHIN_S", 0.5)
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PRIVATE)
    house.promised_public = True
    local.faults.next(DELETE, fault)
    async with serving(local, house):
        await ada.uses(ops, "/watch", accounts="@vendro_sec")
        await local.until(lambda: ada.ephemerals(ops))
    assert [said(message) for message in ben.sees(ops)] == ([] if fault.commits else ["Answered in private."])
    assert [said(message) for message in ada.ephemerals(ops)] == ["Only for you."]


async def test_a_refusal_that_would_be_seen_by_all_is_not_told(
    local: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.discord.voice._ANSWER_WITHIN_S", 0.5)
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PRIVATE)
    house.promised_public = True
    local.faults.next(DELETE, rate_limited(60.0))
    local.faults.next(FILL, rate_limited(60.0))
    async with serving(local, house):
        await ada.uses(ops, "/watch", accounts="@vendro_sec")
        await local.until(lambda: len(local.faults.met) == 2)
        await asyncio.sleep(0.7)
    assert [message.thinking for message in ben.sees(ops)] == [True]


async def test_a_change_that_was_thought_to_be_private_is_seen_by_all(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PUBLIC)
    house.promised_public = False
    async with serving(local, house):
        await asks(local, ada, ops, "/watch", accounts="@vendor_sec")
        await local.until(lambda: ben.sees(ops))
    assert ada.ephemerals(ops) == []


async def test_a_long_answer_comes_on_pages_with_the_buttons_under_the_last(local: FakeDiscord) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    lines = [f"line {number} " + "x" * 90 for number in range(50)]
    house = Listener(Reply(text="\n".join(lines), buttons=(Button(label="Share", kind=ButtonKind.SHARE),)))
    async with serving(local, house):
        interaction = await ada.uses(ops, "/config show")
        await local.until(lambda: len(interaction.answers) == 3)
    assert "\n".join(said(message) for message in interaction.answers).split("\n") == lines
    assert [len(message.components) for message in interaction.answers] == [0, 0, 1]
    assert all(message.ephemeral_to == ada.id for message in interaction.answers)


async def test_a_public_answer_after_a_quarter_of_an_hour_is_said_in_the_channel(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PUBLIC)
    house.may_answer.clear()
    async with serving(local, house):
        await ada.uses(ops, "/watch", accounts="@vendor_sec")
        local.world.advance(minutes=16)
        house.may_answer.set()
        await local.until(lambda: "Labels are set." in [said(message) for message in ben.sees(ops)])


async def test_a_private_answer_after_a_quarter_of_an_hour_is_noted(
    local: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PRIVATE)
    house.may_answer.clear()
    async with serving(local, house):
        await ada.uses(ops, "/health")
        local.world.advance(minutes=16)
        with caplog.at_level(logging.WARNING):
            house.may_answer.set()
            await local.until(lambda: "unanswered" in caplog.text)
    assert [message.thinking for message in ada.sees(ops)] == [True]


async def test_a_change_acknowledged_too_late_is_made_and_said_in_the_channel(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PUBLIC)
    local.acknowledge_within_s = 0.2
    async with serving(local, house):
        local.faults.next(CALLBACK, late(0.5))
        interaction = await ada.uses(ops, "/watch", accounts="@vendor_sec")
        assert interaction.problem == "timeout"
        await local.until(lambda: [said(message) for message in ben.sees(ops)] == ["Labels are set."])
    assert len(house.asked) == 1


@pytest.mark.parametrize("fault", [server_error(500, commits=True), reply_lost()])
async def test_an_acknowledgement_that_came_through_and_was_not_confirmed_counts(
    local: FakeDiscord, fault: Fault
) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PUBLIC)
    async with serving(local, house):
        local.faults.next(CALLBACK, fault)
        interaction = await ada.uses(ops, "/watch", accounts="@vendor_sec")
        await local.until(lambda: [said(message) for message in ben.sees(ops)] == ["Labels are set."])
    assert len(house.asked) == 1
    assert [said(message) for message in interaction.answers] == ["Labels are set."]


async def test_what_discord_brings_twice_is_done_once(local: FakeDiscord) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PUBLIC)
    async with serving(local, house):
        interaction = await ada.uses(ops, "/watch", accounts="@vendor_sec")
        await answered(local, interaction)
        await again(local, interaction)
        await asks(local, ada, ops, "/health")
    assert [one.text for one in house.asked] == ["/watch @vendor_sec", "/health"]


async def again(local: FakeDiscord, interaction: Interaction) -> None:
    await local.gateway.emit("INTERACTION_CREATE", interactions_of.payload(local.world, interaction))


async def test_a_command_of_an_earlier_version_is_told_to_be_one(local: FakeDiscord) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PRIVATE)
    async with serving(local, house):
        gone = {"type": 1, "name": "digest", "description": "there is none any more"}
        bare = {"type": 1, "name": "test", "description": "took no text"}
        local.commands.write("", [gone, bare])
        for command in ("/digest", "/test"):
            assert "older form of my commands" in await asks(local, ada, ops, command)
    assert house.asked == []


class Broken(Listener):
    """A house with a fault in it."""

    async def answer(self, asked: Asked) -> Reply:
        raise ZeroDivisionError(asked.text)

    def suggest(self, channel: ChannelKey, wanted: Suggest, typed: str) -> list[str]:
        raise ZeroDivisionError(typed)


async def test_a_fault_of_ours_has_a_code_that_stands_in_the_log(
    local: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Broken(PUBLIC)
    async with serving(local, house):
        await ada.uses(ops, "/watch", accounts="@vendor_sec")
        await local.until(lambda: ada.ephemerals(ops))
        (message,) = ada.ephemerals(ops)
        code = said(message).removeprefix("Sorry, that did not work. Code ").removesuffix(".")
        assert f"code={code}" in caplog.text
        assert not (await ada.types_into(ops, "/watch", "accounts", "@v")).choices
    assert [one for one in ben.sees(ops) if one.thinking] == []


async def test_what_may_be_meant_is_offered_while_people_type(local: FakeDiscord) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PRIVATE)
    house.suggestions = ["security", "sec" * 40, "database", "sector"]
    async with serving(local, house):
        offered = await ada.types_into(ops, "/labels remove", "labels", "sec")
        assert [one["value"] for one in offered.choices or []] == ["security", "sector"]
        assert (await ada.types_into(ops, "/help", "topic", "nothing")).choices == []


async def test_the_commands_are_told_once_and_again_only_when_they_differ(local: FakeDiscord) -> None:
    house = Listener(PRIVATE)
    async with serving(local, house):
        assert local.commands.writes == 1
    async with serving(local, house):
        await asyncio.sleep(0.1)
        assert local.commands.writes == 1
    local.commands.write("", local.commands.all()[:-1])
    async with serving(local, house):
        await local.until(lambda: local.commands.writes == 3)
    assert len(local.commands.all()) == 13


async def test_commands_that_cannot_be_told_now_are_told_later(local: FakeDiscord) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PRIVATE)
    local.faults.next("GET /applications/{application_id}/commands", *[server_error(503)] * 2)
    async with serving(local, house, Hurried()):
        assert await asks(local, ada, ops, "/health") == "Only for you."


async def test_an_administrator_may_what_managers_may(local: FakeDiscord) -> None:
    dan, ops = local.person("dan", permissions=ADMINISTRATOR), local.channel("ops")
    async with serving(local, Listener(PRIVATE)):
        assert "/unwatch" in dan.commands(ops)
        assert "/unwatch" not in local.person("ada").commands(ops)


async def test_a_reason_given_after_the_private_word_was_dismissed_is_answered_anew(local: FakeDiscord) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    house = Listener(Reply(text="Alert 7 is marked.", public=True))
    async with serving(local, house) as platform:
        card = await an_alert(platform, local)
        await ada.presses(card, "Not relevant")
        await local.until(lambda: ada.ephemerals(ops))
        (word,) = ada.ephemerals(ops)
        await ada.presses(word, "Add a reason")
        (modal,) = ada.modals
        ada.deletes(word)
        await ada.submits(modal, {"What was wrong with it?": "a drill"})
        await local.until(lambda: ada.ephemerals(ops))
    assert [one.text for one in house.asked] == ["-1 7", "-1 7 a drill"]
    assert [said(message) for message in ada.ephemerals(ops)] == ["Alert 7 is marked."]


async def an_alert(platform: Discord, local: FakeDiscord) -> Message:
    receipt = await platform.send(key(local.channel("ops")), alert_card(ALERT), DeliveryKey("key-7"))
    return next(message for message in local.channel("ops").standing() if message.id == receipt)


async def test_the_buttons_of_notices_and_summaries_ask_what_they_say(local: FakeDiscord) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PRIVATE)
    async with serving(local, house) as platform:
        await platform.send(key(ops), NoticeCard(text="Something is wrong."), DeliveryKey("key-1"))
        await ada.presses(ops.standing()[-1], "Health")
        await platform.send(key(ops), summary_card([ALERT]), DeliveryKey("key-2"))
        await ada.presses(ops.standing()[-1], "Last alerts")
        await local.until(lambda: len(ada.ephemerals(ops)) == 2)
    assert [one.text for one in house.asked] == ["/health", "/alerts"]


async def test_a_button_in_a_conversation_with_one_person_says_where_to_ask(local: FakeDiscord) -> None:
    ada, house = local.person("ada"), Listener(PRIVATE)
    async with serving(local, house) as platform:
        where = platform.direct(local.guild().id, ada.id)
        assert where is not None
        await platform.send(where, NoticeCard(text="Alerts in #ops stopped."), DeliveryKey("key-1"))
        direct = local.direct(ada)
        await ada.presses(direct.standing()[0], "Health")
        await local.until(lambda: ada.ephemerals(direct))
        assert said(ada.ephemerals(direct)[0]) == (
            "Between the two of us nothing is set. Ask in the channel that this is about."
        )
    assert house.asked == []


async def test_a_slow_button_is_announced_and_its_answer_takes_the_place(local: FakeDiscord) -> None:
    ada, ben, ops, house = local.person("ada"), local.person("ben"), local.channel("ops"), Listener(PRIVATE)
    async with serving(local, house) as platform:
        card = await an_alert(platform, local)
        for public in (False, True):
            house.reply = Reply(text="Here it is.", public=public)
            house.may_answer.clear()
            await ada.presses(card, "Why?")
            await local.until(lambda: "Working on it…" in [said(message) for message in ada.ephemerals(ops)])
            assert len(ben.sees(ops)) == 1
            house.may_answer.set()
            await local.until(lambda: "Here it is." in [said(message) for message in ada.sees(ops)][1:])
            await local.until(lambda: "Working on it…" not in [said(message) for message in ada.ephemerals(ops)])
    assert [said(message) for message in ben.sees(ops)][1:] == ["Here it is."]
    assert [said(message) for message in ada.ephemerals(ops)] == ["Here it is."]


async def test_an_answer_that_is_still_awaited_at_the_end_is_given_up_quietly(
    local: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    ada, ops, house = local.person("ada"), local.channel("ops"), Listener(PUBLIC)
    house.may_answer.clear()
    async with serving(local, house) as platform:
        card = await an_alert(platform, local)
        await ada.uses(ops, "/watch", accounts="@vendor_sec")
        await ada.presses(card, "Why?")
        await local.until(lambda: len(house.asked) == 2)
    house.may_answer.set()
    await asyncio.sleep(0.1)
    assert "Traceback" not in caplog.text
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
