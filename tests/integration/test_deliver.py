"""No channel waits for another, no fault of ours blocks a lane for good, and a new start doubles nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.cards import Card, card_of
from bot.chat.base import ChannelGoneError, OutcomeUnknownError, TryLaterError
from bot.pipeline.lanes import MOST_FAILING
from bot.pipeline.supervise import Supervisor
from storage import outbox
from storage.database import Database
from storage.failpoints import Commit
from storage.types import ChannelKey, DeliveryKey, DeliveryKind, DeliveryState, Receipt
from tests.fakes.builders import a_key
from tests.fakes.clock import FakeClock
from tests.fakes.office import Office, TroubledChat

OPS, DEV, NET = (a_key(name, platform="fake") for name in ("ops", "dev", "net"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(held=True)


@pytest.fixture
async def office(database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    built = Office(database, clock, [TroubledChat(clock)])
    await built.open_channels(OPS, DEV, NET)
    yield built
    await built.assert_nothing_lost_nothing_twice()


@pytest.fixture
def chat(office: Office) -> TroubledChat:
    return office.chats["fake"]


def channels_named(kind: str, number: int, platform: str = "fake") -> list[ChannelKey]:
    return [a_key(f"{kind} {one}", platform=platform) for one in range(number)]


# --- no channel waits for another ------------------------------------------------------------------------------------


async def test_channels_that_hang_keep_the_healthy_ones_of_their_platform_waiting_for_one_time_out_at_most(
    office: Office, chat: TroubledChat
) -> None:
    hanging, healthy = channels_named("hanging", 150), channels_named("healthy", 50)
    await office.open_channels(*hanging, *healthy)
    chat.hanging |= set(hanging)
    await office.alert(*hanging, *healthy)
    async with office.delivering():
        await office.advance(20)  # nobody knows yet who hangs
        await office.advance(1)
        assert {channel for channel in healthy if chat.singles(channel)} == set(healthy)
        # From now on those that hang have places of their own, while they are sent to as while they are looked up.
        await office.advance(30)
        chat.most_under_way = 0
        for _ in range(8):
            await office.alert(*healthy)
            await office.advance(1)
            assert {len(chat.singles(channel)) for channel in healthy} == {len(chat.singles(healthy[0]))}
            assert not [
                channel
                for channel, _, state in await office.rows(DeliveryKind.ALERT)
                if channel in healthy and state is not DeliveryState.SENT
            ]
            await office.advance(20, steps=2)
        assert 0 < chat.most_under_way <= MOST_FAILING
        chat.hanging.clear()
        await office.settled(step_s=20)


async def test_a_platform_that_hangs_beside_a_healthy_one_is_none_of_its_business(
    database: Database, clock: FakeClock
) -> None:
    stuck, well = TroubledChat(clock, "stuck"), TroubledChat(clock, "well")
    office = Office(database, clock, [stuck, well])
    hanging, healthy = channels_named("c", 150, "stuck"), channels_named("c", 90, "well")
    await office.open_channels(*hanging, *healthy)
    stuck.hanging |= set(hanging)
    await office.alert(*hanging, *healthy)
    async with office.delivering():
        assert {channel for channel in healthy if well.singles(channel)} == set(healthy), "no time has passed"
        stuck.hanging.clear()
        await office.settled(step_s=20)
    await office.assert_nothing_lost_nothing_twice()


@pytest.mark.parametrize(
    "trouble",
    [TryLaterError("429", retry_after_s=60.0), OutcomeUnknownError("cut"), ChannelGoneError("kicked")],
    ids=["limited", "cut", "gone"],
)
async def test_a_channel_in_trouble_keeps_no_other_waiting(
    trouble: Exception, office: Office, chat: TroubledChat
) -> None:
    class Picky(TroubledChat):
        async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
            if channel == OPS and not self.attempts[OPS]:
                self.attempts[OPS] += 1
                raise trouble
            return await super().send(channel, card, key)

    office.chats["fake"] = picky = Picky(office.clock)
    async with office.delivering():
        await office.alert(OPS, DEV, count=5)
        assert [len(picky.singles(OPS)), len(picky.singles(DEV))] == [0, 5]
        await office.advance(400, steps=8)
        await office.settled()


async def test_a_channel_gets_one_message_a_second_and_others_theirs_meanwhile(
    office: Office, chat: TroubledChat
) -> None:
    chat.pace = timedelta(seconds=1)
    async with office.delivering():
        await office.alert(OPS, DEV, count=4)
        seen = []
        for _ in range(4):
            seen.append((len(chat.singles(OPS)), len(chat.singles(DEV))))
            await office.advance(0.98)
            assert len(chat.messages) == sum(seen[-1]), "sooner than a second after the last one"
            await office.advance(0.04)
    assert seen == [(1, 1), (2, 2), (3, 3), (4, 4)]


async def test_edits_do_not_wait_for_the_pace_of_messages(office: Office, chat: TroubledChat) -> None:
    chat.pace = timedelta(seconds=3600)
    async with office.delivering():
        await office.alert(OPS)
        (message,) = chat.messages.values()
        await office.alert(OPS)
        await office.database.transaction(
            lambda connection: outbox.owe_edit(connection, OPS, message.key, office.clock.now())
        )
        await office.advance(1)
        assert [chat.edits, len(chat.messages)] == [1, 1]
        await office.settled(step_s=600, within_s=7200)


async def test_nothing_is_asked_again_and_again_while_there_is_nothing_to_do(
    office: Office, chat: TroubledChat
) -> None:
    """What waits, hangs, is held or rests costs no look at the database until its time has come."""
    hanging = channels_named("hanging", 120)
    await office.open_channels(*hanging)
    chat.hanging |= {*hanging, OPS}
    chat.gone[DEV] = "kicked"
    await office.alert(*hanging, OPS, DEV, count=2)
    async with office.delivering():
        before = office.database.asked
        await asyncio.sleep(0.2)
        assert office.database.asked == before
        await office.advance(20)
        before = office.database.asked
        await asyncio.sleep(0.2)
        assert office.database.asked == before
        chat.hanging.clear()
        chat.gone.clear()
        await office.advance(300)
        await office.settled(step_s=20)


# --- faults of our own -----------------------------------------------------------------------------------------------


class Faulty(TroubledChat):
    """A chat whose adapter has a bug with one text, before or after the message is out."""

    kept = False
    finds_too = False

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        receipt = await super().send(channel, card, key) if self.kept else None
        if "odd" in card.fallback:
            self.tried[key] += not self.kept
            raise KeyError("blocks")
        return receipt or await super().send(channel, card, key)

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        if self.finds_too:
            raise KeyError("history")
        return await super().find(channel, key)


async def test_a_message_that_our_own_fault_keeps_from_going_is_given_up_and_those_behind_it_go(
    database: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    chat = Faulty(clock)
    office = Office(database, clock, [chat])
    await office.open_channels(OPS)
    async with office.delivering():
        await office.alert(OPS, text="odd")
        await office.alert(OPS, count=2)
        await office.settled()
    (key,) = [key for _, key, state in await office.rows(DeliveryKind.ALERT) if state is DeliveryState.FAILED]
    assert 2 <= chat.tried[key] <= 10
    assert len(chat.singles(OPS)) == 2
    progress = await database.read(lambda connection: outbox.progress_of(connection, key))
    assert progress is not None
    assert progress.problem == "KeyError: 'blocks'"
    assert "fault delivery=" in caplog.text


async def test_a_fault_after_the_message_is_out_doubles_nothing(database: Database, clock: FakeClock) -> None:
    chat = Faulty(clock)
    chat.kept = True
    office = Office(database, clock, [chat])
    await office.open_channels(OPS)
    async with office.delivering():
        await office.alert(OPS, text="odd")
        await office.settled()
    assert len(chat.singles(OPS)) == 1
    await office.assert_nothing_lost_nothing_twice()


async def test_a_fault_in_looking_up_too_is_given_up_in_the_end(database: Database, clock: FakeClock) -> None:
    chat = Faulty(clock)
    chat.finds_too = True
    office = Office(database, clock, [chat])
    await office.open_channels(OPS)
    async with office.delivering():
        await office.alert(OPS, text="odd")
        await office.alert(OPS)
        await office.settled()
    assert (await office.count()).failed == 1
    assert len(chat.singles(OPS)) == 1


async def test_what_is_cancelled_inside_the_chats_own_client_is_looked_up_like_any_other_fault(
    database: Database, clock: FakeClock
) -> None:
    """Nobody ended the delivery, and its lane must not stand still for ever."""

    class Cancelling(TroubledChat):
        async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
            receipt = await super().send(channel, card, key)
            if self.tried.total() == 1:
                raise asyncio.CancelledError
            return receipt

    chat = Cancelling(clock)
    office = Office(database, clock, [chat])
    await office.open_channels(OPS)
    async with office.delivering():
        await office.alert(OPS, count=2)
        await office.settled(within_s=60)
    assert len(chat.singles(OPS)) == 2
    await office.assert_nothing_lost_nothing_twice()


# --- started again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [True, False], ids=["the chat has it", "the chat does not have it"])
async def test_started_again_while_sends_were_under_way_it_looks_them_up(
    kept: bool, office: Office, chat: TroubledChat
) -> None:
    chat.hanging |= {OPS, DEV}
    async with asyncio.timeout(30):
        supervisor = Supervisor(office.clock)
        supervisor.start("deliver", office.deliver.run)
        await office.alert(OPS, DEV, count=2)
        assert chat.under_way == 2
        first = [key for _, key, state in await office.rows(DeliveryKind.ALERT) if state is DeliveryState.SENDING]
        chat.hanging.clear()
        if kept:
            for (channel, key, _), card in zip(await office.rows(DeliveryKind.ALERT), await cards(office), strict=True):
                if key in first:
                    await chat.send(channel, card, key)
        office.database.fail_next(Commit.TAKE_DELIVERIES, ZeroDivisionError("a bug"))
        await office.alert(NET)
        assert chat.under_way == 0, "they were cut when the task died"
        await office.advance(40, steps=8)
        await office.settled(within_s=60)
        await supervisor.end_all()
    assert [life.deaths for life in supervisor.lives] == [1]
    assert set(first) <= set(chat.finds)
    assert len(chat.messages) == 5


async def cards(office: Office) -> list[Card]:
    """What each delivery says."""
    return [card_of(await office.carried_by(key)) for _, key, _ in await office.rows(DeliveryKind.ALERT)]


async def test_told_to_stop_it_begins_nothing_more_and_lets_end_what_is_under_way(
    office: Office, chat: TroubledChat
) -> None:
    chat.hanging.add(OPS)
    chat.keeps_what_hangs = True
    async with asyncio.timeout(30):
        running = asyncio.ensure_future(office.deliver.run())
        await office.alert(OPS, count=2)
        office.deliver.stop()
        await office.still()
        assert not running.done()
        chat.hanging.clear()
        await office.advance(20)
        await running
        states = [state for _, _, state in await office.rows(DeliveryKind.ALERT)]
        assert states == [DeliveryState.AMBIGUOUS, DeliveryState.PENDING]
    office.deliver = office.new_deliver()
    async with office.delivering():
        await office.settled()


async def test_an_alert_owed_while_others_are_summed_up_is_not_forgotten(office: Office, chat: TroubledChat) -> None:
    """Deliveries that went into a summary cease to be; the next one owed must not pass for one that was seen."""
    old = office.clock.now()
    await office.clock.advance(3600)
    async with office.delivering():
        office.database.after_next(Commit.TAKE_DELIVERIES, lambda: office.alert_quietly(DEV))
        await office.alert(OPS, count=20, seen_at=old)
        await office.settled(within_s=60)
    assert len(chat.singles(DEV)) == 1
