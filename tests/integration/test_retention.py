"""What is old is forgotten, what is owed is not, and that a post was seen is never forgotten."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.pipeline.keeping import Keeping
from sources.types import Cursor, Deletion
from storage import alerts, judgements, logits, outbox, retention, sqlite
from storage.database import Database
from storage.inbox import SqlInbox
from storage.retention import Mark, Pass
from storage.schema import alerts as alerts_table
from storage.schema import deliveries, metadata, notices
from storage.schema import posts as posts_table
from storage.types import AlertId, DeliveryState, PostId, PostLogits, Removed
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_judgement, a_key, a_post, posts
from tests.fakes.clock import FakeClock
from tests.fakes.house import a_house, until
from tests.fakes.owing import owe_alerts, set_state, state_of, was_sent

LATER = NOW + timedelta(days=1)
EMPTIED = ("alerts", "alert_labels", "deliveries", "decisions", "logits", "judgements", "inbox", "notices")


async def forget(database: Database, *, limit: int = 100, after: Mark | None = None) -> Pass:
    return await database.transaction(lambda connection: retention.forget_posts(connection, LATER, after, limit))


async def counts(database: Database) -> dict[str, int]:
    def work(connection: sa.Connection) -> dict[str, int]:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables[name])) or 0
            for name in EMPTIED
        }

    return await database.read(work)


async def removed(database: Database) -> dict[str, str | None]:
    query = sa.select(posts_table.c.post_id, posts_table.c.removed)
    return dict(await database.read(lambda connection: [(r.post_id, r.removed) for r in connection.execute(query)]))


async def whole_story(database: Database, count: int = 2) -> None:
    """Posts that alerted, were sent, judged and redrawn, with all that the model said of them."""
    keys = await owe_alerts(database, count=count)

    def work(connection: sa.Connection) -> None:
        model = logits.model_number(connection, MODEL, TEMPLATE)
        ids = [PostId(number) for number in range(1, count + 1)]
        logits.add(connection, model, [PostLogits(post=post, by_hypothesis={"h": (1.0, 0.0)}) for post in ids])
        for number in ids:
            judgements.give(connection, a_key(), a_judgement(AlertId(number)))

    await database.transaction(work)
    for key in keys:
        await was_sent(database, key)
        await database.transaction(partial(outbox.owe_edit, channel=a_key(), edits=key, due_at=NOW))
    redrawn = sa.update(deliveries).where(deliveries.c.verb == "edit").values(state="sent", settled_at=NOW)
    await database.transaction(lambda connection: connection.execute(redrawn))


async def test_nothing_of_a_settled_post_stays_but_that_it_was_seen(database: Database) -> None:
    await whole_story(database)
    before = await counts(database)
    assert (before["alerts"], before["deliveries"], before["logits"], before["judgements"]) == (2, 4, 2, 2)
    assert (await forget(database)).forgotten == 2
    assert await counts(database) == dict.fromkeys(EMPTIED, 0)
    assert await removed(database) == {"1": "expired", "2": "expired"}
    assert await database.read(sqlite.integrity_problems) == []
    broken = await database.read(lambda c: c.exec_driver_sql("PRAGMA foreign_key_check").all())
    assert broken == []


async def test_a_forgotten_post_that_comes_again_is_no_new_one(database: Database) -> None:
    await whole_story(database)
    await forget(database)
    inbox = SqlInbox(database)
    assert await inbox.put(posts(3), source="x", positions={"": Cursor("c")}, seen_at=LATER) == 1


async def test_the_number_of_a_forgotten_alert_is_not_given_again(database: Database) -> None:
    await whole_story(database)
    await forget(database)
    await owe_alerts(database, new=[a_post(id="new")])
    (alert,) = await database.read(lambda connection: alerts.latest(connection, a_key(), 10))
    assert alert.id == 3


async def test_what_was_seen_since_then_stays(database: Database) -> None:
    await whole_story(database)
    before = await counts(database)
    done = await database.transaction(lambda connection: retention.forget_posts(connection, NOW, None, 100))
    assert done == Pass(forgotten=0, mark=None)
    assert await counts(database) == before


@pytest.mark.parametrize(
    "state", [DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.AMBIGUOUS, DeliveryState.HELD]
)
async def test_what_is_still_owed_stays_until_it_is_settled(database: Database, state: DeliveryState) -> None:
    owed, sent = await owe_alerts(database, count=2)
    await set_state(database, owed, state)
    await was_sent(database, sent)
    assert (await forget(database)).forgotten == 1
    assert await state_of(database, owed) is state
    assert await removed(database) == {"1": None, "2": "expired"}
    await was_sent(database, owed)
    assert (await forget(database)).forgotten == 1


async def test_a_message_still_to_be_redrawn_keeps_its_alert(database: Database) -> None:
    (key,) = await owe_alerts(database)
    await was_sent(database, key)
    await database.transaction(lambda connection: outbox.owe_edit(connection, a_key(), key, NOW))
    assert (await forget(database)).forgotten == 0


async def test_a_waiting_post_stays_and_one_set_aside_goes(database: Database) -> None:
    inbox = SqlInbox(database)
    await inbox.put(posts(2), source="x", positions={"": Cursor("c")}, seen_at=NOW)
    (first,) = await inbox.claim(1, lease=timedelta(minutes=1), now=NOW)
    await inbox.set_aside(first.id, "the model fails on it")
    assert (await forget(database)).forgotten == 1
    assert await removed(database) == {"1": "expired", "2": None}
    assert (await inbox.backlog()).set_aside == 0


async def test_a_message_of_several_alerts_goes_with_the_last_of_them(database: Database) -> None:
    first, second = await owe_alerts(database, count=2)

    def into_one(connection: sa.Connection) -> None:
        connection.execute(sa.update(alerts_table).values(delivery=first))
        connection.execute(sa.delete(deliveries).where(deliveries.c.key == second))

    await database.transaction(into_one)
    await was_sent(database, first)
    done = await forget(database, limit=1)
    assert await state_of(database, first) is DeliveryState.SENT
    await forget(database, limit=1, after=done.mark)
    assert (await counts(database))["deliveries"] == 0


async def test_a_deleted_post_is_forgotten_in_its_time_too(database: Database) -> None:
    await whole_story(database)
    inbox = SqlInbox(database)
    gone = [Deletion(source="x", id="1")]
    await inbox.put([], source="x", positions={"": Cursor("d")}, seen_at=NOW, deleted=gone)
    edits = sa.update(deliveries).where(deliveries.c.verb == "edit").values(state="sent")
    await database.transaction(lambda connection: connection.execute(edits))
    assert (await forget(database)).forgotten == 2
    assert await removed(database) == {"1": Removed.EXPIRED, "2": Removed.EXPIRED}


async def test_a_pass_goes_on_behind_what_it_had_to_leave(database: Database) -> None:
    keys = await owe_alerts(database, count=5)
    for key in keys[3:]:
        await was_sent(database, key)
    mark: Mark | None = None
    looked: list[int] = []
    while (done := await forget(database, limit=2, after=mark)).mark is not None:
        mark, looked = done.mark, [*looked, done.forgotten]
    assert looked == [0, 1, 1]


async def test_old_notices_go_and_owed_ones_stay(database: Database) -> None:
    keys = await owe_alerts(database, count=3)

    def as_notices(connection: sa.Connection) -> None:
        for table in ("alert_labels", "alerts", "decisions"):
            connection.execute(sa.delete(metadata.tables[table]))
        connection.execute(sa.update(deliveries).values(kind="notice"))
        connection.execute(sa.insert(notices), [{"delivery": key, "text": "said"} for key in keys])

    await database.transaction(as_notices)
    for key in keys[:2]:
        await was_sent(database, key)
    gone = await database.transaction(lambda connection: retention.forget_notices(connection, LATER, 100))
    assert gone == 2
    assert await state_of(database, keys[2]) is DeliveryState.PENDING
    assert (await counts(database))["notices"] == 1


async def test_the_question_which_posts_are_old_reads_none_that_is_forgotten(database: Database) -> None:
    """SQLite uses a partial index only where it can prove that the query asks for nothing outside it."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    def work(connection: sa.Connection) -> list[str]:
        sa.event.listen(connection, "before_cursor_execute", note)
        retention.forget_posts(connection, NOW, Mark(seen_at=NOW, post=PostId(1)), 10)
        sa.event.remove(connection, "before_cursor_execute", note)
        statement, parameters = asked[0]
        return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]

    plan = await database.transaction(work)
    assert plan == ["SEARCH posts USING INDEX ix_posts_seen_at (seen_at>? AND seen_at<?)"]


