"""X read into the real inbox: each post once, however often it comes, over restarts as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import sqlalchemy as sa

from bot.pipeline.bell import Bell
from bot.pipeline.ingest import Ingest
from sources.x.source import Manner
from storage.database import Connection, Database
from storage.inbox import SqlInbox
from storage.schema import posts
from tests.fakes.x.scene import Scene, scene_with
from tests.fakes.x.scripted import Cut


async def stored(database: Database) -> list[str]:
    def texts(connection: Connection) -> list[str]:
        return list(connection.execute(sa.select(posts.c.text).order_by(posts.c.id)).scalars())

    return await database.read(texts)


@asynccontextmanager
async def ingesting(scene: Scene, database: Database) -> AsyncIterator[Ingest]:
    clock = scene.clock
    ingest = Ingest(scene.source, SqlInbox(database), clock, stored=Bell(clock), owed=Bell(clock))
    running = asyncio.ensure_future(ingest.run())
    try:
        yield ingest
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_each_post_is_stored_once_over_edits_gaps_deletions_and_restarts(database: Database) -> None:
    async with scene_with(Manner(looks=(timedelta(minutes=2),))) as scene:
        world = scene.x.world
        await scene.watch("alice")
        async with ingesting(scene, database) as first:
            await scene.connected()
            tweet = world.say("alice", "one")
            await scene.until(lambda: first.counts.new == 1)
            world.edit(tweet["id"], "one, edited")
            await scene.until(lambda: first.counts.repeated == 1)
            scene.x.say(Cut.ABORT)
            await scene.until(lambda: not scene.x.is_connected)
            gone = world.say("alice", "two")
            await scene.until(lambda: first.counts.new == 2)
            world.delete(gone["id"])
            await scene.until(lambda: first.counts.deleted == 1)
        await scene.until(lambda: not scene.x.is_connected)
        await scene.clock.advance(3_600)
        world.say("alice", "three", ago=timedelta(minutes=20))
        async with ingesting(scene, database) as second:
            await scene.connected()
            world.say("alice", "four")
            await scene.until(lambda: second.counts.new == 2)
            await scene.passes(120)
            assert second.counts.new == 2
    assert sorted(text for text in await stored(database) if text) == ["four", "one", "three"]
