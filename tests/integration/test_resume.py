"""A copy put back: it looks up whatever the original may have sent, and sends the rest."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards import Card
from bot.chat.base import ChannelGoneError
from storage import facts, outbox
from storage.backup import copy, resume_copy
from storage.database import Database, open_database
from storage.facts import Fact
from storage.reading import read_only
from storage.schema import deliveries
from storage.types import ChannelKey, DeliveryKey, DeliveryState, Receipt
from tests.fakes.builders import NOW, a_post
from tests.fakes.chat import FakeChat
from tests.fakes.owing import owe_alerts, set_state, state_of, was_sent
from tests.integration.test_pipeline import DEV, OPS, converse, replay_file

GRACE = timedelta(seconds=30)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


async def owing(path: Path, count: int = 3) -> list[DeliveryKey]:
    """A database that is closed, and owes so many alerts."""
    async with open_database(path) as database:
        return await owe_alerts(database, count=count)


async def resume(database: Database, now: datetime = LATER) -> object:
    return await database.transaction(lambda connection: resume_copy(connection, now, GRACE))


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.HELD])
async def test_what_a_copy_holds_as_not_sent_is_looked_up_first(path: Path, file: Path, state: DeliveryState) -> None:
    sent, unsent, failed = await owing(path)
    async with open_database(path) as database:
        await was_sent(database, sent)
        await set_state(database, unsent, state)
        await set_state(database, failed, DeliveryState.FAILED)
    copy(path, file, now=NOW)
    async with open_database(file) as database:
        assert await resume(database) is not None
        assert await state_of(database, unsent) is DeliveryState.AMBIGUOUS
        assert await state_of(database, sent) is DeliveryState.SENT
        assert await state_of(database, failed) is DeliveryState.FAILED
        lanes = await database.read(lambda connection: outbox.news(connection, 0, ["console"]).lanes)
        (head,) = await database.read(lambda connection: outbox.heads(connection, lanes))
        assert head.due_at == LATER + GRACE, "the original may have died with this message on its way"
    async with open_database(path) as database:
        assert await state_of(database, unsent) is state, "the original is what it was"


async def test_a_copy_comes_to_life_once_and_the_original_never(path: Path, file: Path) -> None:
    (key,) = await owing(path, count=1)
    copy(path, file, now=NOW)
    async with open_database(path) as database:
        assert await resume(database) is None
    async with open_database(file) as database:
        await resume(database)
        await set_state(database, key, DeliveryState.PENDING)
        assert await resume(database, LATER + GRACE) is None
        assert await state_of(database, key) is DeliveryState.PENDING
        assert await database.read(lambda c: facts.instant(c, Fact.RESUMED_AT)) == LATER + GRACE


async def test_a_copy_of_a_copy_comes_to_life_anew(path: Path, file: Path, tmp_path: Path) -> None:
    await owing(path)
    copy(path, file, now=NOW)
    async with open_database(file) as database:
        await resume(database)
    copy(file, tmp_path / "third.db", now=LATER)
    async with open_database(tmp_path / "third.db") as database:
        assert await resume(database, LATER + GRACE) is not None


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"published_at": LATER}, DeliveryState.AMBIGUOUS),
        ({"published_at": LATER + GRACE}, DeliveryState.AMBIGUOUS),
        ({"published_at": LATER + GRACE + timedelta(seconds=1)}, DeliveryState.PENDING),
        ({"published_at": LATER + timedelta(days=1), "played_at": LATER + timedelta(days=1)}, DeliveryState.AMBIGUOUS),
    ],
    ids=["before", "within the grace", "after", "played by a replay, which may play it again"],
)
async def test_what_the_original_may_have_alerted_of_is_owed_as_ambiguous(
    path: Path, file: Path, changes: dict[str, Any], state: DeliveryState
) -> None:
    await owing(path)
    copy(path, file, now=NOW)
    async with open_database(file) as database:
        await resume(database)
        (key,) = await owe_alerts(database, new=[a_post(id="new", **changes)])
        assert await state_of(database, key) is state


# --- the whole way ---------------------------------------------------------------------------------------------------

GONE = ChannelKey(platform="fake", workspace="team", channel="gone")


class CopyingChat(FakeChat):
    """Makes a copy of the database in the middle of its work, before a certain send; one channel is gone until then."""

    def __init__(self, path: Path, file: Path, before_send: int) -> None:
        super().__init__()
        self._path, self._file, self._before_send = path, file, before_send
        self._copied = False
        self.gone = True

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        if channel == GONE and self.gone:
            raise ChannelGoneError("nobody let me in")
        if self.sends >= self._before_send and not self._copied:
            self._copied = True
            await asyncio.to_thread(copy, self._path, self._file, now=datetime.now(UTC))
        return await super().send(channel, card, key)


def alarms(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [{"id": str(number), "author": "sec", "text": f"Security hole {number}"} for number in numbers]


def states_in(file: Path) -> Counter[str]:
    with read_only(file) as connection:
        return Counter(connection.scalars(sa.select(deliveries.c.state)))


async def test_a_copy_put_back_sends_nothing_twice_and_loses_nothing(path: Path, file: Path, tmp_path: Path) -> None:
    chat = CopyingChat(path, file, before_send=5)
    steer = [(key, line) for key in (GONE, OPS, DEV) for line in ("/labels set security", "/watch @sec")]

    async with open_database(path) as database:
        await converse(database, replay_file(tmp_path, alarms(range(1, 7))), chat, steer)
        found = states_in(file)
        assert found["sent"] > 0, found
        assert found["pending"] > 0, found
        assert found["held"] > 0, found
        chat.gone = False
        more = replay_file(tmp_path, alarms(range(1, 11)))
        await converse(database, more, chat, [(OPS, "/wait")])
        assert len(chat.messages) >= 2 * 10 + 6, "the original goes on and sends all, what was held included"

    async with open_database(file) as database:
        await converse(database, replay_file(tmp_path, alarms(range(1, 13))), chat, [(OPS, "/wait")])

    said = Counter((message.channel, message.card.fallback.partition(": ")[2]) for message in chat.messages.values())
    assert [what for what, times in said.items() if times > 1] == []
    wanted = {(key, f"Security hole {number}") for key in (OPS, DEV) for number in range(1, 13)}
    assert wanted <= set(said)
    assert {text for key, text in said if key == GONE} >= {f"Security hole {number}" for number in range(1, 7)}
