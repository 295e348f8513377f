"""What an outage made old comes as one message a channel; what is new comes as usual; nothing is lost or told twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.cards import AlertCard, SummaryCard
from bot.chat.base import OutcomeUnknownError
from storage import judgements, outbox, summaries
from storage.database import Database
from storage.types import AlertId, ChannelKey, DeliveryKey, DeliveryKind, DeliveryState, Settlement
from tests.fakes.builders import MODEL, TEMPLATE, a_judgement, a_key
from tests.fakes.clock import FakeClock
from tests.fakes.office import Office, TroubledChat

OPS, DEV, NET = (a_key(name, platform="fake") for name in ("ops", "dev", "net"))


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    clock = FakeClock(held=True)
    built = Office(database, clock, [TroubledChat(clock)])
    await built.open_channels(OPS, DEV, NET)
    yield built
    await built.assert_nothing_lost_nothing_twice()


@pytest.fixture
def chat(office: Office) -> TroubledChat:
    return office.chats["fake"]


async def kinds(office: Office) -> list[tuple[ChannelKey, DeliveryState]]:
    """The summaries there are."""
    return [(channel, state) for channel, _, state in await office.rows(DeliveryKind.SUMMARY)]


async def test_after_an_hour_without_the_chat_each_channel_gets_one_summary_and_what_is_new_one_by_one(
    office: Office, chat: TroubledChat
) -> None:
    async with office.delivering():
        chat.away = True
        await office.alert(OPS, DEV, NET, count=30)
        await office.advance(3600, steps=12)
        await office.alert(OPS, DEV, NET, count=3)
        assert chat.messages == {}
        chat.away = False
        await office.settled()
    for channel in (OPS, DEV, NET):
        (summary,) = chat.summaries(channel)
        assert summary.total == 30
        assert [card.alert for card in chat.singles(channel)] == sorted(card.alert for card in chat.singles(channel))
        assert len(chat.singles(channel)) == 3


async def test_what_became_old_while_what_is_new_came_in_between_is_all_in_one_summary(
    office: Office, chat: TroubledChat
) -> None:
    async with office.delivering():
        chat.away = True
        for _ in range(18):
            await office.alert(OPS)
            await office.advance(200)
        chat.away = False
        await office.settled()
    # What becomes old while it waits for its next try may share a second one, no more.
    first, *rest = chat.summaries(OPS)
    assert first.total >= 9, "of eighteen, one each 200 s, so many were older than half an hour"
    assert len(rest) <= 1


async def test_a_single_old_alert_is_sent_as_its_own_card(office: Office, chat: TroubledChat) -> None:
    async with office.delivering():
        chat.away = True
        await office.alert(OPS)
        await office.advance(3600, steps=6)
        chat.away = False
        await office.settled()
    (card,) = chat.cards(OPS)
    assert isinstance(card, AlertCard)


@pytest.mark.parametrize(("minutes", "summed"), [(29.9, False), (30.1, True)])
async def test_what_is_old_is_told_by_when_its_post_was_seen(
    minutes: float, summed: bool, office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=2, seen_at=office.clock.now() - timedelta(minutes=minutes))
    async with office.delivering():
        await office.settled()
    assert bool(chat.summaries(OPS)) is summed


async def test_new_alerts_do_not_wait_for_a_summary_that_is_held_up(office: Office, chat: TroubledChat) -> None:
    await office.alert(OPS, count=5)
    await office.wait_to_be_decided()
    await office.clock.advance(3600)
    async with office.delivering():
        await office.alert(OPS, count=2)
        await office.advance(1)
        assert [len(chat.singles(OPS)), len(chat.summaries(OPS))] == [2, 0]
        await office.settled(step_s=60)


# --- more may be on its way ------------------------------------------------------------------------------------------


async def test_a_summary_waits_until_posts_as_old_are_decided_and_holds_their_alerts(
    office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=5)
    undecided = await office.wait_to_be_decided()
    old = office.clock.now()
    await office.clock.advance(3600)
    async with office.delivering():
        await office.advance(120, steps=6)
        assert chat.messages == {}, "sent while more was on its way"
        await office.alert(OPS, count=4, seen_at=old)
        await office.inbox.settle(
            Settlement(posts=tuple(undecided), model=MODEL, template=TEMPLATE, decided_at=office.clock.now())
        )
        await office.settled(within_s=30)
    (summary,) = chat.summaries(OPS)
    assert summary.total == 9


async def test_a_summary_waits_for_ten_minutes_at_most(office: Office, chat: TroubledChat) -> None:
    await office.alert(OPS, count=5)
    await office.wait_to_be_decided()
    await office.clock.advance(3600)
    async with office.delivering():
        await office.advance(590, steps=10)
        assert chat.messages == {}
        await office.advance(20, steps=2)
        assert [card.total for card in chat.summaries(OPS)] == [5]


async def test_what_is_undecided_and_new_keeps_no_summary_waiting(office: Office, chat: TroubledChat) -> None:
    await office.alert(OPS, count=5)
    await office.clock.advance(3600)
    await office.wait_to_be_decided()
    async with office.delivering():
        await office.advance(1)
        assert len(chat.summaries(OPS)) == 1


async def test_a_second_outage_days_later_is_waited_for_as_the_first_was(office: Office, chat: TroubledChat) -> None:
    async with office.delivering():
        for _ in range(2):
            undecided, old = await office.wait_to_be_decided(), office.clock.now()
            await office.clock.advance(3600)
            await office.alert(OPS, count=5, seen_at=old)
            before = len(chat.messages)
            await office.advance(300, steps=5)
            assert len(chat.messages) == before, "not waited for"
            await office.advance(400, steps=7)
            assert len(chat.messages) == before + 1
            await office.inbox.settle(
                Settlement(posts=tuple(undecided), model=MODEL, template=TEMPLATE, decided_at=office.clock.now())
            )
            await office.clock.advance(86_400)


async def test_old_alerts_that_stand_behind_new_ones_are_in_the_summary_too(office: Office, chat: TroubledChat) -> None:
    """What is fresh is decided before what an outage left, so it stands first in the lane, one a second."""
    chat.pace = timedelta(seconds=1)
    old = office.clock.now()
    await office.alert(OPS, count=5)
    undecided = await office.wait_to_be_decided()
    await office.clock.advance(3600)
    async with office.delivering():
        await office.advance(10, steps=2)
        await office.alert(OPS, count=20)
        await office.alert(OPS, count=4, seen_at=old)
        await office.inbox.settle(
            Settlement(posts=tuple(undecided), model=MODEL, template=TEMPLATE, decided_at=office.clock.now())
        )
        await office.settled(step_s=1)
    assert [card.total for card in chat.summaries(OPS)] == [9]
    assert len(chat.singles(OPS)) == 20


# --- what people do about it -----------------------------------------------------------------------------------------


async def judge(office: Office, alert: AlertId, delivery: DeliveryKey) -> None:
    """As the handler does: store it, and wish the card redrawn in two seconds."""
    now = office.clock.now()

    def work(connection: sa.Connection) -> None:
        judgements.give(connection, OPS, a_judgement(alert, given_at=now))
        outbox.owe_edit(connection, OPS, delivery, now + timedelta(seconds=2))

    await office.database.transaction(work)
    office.owed.ring()


async def test_the_alerts_of_a_summary_point_to_it_and_a_judgement_on_one_redraws_it(
    office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=12)
    await office.clock.advance(3600)
    async with office.delivering():
        await office.settled()
        carried = await office.carried()
        (message,) = chat.messages.values()
        assert set(carried.values()) == {message.key}
        assert [one.id for one in await office.carried_by(message.key)] == sorted(carried)
        strongest = chat.summaries(OPS)[0].strongest[0].alert
        await judge(office, strongest, carried[strongest])
        await office.settled()
    (summary,) = chat.summaries(OPS)
    assert {one.alert: one.judged for one in summary.strongest if one.judged} == {strongest: "relevant by Ada"}
    assert chat.edits == 1


async def test_an_edit_wished_for_an_alert_that_went_into_a_summary_is_over_and_the_summary_shows_it(
    office: Office, chat: TroubledChat
) -> None:
    chat.away = True
    async with office.delivering():
        await office.alert(OPS, count=3)
        for alert, delivery in (await office.carried()).items():
            await judge(office, alert, delivery)
        await office.advance(3600, steps=6)
        chat.away = False
        await office.settled()
    (summary,) = chat.summaries(OPS)
    assert [one.judged for one in summary.strongest] == ["relevant by Ada"] * 3
    assert await office.count() == outbox.Owed(waiting=0, held=0, failed=0)


# --- crashes and unknown outcomes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_summary_that_was_being_sent_at_a_crash_is_looked_up_and_not_grown(
    arrived: bool, office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=4)
    old = office.clock.now()
    await office.clock.advance(3600)
    chat.hanging.add(OPS)
    async with office.delivering():
        assert await kinds(office) == [(OPS, DeliveryState.SENDING)]
    ((_, key, _),) = await office.rows(DeliveryKind.SUMMARY)
    chat.hanging.clear()
    if arrived:
        await chat.send(OPS, summary_of(chat, 4), key)
    await office.alert(OPS, count=2, seen_at=old)
    office.deliver = office.new_deliver()
    async with office.delivering():
        assert (OPS, DeliveryState.AMBIGUOUS) in await kinds(office)
        assert len(await office.carried_by(key)) == 4, "grown though the chat may have it"
        await office.settled()
    assert key in chat.finds
    assert sum(message.key == key for message in chat.messages.values()) == 1
    assert chat.tried[key] == 2, "sent once by the first life, once by this test or by the second life"
    if arrived:
        assert sorted(card.total for card in chat.summaries(OPS)) == [2, 4]


def summary_of(chat: TroubledChat, total: int) -> SummaryCard:
    """What the first life had said before it died: the card itself does not matter, its key does."""
    now = chat.clock.now()
    return SummaryCard(total=total, by_label=(("security", total),), first_at=now, last_at=now, strongest=())


@pytest.mark.parametrize("problem", ["delivered", "cut before it arrived"])
async def test_a_summary_of_unknown_outcome_is_looked_up_and_sent_once(
    problem: str, office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=4)
    await office.clock.advance(3600)
    chat.fail_next(OutcomeUnknownError(problem))
    async with office.delivering():
        await office.settled()
    assert [card.total for card in chat.summaries(OPS)] == [4]


async def test_a_summary_under_way_is_not_grown_and_what_comes_late_gets_its_own(
    office: Office, chat: TroubledChat
) -> None:
    await office.alert(OPS, count=4)
    old = office.clock.now()
    await office.clock.advance(3600)
    chat.hanging.add(OPS)
    chat.keeps_what_hangs = True
    async with office.delivering():
        assert await kinds(office) == [(OPS, DeliveryState.SENDING)]
        await office.alert(OPS, count=3, seen_at=old)
        chat.hanging.clear()
        await office.settled()
    assert sorted(card.total for card in chat.summaries(OPS)) == [3, 4]


async def test_an_old_alert_of_unknown_outcome_goes_into_no_summary_before_it_is_looked_up(
    office: Office, chat: TroubledChat
) -> None:
    chat.fail_next(OutcomeUnknownError("delivered"))
    async with office.delivering():
        await office.alert(OPS, count=3)
        chat.away = True
        await office.advance(3600, steps=6)
        chat.away = False
        await office.settled()
    assert [len(chat.singles(OPS)), [card.total for card in chat.summaries(OPS)]] == [1, [2]]


async def test_what_was_held_for_an_hour_comes_as_a_summary(office: Office, chat: TroubledChat) -> None:
    chat.gone[OPS] = "I was removed from #ops"
    async with office.delivering():
        await office.alert(OPS, DEV, count=6)
        assert (await office.count()).held == 6
        await office.advance(3600, steps=6)
        chat.gone.clear()
        await office.advance(300)
        await office.settled()
    assert [card.total for card in chat.summaries(OPS)] == [6]
    assert len(chat.singles(DEV)) == 6


# --- the rows --------------------------------------------------------------------------------------------------------


async def test_summing_up_takes_only_what_is_old_waits_and_is_of_the_channel(office: Office) -> None:
    now = office.clock.now()
    await office.alert(OPS, DEV, count=3, seen_at=now - timedelta(hours=1))
    await office.alert(OPS, count=2)
    await office.database.transaction(lambda connection: summaries.sum_up(connection, OPS, now))
    assert [len(await office.carried_by(key)) for _, key, _ in await office.rows(DeliveryKind.SUMMARY)] == [3]
    rows = [channel for channel, _, _ in await office.rows(DeliveryKind.ALERT)]
    assert (rows.count(OPS), rows.count(DEV)) == (2, 3)
    await office.database.transaction(lambda connection: summaries.sum_up(connection, OPS, now))
    assert len(await office.rows(DeliveryKind.SUMMARY)) == 1
    async with office.delivering():
        await office.settled()


async def test_a_summary_carries_five_thousand_and_another_one_the_rest(office: Office, chat: TroubledChat) -> None:
    await office.alert(OPS, count=6_000, seen_at=office.clock.now() - timedelta(hours=1))
    async with office.delivering():
        await office.settled()
    assert [card.total for card in chat.summaries(OPS)] == [5_000, 1_000]
    assert chat.singles(OPS) == []