# --- the task --------------------------------------------------------------------------------------------------------


async def test_the_task_forgets_what_has_become_too_old_and_nothing_before(database: Database) -> None:
    await whole_story(database, count=30)
    clock = FakeClock(held=True)
    task = asyncio.create_task(Keeping(database, clock, days=90).run())

    async def after(time: timedelta) -> set[str | None]:
        for _ in range(40):  # a pass takes several sleeps, each after a commit in real time
            await clock.advance(time.total_seconds() / 40)
            await asyncio.sleep(0.01)
        return set((await removed(database)).values())

    assert await after(timedelta(days=89)) == {None}
    assert await after(timedelta(days=2)) == {"expired"}
    task.cancel()


async def test_where_everything_is_kept_the_task_ends_at_once(database: Database) -> None:
    async with asyncio.timeout(5):
        await Keeping(database, FakeClock(held=True), days=0).run()


async def test_why_says_that_a_post_is_too_old_to_be_remembered(database: Database, tmp_path: Any) -> None:
    alarm = {"id": "1", "author": "sec", "text": "A security hole"}
    async with a_house(database, tmp_path / "posts.jsonl", [alarm]) as rig:
        await rig.say("/labels set security")
        await rig.say("/watch @sec")
        await rig.play()
        async with rig.delivering():
            await until(lambda: bool(rig.chat.messages))
        await until(lambda: _is_forgotten(database))
        said = (await rig.say("/why https://x.com/sec/status/1")).text
        assert said.startswith("The post was seen 2026-11-02 09:00 UTC, and what was decided of it is forgotten")
        assert (await rig.say("/why 1")).text.startswith("There is no alert 1 in this channel.")


async def _is_forgotten(database: Database) -> bool:
    return (await forget(database)).forgotten == 1
