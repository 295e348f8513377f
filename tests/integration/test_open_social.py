"""Bluesky and Mastodon as the program opens them: by its settings, and from end to end of the inbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.pipeline.bell import Bell
from bot.pipeline.ingest import Ingest
from bot.settings import Settings
from bot.sources import open_sources
from sources.clock import Clock, SystemClock
from sources.types import Handle, Source, Wanted
from storage import posts
from storage.database import Database
from storage.inbox import SqlInbox
from tests.fakes.bluesky import bluesky
from tests.fakes.clock import FakeClock
from tests.fakes.ear import holds
from tests.fakes.mastodon import mastodon


def opened(name: str, sources: list[Source]) -> Source:
    return next(source for source in sources if source.name == name)


@asynccontextmanager
async def ingesting(source: Source, database: Database, clock: Clock) -> AsyncIterator[Ingest]:
    ingest = Ingest(source, SqlInbox(database), clock, stored=Bell(clock), owed=Bell(clock))
    task = asyncio.create_task(ingest.run())
    try:
        yield ingest
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def stored(database: Database, source: str) -> set[str]:
    return await database.read(lambda connection: posts.ids_at_source(connection, source))


async def test_a_post_of_bluesky_is_stored_once_though_a_restart_reads_it_again(database: Database) -> None:
    async with bluesky() as sky:
        ann = sky.join("ann.test")
        settings = Settings.model_validate(
            {"bluesky_jetstream_url": sky.stream_url, "bluesky_api_url": sky.api_url, "sources": "bluesky"}
        )
        for life, repeated in ((1, 0), (2, 1)):
            async with open_sources(settings, SystemClock()) as sources:
                source = opened("bluesky", sources)
                account = await source.resolve(Handle(source="bluesky", name="ann.test"))
                await source.watch([Wanted(account=account)])
                async with ingesting(source, database, SystemClock()) as ingest:
                    await sky.followed(ann)
                    await sky.write(ann, str(life), "words")
                    await holds(lambda ingest=ingest: ingest.counts.new == 1)  # type: ignore[misc]
                    assert ingest.counts.repeated == repeated
        found = await stored(database, "bluesky")
    assert found == {f"at://{ann.did}/app.bsky.feed.post/{life}" for life in (1, 2)}


async def test_a_status_of_mastodon_is_stored_once_and_forgotten_once_it_is_deleted(database: Database) -> None:
    clock = FakeClock(datetime.now(UTC), held=True)
    async with mastodon(clock.now) as server:
        server.join("ann")
        settings = Settings.model_validate({"http_allow": server.name, "sources": "mastodon"})
        for life in (1, 2):
            async with open_sources(settings, clock) as sources:
                source = opened("mastodon", sources)
                account = await source.resolve(Handle(source="mastodon", name=f"ann@{server.name}"))
                await source.watch([Wanted(account=account)])
                gone = server.write("ann", f"<p>life {life}</p>")
                async with ingesting(source, database, clock) as ingest:
                    await holds(lambda ingest=ingest: ingest.counts.new == 1)  # type: ignore[misc]
                    assert ingest.counts.repeated == 0
        server.delete(gone)
        async with open_sources(settings, clock) as sources:
            source = opened("mastodon", sources)
            await source.watch([Wanted(account=account)])
            async with ingesting(source, database, clock) as ingest:
                await holds(lambda: ingest.counts.deleted == 1)
        assert len(await stored(database, "mastodon")) == 2
