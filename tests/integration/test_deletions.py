"""A post deleted at its source: out of the store, out of the chat, and never shown again."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards import AlertCard
from sources.types import AccountDeletion, Cursor, Deletion
from storage import alerts, channels, decisions, deletions, logits, outbox
from storage.database import Database
from storage.inbox import SqlInbox
from storage.schema import alerts as alerts_table
from storage.schema import deliveries
from storage.types import AlertId, DeliveryKey, DeliveryState
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_channel, a_decision, a_key, a_post, an_account, posts
from tests.fakes.house import OPS, Rig, a_house, until
from tests.fakes.owing import owe_alerts, set_state, state_of, was_sent

LATER = NOW + timedelta(minutes=5)
FIRST = Deletion(source="x", id="1")

ALARM = {"id": "1", "author": "sec", "author_name": "Vera", "text": "A security hole that nobody may read about"}
OTHER = {"id": "2", "author": "sec", "text": "Security again"}
GONE = {"id": "1", "deleted": True}


async def delete(database: Database, *deleted: Deletion | AccountDeletion) -> None:
    await database.transaction(lambda connection: deletions.apply(connection, deleted, LATER))


async def edits_owed(database: Database) -> list[str]:
    query = sa.select(deliveries.c.edits).where(deliveries.c.verb == "edit", deliveries.c.state == "pending")
    return list(await database.read(lambda connection: connection.scalars(query).all()))


# --- what is owed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.HELD])
async def test_an_alert_not_yet_sent_is_withdrawn(database: Database, state: DeliveryState) -> None:
    first, second = await owe_alerts(database, count=2)
    await set_state(database, first, state)
    await delete(database, FIRST)
    assert await state_of(database, first) is DeliveryState.WITHDRAWN
    assert await state_of(database, second) is DeliveryState.PENDING
    owed = await database.read(lambda connection: outbox.owed(connection, ["console"]))
    assert (owed.waiting, owed.held, owed.failed) == (1, 0, 0), "withdrawn is neither owed nor a failure"


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.AMBIGUOUS])
async def test_a_message_in_the_chat_or_perhaps_there_is_redrawn(database: Database, state: DeliveryState) -> None:
    (key,) = await owe_alerts(database)
    await set_state(database, key, state)
    await delete(database, FIRST)
    assert await state_of(database, key) is state
    assert await edits_owed(database) == [key]


async def test_the_messages_of_a_deleted_account_go_the_way_of_its_posts(database: Database) -> None:
    sent, waiting, later = await owe_alerts(database, count=3)
    await was_sent(database, sent)
    first, second, _ = posts(3)
    gone = AccountDeletion(source="x", account_id=first.author.id, until=second.published_at)
    await delete(database, gone, FIRST)
    assert await edits_owed(database) == [sent]
    assert await state_of(database, waiting) is DeliveryState.WITHDRAWN
    assert await state_of(database, later) is DeliveryState.PENDING


async def test_an_alert_the_chat_refused_stays_refused_and_is_not_redrawn(database: Database) -> None:
    (key,) = await owe_alerts(database)
    await set_state(database, key, DeliveryState.FAILED)
    await delete(database, FIRST)
    assert (await state_of(database, key), await edits_owed(database)) == (DeliveryState.FAILED, [])


async def test_a_redrawing_of_what_is_withdrawn_is_not_owed_either(database: Database) -> None:
    (key,) = await owe_alerts(database)
    await database.transaction(lambda connection: outbox.owe_edit(connection, a_key(), key, NOW))
    await delete(database, FIRST)
    assert await edits_owed(database) == []


async def test_a_message_that_carries_several_alerts_is_redrawn_never_withdrawn(database: Database) -> None:
    first, second = await owe_alerts(database, count=2)

    def into_one(connection: sa.Connection) -> None:
        connection.execute(sa.update(alerts_table).values(delivery=first))
        connection.execute(sa.delete(deliveries).where(deliveries.c.key == second))
        connection.execute(sa.update(deliveries).values(kind="summary"))

    await database.transaction(into_one)
    await delete(database, FIRST)
    assert await state_of(database, first) is DeliveryState.PENDING
    await was_sent(database, first)
    await delete(database, Deletion(source="x", id="2"))
    assert await edits_owed(database) == [first]


async def test_a_deletion_told_twice_redraws_once(database: Database) -> None:
    (key,) = await owe_alerts(database)
    await was_sent(database, key)
    await delete(database, FIRST, FIRST)
    await settle_edits(database)
    await delete(database, FIRST)
    assert await edits_owed(database) == []


async def settle_edits(database: Database) -> None:
    change = sa.update(deliveries).where(deliveries.c.verb == "edit").values(state="sent")
    await database.transaction(lambda connection: connection.execute(change))


async def test_every_channel_that_was_alerted_is_seen_to(database: Database) -> None:
    (one,) = await owe_alerts(database)
    await was_sent(database, one)
    number = await database.read(lambda connection: connection.scalar(sa.select(alerts_table.c.post)))
    other = await another_channels_alert(database, number)
    await delete(database, FIRST)
    assert await edits_owed(database) == [one]
    assert await state_of(database, other) is DeliveryState.WITHDRAWN


async def another_channels_alert(database: Database, post: Any) -> DeliveryKey:

    def work(connection: sa.Connection) -> DeliveryKey:
        channels.save(connection, a_channel("dev"))
        model = logits.model_number(connection, MODEL, TEMPLATE)
        decisions.add(connection, model, [a_decision(post, a_key("dev"))], NOW)
        alert = alerts.of_post(connection, a_key("dev"), post)
        assert alert is not None
        key = alerts.delivery_of(connection, alert.id)
        assert key is not None
        return key

    return await database.transaction(work)


async def test_nothing_of_the_text_is_left_in_the_file(database: Database, tmp_path: Path) -> None:
    """Not even in what SQLite keeps of overwritten rows, once its journal is folded back."""
    inbox = SqlInbox(database)

    post = a_post(text="unmistakable-words " * 3, author=an_account(name="unmistakable-name"))
    await inbox.put([post], source="x", positions={"": Cursor("c")}, seen_at=NOW)
    await inbox.put([], source="x", positions={"": Cursor("d")}, seen_at=NOW, deleted=[FIRST])
    path = database.path
    with sqlite3.connect(path) as reader:
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    reader.close()
    assert b"unmistakable" not in path.read_bytes()


# --- what people see -------------------------------------------------------------------------------------------------


async def played(rig: Rig) -> None:
    await rig.say("/labels set security")
    await rig.say("/watch @sec")
    await rig.play()


async def deliver_all(rig: Rig) -> None:
    async with rig.delivering():
        await until(lambda: _nothing_owed(rig))


async def _nothing_owed(rig: Rig) -> bool:
    return (await rig.owed()).waiting == 0


async def test_a_message_that_was_sent_loses_the_text_and_keeps_the_rest(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    async with a_house(database, path, [ALARM]) as rig:
        await played(rig)
        await deliver_all(rig)
        chat = rig.chat
    async with a_house(database, path, [ALARM, GONE], chat=chat) as rig:
        await rig.play()
        await deliver_all(rig)
        (message,) = chat.messages.values()
        card = message.card
        assert isinstance(card, AlertCard)
        assert (card.text, card.author.handle, card.author.name) == ("(deleted at its source)", "sec", "")
        assert card.fallback == "security 99% · @sec: (deleted at its source)"
        assert "1 deleted there" in (await rig.say("/health")).text


async def test_a_post_deleted_before_its_alert_was_sent_is_not_shown(database: Database, tmp_path: Path) -> None:
    async with a_house(database, tmp_path / "posts.jsonl", [ALARM, OTHER, GONE]) as rig:
        await rig.say("/labels set security")
        await rig.say("/watch @sec")
        await rig.play()
        await deliver_all(rig)
        assert [message.card.fallback for message in rig.chat.messages.values()] == [
            "security 99% · @sec: Security again"
        ]


async def test_alerts_and_why_say_what_happened(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    async with a_house(database, path, [ALARM]) as rig:
        await played(rig)
    async with a_house(database, path, [ALARM, GONE]) as rig:
        await rig.play()
        listed, why = (await rig.say("/alerts")).text, (await rig.say("/why 1")).text
    assert "1 security 99% @sec: (deleted at its source)" in listed
    assert "(deleted at its source)" in why
    assert "Delivery: withdrawn before it was sent" in why
    assert "nobody may read" not in listed + why


@pytest.mark.parametrize(
    ("plays", "said"),
    [
        ([[OTHER, ALARM, GONE]], "No alert: deleted at its source, after it was seen 2026-11-02 09:00 UTC and before"),
        (
            [[OTHER, GONE], [OTHER, GONE, ALARM]],
            "No alert: deleted at its source. I was told so 2026-11-02 09:00 UTC, and have never",
        ),
    ],
    ids=["seen, then deleted", "deleted, then seen"],
)
async def test_why_says_what_became_of_a_post_deleted_before_it_was_decided(
    plays: list[list[dict[str, Any]]], said: str, database: Database, tmp_path: Path
) -> None:
    for lines in plays:
        async with a_house(database, tmp_path / "posts.jsonl", lines) as rig:
            await played(rig)
            why = (await rig.say("/why https://x.com/sec/status/1")).text
    assert why.startswith(said)
    assert [alert.post.post.id for alert in await listed(database)] == ["2"]


async def listed(database: Database) -> list[Any]:
    return await database.read(lambda connection: alerts.latest(connection, OPS, 10))


async def test_a_what_if_leaves_deleted_posts_out(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    async with a_house(database, path, [ALARM, OTHER]) as rig:
        await played(rig)
    async with a_house(database, path, [ALARM, OTHER, GONE]) as rig:
        await rig.play()
        assert "of the last 1 alert" in (await rig.say("/threshold set 99%")).text


async def test_a_retweet_of_what_was_deleted_is_not_compared_with_nothing(database: Database, tmp_path: Path) -> None:
    """The words of two deleted posts are both none; that makes neither a repeat of the other."""
    path = tmp_path / "posts.jsonl"
    repeat = ALARM | {"id": "3", "kind": "retweet"}
    async with a_house(database, path, [ALARM, repeat]) as rig:
        await played(rig)
        assert AlertId(1) in [alert.id for alert in await listed(database)]
    async with a_house(database, path, [ALARM, repeat, GONE, GONE | {"id": "3"}]) as rig:
        await rig.play()
        why = (await rig.say("/why https://x.com/sec/status/3")).text
    assert "It is a retweet of what alerted here within the day before." in why
