"""A channel that cannot be sent to: settings kept, what waits is held, somebody is told once, and it ends by itself."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.cards import NoticeCard
from bot.chat.base import OutcomeUnknownError
from storage import audit, channels, outbox
from storage.database import Database
from storage.outbox import Owed
from storage.types import Channel, ChannelKey, DeliveryKind, DeliveryState
from tests.fakes.builders import a_channel, a_key
from tests.fakes.clock import FakeClock
from tests.fakes.office import Office, TroubledChat

OPS, DEV = (a_key(name, platform="fake") for name in ("ops", "dev"))
ADA, BEN = (ChannelKey(platform="fake", workspace="local", channel=f"direct-{person}") for person in ("U1", "U2"))

WHY = "I was removed from #ops."


@pytest.fixture
async def office(database: Database) -> Office:
    clock = FakeClock(held=True)
    built = Office(database, clock, [TroubledChat(clock)])
    await built.open_channels(OPS, DEV)
    return built


@pytest.fixture
def chat(office: Office) -> TroubledChat:
    return office.chats["fake"]


async def change(office: Office, key: ChannelKey, actor: str, name: str, threshold: float) -> None:
    """Somebody changes a setting of a channel."""

    def work(connection: sa.Connection) -> None:
        before = channels.load(connection, key)
        assert before is not None
        after = a_channel(key.channel, key=key, threshold=threshold)
        channels.save(connection, after)
        by = audit.By(actor=actor, actor_name=name, command="/threshold set", at=office.clock.now())
        audit.record(connection, before=before, after=after, by=by)

    await office.database.transaction(work)
    await office.watch_list.refresh()


async def stored(office: Office, key: ChannelKey) -> Channel:
    found = await office.database.read(lambda connection: channels.load(connection, key))
    assert found is not None
    return found


def told(chat: TroubledChat, person: ChannelKey) -> list[str]:
    return [card.text for card in chat.cards(person) if isinstance(card, NoticeCard)]


# --- suspended -------------------------------------------------------------------------------------------------------


async def test_a_channel_that_is_gone_is_suspended_its_settings_kept_and_what_waits_is_held(
    office: Office, chat: TroubledChat
) -> None:
    before = await stored(office, OPS)
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS, DEV, count=3)
    after = await stored(office, OPS)
    assert after.suspended == WHY
    assert (after.labels, after.watches, after.alerts) == (before.labels, before.watches, before.alerts)
    assert await office.count() == Owed(waiting=0, held=3, failed=0)
    assert chat.attempts[OPS] == 1, "tried again though the chat had said that it is gone"
    assert len(chat.singles(DEV)) == 3
    known = office.watch_list.channel(OPS)
    assert known is not None
    assert known.suspended == WHY, "posts are decided by the watch list"


async def test_what_is_owed_to_a_suspended_channel_later_is_held_too(office: Office, chat: TroubledChat) -> None:
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS)
        await office.alert(OPS, count=2)  # decided before the watch list knew
        assert await office.count() == Owed(waiting=0, held=3, failed=0)


async def test_a_channel_that_is_gone_when_its_message_is_redrawn_is_suspended(
    office: Office, chat: TroubledChat
) -> None:
    async with office.delivering():
        await office.alert(OPS)
        (message,) = chat.messages.values()
        chat.gone[OPS] = WHY
        await office.database.transaction(
            lambda connection: outbox.owe_edit(connection, OPS, message.key, office.clock.now())
        )
        await office.advance(1)
        assert await office.count() == Owed(waiting=0, held=1, failed=0)
        assert (await stored(office, OPS)).suspended == WHY


# --- told ------------------------------------------------------------------------------------------------------------


async def test_whoever_changed_the_settings_last_is_told_once(office: Office, chat: TroubledChat) -> None:
    await change(office, OPS, "U2", "Ben", 0.5)
    await change(office, OPS, "U1", "Ada", 0.6)
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS, count=3)
        await office.alert(OPS, count=3)
        await office.advance(3600, steps=4)
    (text,) = told(chat, ADA)
    assert "#ops" in text
    assert "I was removed from #ops" in text
    assert told(chat, BEN) == []


async def test_where_nobody_changed_anything_nobody_is_told(office: Office, chat: TroubledChat) -> None:
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS)
    assert chat.messages == {}
    assert await office.rows(DeliveryKind.NOTICE) == []


async def test_a_person_who_cannot_be_told_is_no_further_trouble(office: Office, chat: TroubledChat) -> None:
    await change(office, OPS, "U1", "Ada", 0.6)
    chat.gone = {OPS: WHY, ADA: "She left the team."}
    async with office.delivering():
        await office.alert(OPS)
        assert await office.count() == Owed(waiting=0, held=2, failed=0)
        chat.gone.clear()
        await office.advance(300)
        await office.settled()
    assert len(told(chat, ADA)) == 1


async def test_a_chat_that_can_be_asked_but_not_sent_to_tells_nobody_every_five_minutes(
    office: Office, chat: TroubledChat
) -> None:
    """As where the question does not see what is missing: it would be asked, resumed and suspended without end."""

    class Unaware(TroubledChat):
        async def can_send(self, channel: ChannelKey) -> str | None:
            return None

    unaware = Unaware(office.clock)
    unaware.gone[OPS] = WHY
    office.chats["fake"] = unaware
    await change(office, OPS, "U1", "Ada", 0.6)
    async with office.delivering():
        await office.alert(OPS)
        await office.advance(3600, steps=12)
        assert len(told(unaware, ADA)) == 1
        await office.advance(86_400, steps=2)
        assert len(told(unaware, ADA)) == 2, "after a day it may be said again"


# --- resumed ---------------------------------------------------------------------------------------------------------


async def test_a_channel_that_can_be_sent_to_again_goes_on_by_itself_and_gets_what_was_held_once(
    office: Office, chat: TroubledChat
) -> None:
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS, count=3)
        await office.advance(300)
        assert (await stored(office, OPS)).suspended == WHY
        chat.gone.clear()
        await office.advance(300)
        await office.settled(within_s=10)
        assert (await stored(office, OPS)).suspended == ""
        assert len(chat.singles(OPS)) == 3
        await office.advance(3600, steps=4)
    await office.assert_nothing_lost_nothing_twice()
    known = office.watch_list.channel(OPS)
    assert known is not None
    assert known.suspended == ""


async def test_while_the_chat_itself_is_away_a_suspension_stays_and_is_asked_about_again(
    office: Office, chat: TroubledChat
) -> None:
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS)
        chat.gone.clear()
        chat.away = True
        await office.advance(600, steps=2)
        assert (await stored(office, OPS)).suspended == WHY
        chat.away = False
        await office.advance(300)
        await office.settled(within_s=10)
    await office.assert_nothing_lost_nothing_twice()


async def test_a_suspension_outlasts_the_program(office: Office, chat: TroubledChat) -> None:
    chat.gone[OPS] = WHY
    async with office.delivering():
        await office.alert(OPS)
    office.deliver = office.new_deliver()
    async with office.delivering():
        await office.advance(200)
        assert chat.attempts[OPS] == 1
        chat.gone.clear()
        await office.advance(300)
        await office.settled(within_s=10)
    await office.assert_nothing_lost_nothing_twice()


async def test_a_fault_while_one_channel_is_asked_keeps_no_other_from_being_resumed(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(TroubledChat):
        async def can_send(self, channel: ChannelKey) -> str | None:
            if channel == DEV:
                raise KeyError("permissions")
            return await super().can_send(channel)

    faulty = Faulty(office.clock)
    office.chats["fake"] = faulty
    faulty.gone = {DEV: WHY, OPS: WHY}
    async with office.delivering():
        await office.alert(DEV, OPS)
        faulty.gone.clear()
        await office.advance(300)
        assert (await stored(office, OPS)).suspended == ""
        assert len(faulty.singles(OPS)) == 1
    assert "KeyError" in caplog.text


async def test_a_channel_whose_answer_does_not_come_keeps_no_other_from_being_resumed(office: Office) -> None:
    class Slow(TroubledChat):
        async def can_send(self, channel: ChannelKey) -> str | None:
            if channel == DEV:
                await asyncio.Event().wait()
            return await super().can_send(channel)

    slow = Slow(office.clock)
    office.chats["fake"] = slow
    slow.gone = {DEV: WHY, OPS: WHY}
    async with office.delivering():
        await office.alert(DEV, OPS)
        slow.gone.clear()
        await office.advance(300)
        assert (await stored(office, OPS)).suspended == ""


# --- what is under way -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_is_ambiguous_in_a_suspended_channel_is_looked_up_and_never_held(
    arrived: bool, office: Office, chat: TroubledChat
) -> None:
    chat.fail_next(OutcomeUnknownError("delivered" if arrived else "cut"))
    async with office.delivering():
        await office.alert(OPS, count=2)
        chat.gone[OPS] = WHY
        await office.advance(31)
        assert [state for _, _, state in await office.rows(DeliveryKind.ALERT)] == [
            DeliveryState.AMBIGUOUS,
            DeliveryState.HELD,
        ]
        chat.gone.clear()
        await office.advance(600, steps=4)
        await office.settled(within_s=60)
    await office.assert_nothing_lost_nothing_twice()
    assert sum(chat.tried.values()) == (2 if arrived else 3)


async def test_what_another_lane_is_sending_at_that_moment_is_not_held(office: Office, chat: TroubledChat) -> None:
    """It may have arrived: held and sent again after the suspension, it would appear twice."""
    chat.hanging.add(OPS)
    chat.keeps_what_hangs = True
    async with office.delivering():
        await office.alert(OPS)
        chat.hanging.clear()
        chat.gone[OPS] = WHY
        await office.database.transaction(
            lambda connection: outbox.owe_notice(connection, OPS, "Something else.", office.clock.now())
        )
        await office.advance(1)
        states = dict(
            zip(("alert", "notice"), [state for _, _, state in await office.rows(*DeliveryKind)], strict=True)
        )
        assert states == {"alert": DeliveryState.SENDING, "notice": DeliveryState.HELD}
        chat.gone.clear()
        await office.advance(timedelta(minutes=11).total_seconds(), steps=11)
        await office.settled(within_s=60)
    assert len(chat.singles(OPS)) == 1
    await office.assert_nothing_lost_nothing_twice()
