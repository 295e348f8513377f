"""What a database's delivery keys rest on."""

import shutil
from pathlib import Path

from storage import facts
from storage.database import open_database
from storage.types import DeliveryKey
from tests.fakes.owing import owe_alerts


async def keys_of(path: Path) -> list[DeliveryKey]:
    """The keys under which a database owes alerts of two posts that it has not seen before."""
    async with open_database(path) as database:
        return await owe_alerts(database, count=2)


async def test_a_post_decided_in_a_copy_has_the_key_it_has_in_the_original(tmp_path: Path) -> None:
    original, copy = tmp_path / "original.db", tmp_path / "copy.db"
    async with open_database(original):
        pass
    shutil.copy(original, copy)
    assert await keys_of(original) == await keys_of(copy)


async def test_two_databases_have_no_key_in_common(tmp_path: Path) -> None:
    one, other = await keys_of(tmp_path / "one.db"), await keys_of(tmp_path / "other.db")
    assert len({*one, *other}) == 4


async def test_the_secret_is_made_once_and_is_as_long_as_the_digest(tmp_path: Path) -> None:
    async with open_database(tmp_path / "lapwing.db") as database:
        first = await database.read(facts.delivery_secret)
    async with open_database(tmp_path / "lapwing.db") as database:
        assert await database.read(facts.delivery_secret) == first
    assert len(first) == 32
