"""The outbox: owed once, one at a time a channel, and nothing sent twice without being looked up."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import alerts, channels, decisions, logits, outbox, summaries
from storage import posts as posts_storage
from storage.database import Database, open_database
from storage.outbox import News, Owed, Progress
from storage.types import (
    ChannelKey,
    Delivery,
    DeliveryKey,
    DeliveryKind,
    DeliveryState,
    DeliveryVerb,
    Lane,
    PostId,
    Reason,
    Receipt,
)
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_channel, a_decision, a_key, posts

LATER = NOW + timedelta(minutes=1)
HERE = ("console",)
"""The platforms that are connected."""


async def owe(database: Database, *keys: ChannelKey, count: int = 1) -> int:
    """Decide that many posts to alert in each of these channels, post by post; returns how many are newly owed."""

    def work(connection: sa.Connection) -> int:
        for key in keys:
            channels.save(connection, a_channel(key.channel, key=key))
        posts_storage.add(connection, posts(count), NOW)
        ids = [PostId(number) for number in range(1, count + 1)]
        model = logits.model_number(connection, MODEL, TEMPLATE)
        return decisions.add(connection, model, [a_decision(post, key) for post in ids for key in keys], NOW)

    return await database.transaction(work)


async def take(
    database: Database, *, now: datetime = NOW, lanes: Sequence[Lane] | None = None, platforms: Sequence[str] = HERE
) -> list[Delivery]:
    """Begin what is due at the head of these lanes, or of all in which anything is owed, and show what is ambiguous."""

    def work(connection: sa.Connection) -> list[Delivery]:
        asked = outbox.news(connection, 0, platforms).lanes if lanes is None else lanes
        due = [one for one in outbox.heads(connection, asked) if one.due_at <= now]
        begun = outbox.mark_sending(connection, [one for one in due if one.state is DeliveryState.PENDING])
        return [*begun, *(one for one in due if one.state is DeliveryState.AMBIGUOUS)]

    return await database.transaction(work)


def sends(key: ChannelKey) -> Lane:
    return Lane(channel=key, verb=DeliveryVerb.SEND, kind=DeliveryKind.ALERT)


async def news(database: Database, since: int = 0, platforms: Sequence[str] = HERE) -> News:
    return await database.read(lambda connection: outbox.news(connection, since, platforms))


async def take_one(database: Database, now: datetime = NOW) -> Delivery:
    (delivery,) = await take(database, now=now)
    return delivery


async def head(database: Database, lane: Lane) -> Delivery | None:
    """What stands first in a lane."""
    found = await database.read(lambda connection: outbox.heads(connection, [lane]))
    return found[0] if found else None


async def owed(database: Database) -> Owed:
    return await database.read(lambda connection: outbox.owed(connection, HERE))


async def sent(database: Database, key: DeliveryKey) -> None:
    await database.transaction(lambda connection: outbox.settle_sent(connection, key, Receipt(f"r-{key}"), NOW))


async def post_of(database: Database, delivery: Delivery) -> PostId:
    (alert,) = await database.read(lambda connection: alerts.carried_by(connection, delivery.key))
    return alert.post.id


# --- owed once -------------------------------------------------------------------------------------------------------


async def test_a_post_is_owed_to_a_channel_once_however_often_it_is_decided(database: Database) -> None:
    assert [await owe(database, a_key()), await owe(database, a_key())] == [1, 0]
    await sent(database, (await take_one(database)).key)
    assert await owe(database, a_key()) == 0
    assert await take(database) == []


async def test_a_post_refused_at_first_is_not_owed_by_a_later_decision(database: Database) -> None:
    await owe(database, a_key(), count=0)

    def decide(reason: Reason) -> Any:
        def work(connection: sa.Connection) -> int:
            posts_storage.add(connection, posts(1), NOW)
            model = logits.model_number(connection, MODEL, TEMPLATE)
            return decisions.add(connection, model, [a_decision(PostId(1), reason=reason)], NOW)

        return work

    assert await database.transaction(decide(Reason.PAUSED)) == 0
    assert await database.transaction(decide(Reason.ALERT)) == 0
    assert await take(database) == []


async def test_each_channel_is_owed_a_delivery_of_its_own_with_a_key_that_fits_every_chat(database: Database) -> None:
    one, two = a_key("one"), a_key("two")
    assert await owe(database, one, two) == 2
    first, second = await take(database)
    assert {first.channel, second.channel} == {one, two}
    assert first.key != second.key
    assert max(len(first.key), len(second.key)) <= 25  # the longest nonce that Discord takes
    assert first.kind is DeliveryKind.ALERT


async def test_channels_that_share_a_name_in_two_workspaces_are_two(database: Database) -> None:
    ours, theirs = a_key(workspace="ours"), a_key(workspace="theirs")
    assert await owe(database, ours, theirs) == 2
    assert {delivery.channel for delivery in await take(database)} == {ours, theirs}


# --- one at a time, in order -----------------------------------------------------------------------------------------


async def test_a_channel_gets_its_deliveries_one_by_one_in_the_order_of_their_decisions(database: Database) -> None:
    await owe(database, a_key(), count=4)
    seen: list[PostId] = []
    for _ in range(4):
        delivery = await take_one(database)
        assert await take(database) == [], "a second one was given out while the first was being sent"
        seen.append(await post_of(database, delivery))
        await sent(database, delivery.key)
    assert seen == [1, 2, 3, 4]
    assert await take(database) == []


async def test_what_is_taken_is_marked_as_being_sent_and_counted_before_anything_is_sent(database: Database) -> None:
    await owe(database, a_key())
    taken = await take_one(database)
    assert (taken.state, taken.attempts) == (DeliveryState.SENDING, 1)
    await database.transaction(lambda connection: outbox.try_again(connection, taken.key, "503", NOW))
    assert (await take_one(database)).attempts == 2


async def test_nothing_is_taken_before_it_is_due(database: Database) -> None:
    await owe(database, a_key())
    assert await take(database, now=NOW - timedelta(microseconds=1)) == []
    assert len(await take(database, now=NOW)) == 1


async def test_only_the_lanes_asked_for_are_looked_into(database: Database) -> None:
    one, two = a_key("one"), a_key("two")
    await owe(database, one, two)
    assert [delivery.channel for delivery in await take(database, lanes=[sends(two)])] == [two]
    assert [delivery.channel for delivery in await take(database, lanes=[sends(one)])] == [one]
    assert await take(database, lanes=[sends(a_key("nothing is owed here"))]) == []
    assert await take(database, lanes=[]) == []


async def test_the_heads_of_many_lanes_come_in_the_order_in_which_they_were_owed(database: Database) -> None:
    channel_keys = [a_key(name) for name in ("c", "a", "b")]
    await owe(database, *channel_keys)
    assert [delivery.channel for delivery in await take(database)] == channel_keys


async def test_a_lane_has_one_head_however_many_wait_in_it(database: Database) -> None:
    await owe(database, a_key(), count=40)
    found = await database.read(lambda connection: outbox.heads(connection, [sends(a_key())]))
    assert [await post_of(database, one) for one in found] == [1]


async def test_a_delivery_that_has_to_wait_holds_up_its_own_channel_and_no_other(database: Database) -> None:
    waits, goes_on = a_key("waits"), a_key("goes on")
    await owe(database, waits, goes_on, count=2)
    first, second = await take(database)
    await database.transaction(lambda connection: outbox.try_again(connection, first.key, "429", LATER))
    await sent(database, second.key)
    assert [delivery.channel for delivery in await take(database)] == [goes_on]
    assert [delivery.key for delivery in await take(database, now=LATER)] == [first.key]


async def test_what_is_owed_on_a_platform_that_is_not_connected_stays_where_it_is(database: Database) -> None:
    elsewhere = a_key(platform="slack")
    await owe(database, a_key(), elsewhere)
    assert [delivery.channel for delivery in await take(database)] == [a_key()]
    assert (await news(database)).lanes == (sends(a_key()),)
    assert await owed(database) == Owed(waiting=1, held=0, failed=0)
    assert [delivery.channel for delivery in await take(database, platforms=["slack"])] == [elsewhere]


# --- edits -----------------------------------------------------------------------------------------------------------


async def owe_edit(database: Database, edits: DeliveryKey, due_at: datetime = NOW) -> None:
    await database.transaction(lambda connection: outbox.owe_edit(connection, a_key(), edits, due_at))


async def owe_one_sent(database: Database, *, then: int = 0) -> DeliveryKey:
    """A message that the default channel has, and so many deliveries that are to follow it."""
    await owe(database, a_key(), count=1 + then)
    delivery = await take_one(database)
    await sent(database, delivery.key)
    return delivery.key


async def test_wishes_to_redraw_a_message_that_wait_are_one_and_due_when_the_first_one_is(database: Database) -> None:
    message = await owe_one_sent(database)
    await owe_edit(database, message, LATER)
    await owe_edit(database, message, LATER + timedelta(hours=1))
    assert [lane.verb for lane in (await news(database)).lanes] == [DeliveryVerb.EDIT]
    assert await take(database) == []
    (edit,) = await take(database, now=LATER)
    assert (edit.verb, edit.edits, edit.channel) == (DeliveryVerb.EDIT, message, a_key())
    await sent(database, edit.key)
    assert await take(database, now=LATER + timedelta(days=1)) == []


async def test_a_wish_that_comes_while_the_message_is_redrawn_is_another_one(database: Database) -> None:
    message = await owe_one_sent(database)
    await owe_edit(database, message)
    first = await take_one(database)
    await owe_edit(database, message)  # what is being drawn does not show it
    assert await take(database) == [], "two edits of one message at once may arrive in the wrong order"
    await sent(database, first.key)
    assert (await take_one(database)).edits == message


async def test_each_message_is_redrawn_in_its_turn(database: Database) -> None:
    await owe(database, a_key(), count=2)
    messages = []
    for _ in range(2):
        messages.append((await take_one(database)).key)
        await sent(database, messages[-1])
    for message in messages:
        await owe_edit(database, message)
    redrawn = []
    for _ in range(2):
        edit = await take_one(database)
        redrawn.append(edit.edits)
        await sent(database, edit.key)
    assert redrawn == messages


async def test_an_edit_that_waits_or_is_under_way_holds_up_no_send(database: Database) -> None:
    message = await owe_one_sent(database, then=2)
    await owe_edit(database, message, LATER)
    first = await take_one(database)
    await sent(database, first.key)
    taken = await take(database, now=LATER)
    assert [delivery.verb for delivery in taken] == [DeliveryVerb.SEND, DeliveryVerb.EDIT]
    await owe_edit(database, message, LATER)
    await sent(database, taken[0].key)
    assert (first.verb, await take(database, now=LATER)) == (DeliveryVerb.SEND, [])


async def test_a_send_that_has_to_wait_holds_up_no_edit(database: Database) -> None:
    message = await owe_one_sent(database, then=1)
    await owe_edit(database, message)
    send, edit = await take(database)
    await database.transaction(lambda connection: outbox.try_again(connection, send.key, "429", LATER))
    await database.transaction(lambda connection: outbox.try_again(connection, edit.key, "503", NOW))
    assert [delivery.key for delivery in await take(database)] == [edit.key]


async def test_while_a_message_is_looked_up_the_edits_of_its_channel_are_still_given_out(database: Database) -> None:
    message = await owe_one_sent(database, then=1)
    await owe_edit(database, message)
    send, edit = await take(database)
    await database.transaction(lambda connection: outbox.look_up(connection, send.key, "timed out", NOW))
    await database.transaction(lambda connection: outbox.try_again(connection, edit.key, "503", NOW))
    assert [delivery.key for delivery in await take(database, lanes=[edit.lane])] == [edit.key]


async def test_the_receipt_of_a_message_is_known_once_it_is_sent(database: Database) -> None:
    await owe(database, a_key())
    taken = await take_one(database)

    async def receipt(key: DeliveryKey) -> Receipt | None:
        return await database.read(lambda connection: outbox.receipt_of(connection, key))

    assert await receipt(taken.key) is None
    await sent(database, taken.key)
    assert await receipt(taken.key) == f"r-{taken.key}"
    assert await receipt(DeliveryKey("never heard of")) is None


async def test_how_far_a_delivery_has_come_is_told_with_its_latest_problem(database: Database) -> None:
    await owe(database, a_key())
    key = (await take_one(database)).key

    async def progress(key: DeliveryKey) -> Progress | None:
        return await database.read(lambda connection: outbox.progress_of(connection, key))

    assert await progress(key) == Progress(state=DeliveryState.SENDING, problem="", settled_at=None)
    await database.transaction(lambda connection: outbox.try_again(connection, key, "503", NOW))
    assert await progress(key) == Progress(state=DeliveryState.PENDING, problem="503", settled_at=None)
    await sent(database, key)
    assert await progress(key) == Progress(state=DeliveryState.SENT, problem="", settled_at=NOW)
    assert await progress(DeliveryKey("never heard of")) is None


# --- unknown outcomes ------------------------------------------------------------------------------------------------


async def test_an_unknown_outcome_comes_back_to_be_looked_up_and_is_not_marked_as_being_sent(
    database: Database,
) -> None:
    await owe(database, a_key(), count=2)
    taken = await take_one(database)
    await database.transaction(lambda connection: outbox.look_up(connection, taken.key, "timed out", LATER))
    assert await take(database) == [], "looked up before the grace was over, or overtaken by the next delivery"
    for _ in range(2):
        again = await take_one(database, now=LATER)
        assert (again.key, again.state, again.attempts) == (taken.key, DeliveryState.AMBIGUOUS, 2)


async def test_a_message_found_when_looked_up_is_sent_and_the_next_one_follows(database: Database) -> None:
    await owe(database, a_key(), count=2)
    taken = await take_one(database)
    await database.transaction(lambda connection: outbox.look_up(connection, taken.key, "timed out", NOW))
    await sent(database, taken.key)
    assert await post_of(database, await take_one(database)) == 2


async def test_a_message_not_found_when_looked_up_is_sent_again_under_the_same_key(database: Database) -> None:
    await owe(database, a_key())
    taken = await take_one(database)
    await database.transaction(lambda connection: outbox.look_up(connection, taken.key, "timed out", NOW))
    await database.transaction(lambda connection: outbox.try_again(connection, taken.key, "not there", NOW))
    again = await take_one(database)
    assert (again.key, again.state) == (taken.key, DeliveryState.SENDING)


async def test_what_was_being_sent_when_the_last_life_ended_is_looked_up_first(tmp_path: Path) -> None:
    path = tmp_path / "lapwing.db"
    async with open_database(path) as first_life:
        await owe(first_life, a_key("sending"), a_key("pending"))
        (taken,) = await take(first_life, lanes=[sends(a_key("sending"))])
    async with open_database(path) as second_life:
        assert await second_life.transaction(lambda connection: outbox.recover(connection, "console", LATER)) == 1
        assert [delivery.channel for delivery in await take(second_life)] == [a_key("pending")]
        recovered = await take_one(second_life, now=LATER)
        assert (recovered.key, recovered.state) == (taken.key, DeliveryState.AMBIGUOUS)
        # A second death right after it loses nothing: only what is being sent now is recovered.
        assert await second_life.transaction(lambda connection: outbox.recover(connection, "console", LATER)) == 1


async def test_recovery_leaves_other_platforms_alone(database: Database) -> None:
    await owe(database, a_key(platform="slack"))
    await take(database, platforms=["slack"])
    assert await database.transaction(lambda connection: outbox.recover(connection, "console", NOW)) == 0
    assert await take(database, platforms=["slack"]) == []


# --- failed and held -------------------------------------------------------------------------------------------------


async def test_a_delivery_that_failed_is_over_and_lets_the_next_one_go(database: Database) -> None:
    await owe(database, a_key(), count=2)
    taken = await take_one(database)
    await database.transaction(lambda connection: outbox.settle_failed(connection, taken.key, "too long", NOW))
    assert await owed(database) == Owed(waiting=1, held=0, failed=1)
    assert await post_of(database, await take_one(database)) == 2


async def test_what_a_suspended_channel_is_owed_is_kept_and_not_tried(database: Database) -> None:
    lost, fine = a_key("lost"), a_key("fine")
    await owe(database, lost, fine, count=3)
    (in_flight,) = await take(database, lanes=[sends(lost)])
    await database.transaction(lambda connection: outbox.hold(connection, lost, "the bot was removed"))
    assert await owed(database) == Owed(waiting=4, held=2, failed=0), "what is being sent may have arrived"
    assert [delivery.channel for delivery in await take(database, now=LATER)] == [fine]
    await sent(database, in_flight.key)
    assert sends(lost) not in (await news(database)).lanes
    assert await owed(database) == Owed(waiting=3, held=2, failed=0)


async def test_what_is_ambiguous_is_not_held(database: Database) -> None:
    await owe(database, a_key(), count=2)
    unknown = await take_one(database)
    await database.transaction(lambda connection: outbox.look_up(connection, unknown.key, "timed out", NOW))
    await database.transaction(lambda connection: outbox.hold(connection, a_key(), "the bot was removed"))
    assert await owed(database) == Owed(waiting=1, held=1, failed=0)
    assert (await take_one(database)).state is DeliveryState.AMBIGUOUS


async def test_what_was_held_is_owed_again_in_its_order_and_of_its_channel_alone(database: Database) -> None:
    back, still_lost = a_key("back"), a_key("still lost")
    await owe(database, back, still_lost, count=3)
    for key in (back, still_lost):
        await database.transaction(lambda connection, key=key: outbox.hold(connection, key, "removed"))  # type: ignore[misc]
    assert await take(database) == []
    assert await database.transaction(lambda connection: outbox.release(connection, back, LATER)) == 3
    assert await database.transaction(lambda connection: outbox.release(connection, back, LATER)) == 0
    assert await take(database) == [], "released for later"
    released = await take(database, now=LATER)
    assert [(one.channel, await post_of(database, one)) for one in released] == [(back, 1)]
    assert await owed(database) == Owed(waiting=3, held=3, failed=0)


async def test_holding_touches_nothing_that_is_settled(database: Database) -> None:
    await owe(database, a_key(), count=2)
    await sent(database, (await take_one(database)).key)
    taken = await take_one(database)
    await database.transaction(lambda connection: outbox.settle_failed(connection, taken.key, "too long", NOW))
    await database.transaction(lambda connection: outbox.hold(connection, a_key(), "the bot was removed"))
    assert await owed(database) == Owed(waiting=0, held=0, failed=1)


async def test_everything_not_settled_is_owed_whatever_its_state(database: Database) -> None:
    await owe(database, a_key("pending"), a_key("sending"), a_key("ambiguous"))
    _, unknown = await take(database, lanes=[sends(a_key("sending")), sends(a_key("ambiguous"))])
    await database.transaction(lambda connection: outbox.look_up(connection, unknown.key, "timed out", NOW))
    assert await owed(database) == Owed(waiting=3, held=0, failed=0)


# --- when to look again ----------------------------------------------------------------------------------------------


async def test_of_an_empty_outbox_there_is_no_news(database: Database) -> None:
    assert await news(database) == News(lanes=(), newest=0)


async def test_news_name_each_lane_once_and_only_those_in_which_something_newer_is_owed(database: Database) -> None:
    await owe(database, a_key("old"), count=2)
    first = await news(database)
    assert first.lanes == (sends(a_key("old")),)
    assert await news(database, first.newest) == News(lanes=(), newest=first.newest)
    await database.transaction(lambda connection: channels.save(connection, a_channel("new", key=a_key("new"))))
    await database.transaction(lambda connection: outbox.owe_notice(connection, a_key("new"), "Alerts stopped.", NOW))
    second = await news(database, first.newest)
    assert second.lanes == (Lane(channel=a_key("new"), verb=DeliveryVerb.SEND, kind=DeliveryKind.NOTICE),)
    assert set((await news(database)).lanes) == {*first.lanes, *second.lanes}
    assert (await news(database, second.newest)).lanes == ()


async def test_what_is_settled_or_held_is_no_news(database: Database) -> None:
    await owe(database, a_key("settled"), a_key("held"))
    await sent(database, (await take(database, lanes=[sends(a_key("settled"))]))[0].key)
    await database.transaction(lambda connection: outbox.hold(connection, a_key("held"), "removed"))
    assert (await news(database)).lanes == ()


async def test_a_delivery_owed_after_newer_ones_ceased_to_be_is_news_all_the_same(database: Database) -> None:
    """A number that is given a second time would be passed over by whoever read up to it before."""
    await owe(database, a_key(), count=3)
    read_up_to = (await news(database)).newest
    await database.transaction(lambda connection: summaries.sum_up(connection, a_key(), NOW + timedelta(hours=1)))
    for count, name in enumerate(("one", "two", "three"), start=1):
        other = a_key(name)
        await database.transaction(lambda connection, other=other: channels.save(connection, a_channel(key=other)))  # type: ignore[misc]
        await database.transaction(lambda connection, other=other: outbox.owe_notice(connection, other, "Hello.", NOW))  # type: ignore[misc]
        assert len((await news(database, read_up_to)).lanes) == count


async def test_the_head_of_a_lane_says_when_it_is_due(database: Database) -> None:
    await owe(database, a_key(), count=2)
    first = await take_one(database)
    await database.transaction(lambda connection: outbox.try_again(connection, first.key, "429", LATER))
    found = await head(database, sends(a_key()))
    assert found is not None
    assert (found.key, found.due_at) == (first.key, LATER), "what waits behind it is not due before it"


async def test_what_is_being_sent_stays_the_head_of_its_lane(database: Database) -> None:
    await owe(database, a_key(), count=2)
    first = await take_one(database)
    found = await head(database, sends(a_key()))
    assert found is not None
    assert (found.key, found.state) == (first.key, DeliveryState.SENDING)
    await sent(database, first.key)
    assert await post_of(database, await take_one(database)) == 2


async def test_what_is_postponed_waits_without_an_attempt(database: Database) -> None:
    await owe(database, a_key())
    waiting = await head(database, sends(a_key()))
    assert waiting is not None
    await database.transaction(lambda connection: outbox.postpone(connection, [waiting], LATER))
    assert await take(database) == []
    assert (await take_one(database, now=LATER)).attempts == 1


# --- notices ---------------------------------------------------------------------------------------------------------


async def test_a_notice_keeps_its_words(database: Database) -> None:
    await owe(database, a_key(), count=0)
    await database.transaction(lambda connection: outbox.owe_notice(connection, a_key(), "Alerts stopped.", NOW))
    (told,) = await take(database)
    assert told.kind is DeliveryKind.NOTICE
    assert await database.read(lambda connection: outbox.notice(connection, told.key)) == "Alerts stopped."


# --- what a delivery carries -----------------------------------------------------------------------------------------


async def test_a_delivery_carries_its_alert_whatever_became_of_it(database: Database) -> None:
    await owe(database, a_key("one"), a_key("two"))
    one, two = await take(database)
    await sent(database, one.key)
    (alert,) = await database.read(lambda connection: alerts.carried_by(connection, one.key))
    assert (alert.channel, alert.post.post) == (one.channel, posts(1)[0])
    assert await database.read(lambda connection: alerts.load(connection, alert.id)) == alert
    (other,) = await database.read(lambda connection: alerts.carried_by(connection, two.key))
    assert other.channel == two.channel


async def test_a_channels_latest_alerts_are_its_own_newest_first(database: Database) -> None:
    await owe(database, a_key(), a_key("another"), count=3)
    latest = await database.read(lambda connection: alerts.latest(connection, a_key(), 2))
    assert [(alert.channel, alert.post.id) for alert in latest] == [(a_key(), 3), (a_key(), 2)]


# --- cost ------------------------------------------------------------------------------------------------------------


async def plan_of(database: Database, work: Callable[[sa.Connection], object]) -> str:
    """How SQLite goes about the statements of some work that touch deliveries."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    def explained(connection: sa.Connection) -> str:
        sa.event.listen(connection, "before_cursor_execute", note)
        work(connection)
        sa.event.remove(connection, "before_cursor_execute", note)
        return "\n".join(
            row.detail
            for statement, parameters in asked
            if "deliveries" in statement and not isinstance(parameters, list)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )

    return await database.transaction(explained)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda connection: outbox.heads(connection, [sends(a_key()), sends(a_key("b"))]), id="heads"),
        pytest.param(lambda connection: outbox.news(connection, 0, HERE), id="all news"),
        pytest.param(lambda connection: summaries.sum_up(connection, a_key(), LATER), id="summing up"),
        pytest.param(lambda connection: outbox.hold(connection, a_key(), "removed"), id="holding"),
    ],
)
async def test_what_is_asked_of_the_outbox_reads_only_what_is_still_owed(
    work: Callable[[sa.Connection], object], database: Database
) -> None:
    """SQLite uses a partial index only where it can prove that the query asks for nothing outside it."""
    await owe(database, a_key(), a_key("b"), count=3)
    plan = await plan_of(database, work)
    assert "ix_deliveries_owed" in plan, plan
    assert "SCAN deliveries\n" not in f"{plan}\n", plan
    assert "ix_deliveries_state" not in plan, plan


async def test_news_since_read_nothing_that_was_read_before(database: Database) -> None:
    """Otherwise each wish to send would cost a walk through the whole backlog."""
    await owe(database, a_key(), count=3)
    plan = await plan_of(database, lambda connection: outbox.news(connection, 2, HERE))
    assert "rowid>?" in plan, plan
    assert "ix_deliveries_owed" not in plan, plan
