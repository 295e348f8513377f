"""/health and the metrics tell how each live source fares."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.insight.health import Health
from bot.insight.vitals import SourceVitals
from bot.pipeline.bell import Bell
from bot.pipeline.ingest import Ingest
from sources.types import SourceState
from storage.database import Database
from tests.fakes.builders import a_channel
from tests.fakes.clock import FakeClock
from tests.fakes.house import Rig, a_house
from tests.fakes.source import Quiet

NOW = FakeClock().now()


class Told(Quiet):
    """A live source of which a test says how it fares."""

    name = "x"
    serves = frozenset({"x"})

    def __init__(self, state: SourceState) -> None:
        self._state = state

    def state(self) -> SourceState:
        return self._state


@asynccontextmanager
async def health_of(state: SourceState, database: Database, tmp_path: Path) -> AsyncIterator[tuple[Rig, Health]]:
    async with a_house(database, tmp_path / "posts.jsonl", [{"id": "1", "author": "ann", "text": "x"}]) as rig:
        clock = rig.clock
        ingest = Ingest(Told(state), rig.inbox, clock, stored=Bell(clock), owed=Bell(clock))  # type: ignore[arg-type]
        yield rig, replace(rig.house.health, ingests=[ingest])


async def line(health: Health) -> str:
    report = await health.report(a_channel())
    return next(line for line in report.splitlines() if line.startswith("source x"))


async def test_what_a_source_counts_is_told_with_its_budget(database: Database, tmp_path: Path) -> None:
    state = SourceState(
        connected_since=NOW - timedelta(hours=2),
        last_heard=NOW - timedelta(minutes=1),
        posts_today=1,
        gaps=2,
        recovered=30,
        lost=4,
        skipped=5,
        budget="60 of 10,000 posts this month",
    )
    async with health_of(state, database, tmp_path) as (_, health):
        assert await line(health) == (
            "source x: waiting for a first /watch, 0 accounts watched, 0 new posts since the start, 0 seen before, "
            "connected since 2026-11-02 07:00 UTC, last heard 2026-11-02 08:59 UTC, 1 post today, "
            "2 gaps, 30 recovered, 4 lost, 5 unreadable, budget 60 of 10,000 posts this month"
        )
        assert (await health.vitals()).sources == {
            "x": SourceVitals(
                accounts=0, connected=True, quiet_s=60.0, posts_today=1, gaps=2, recovered=30, lost=4, skipped=5
            )
        }


async def test_a_source_that_should_be_connected_and_is_not_says_so(database: Database, tmp_path: Path) -> None:
    async with health_of(SourceState(), database, tmp_path) as (rig, health):
        assert "connected" not in await line(health), "nobody is watched"
        await rig.say("/watch @ann")
        assert (await line(health)).endswith("not connected, 0 posts today, 0 gaps, 0 recovered, 0 lost")
        vitals = (await health.vitals()).sources["x"]
        assert (vitals.accounts, vitals.connected, vitals.quiet_s) == (1, False, None)


async def test_a_file_that_is_played_is_connected_to_nothing(database: Database, tmp_path: Path) -> None:
    async with health_of(SourceState(), database, tmp_path) as (rig, _):
        assert "connected" not in (await rig.say("/health")).text
        assert (await rig.house.health.vitals()).sources == {}
