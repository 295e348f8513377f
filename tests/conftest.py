"""What all tests share: how hypothesis searches, and a database of one's own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from storage.database import Database, open_database

# No deadline: the machines are shared, and a slow example is no finding. No example database: nothing is left in the
# checkout. In CI the same examples every time: a change is judged by what it changed.
settings.register_profile("lapwing", deadline=None, database=None, derandomize="CI" in os.environ)
settings.load_profile("lapwing")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "lapwing.db") as opened:
        yield opened
