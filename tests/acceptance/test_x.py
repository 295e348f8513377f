"""X through the real program: watched, alerted, edited, killed, made up for, deleted, unwatched."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sources.clock import SystemClock
from tests.fakes.ear import holds
from tests.fakes.news import news
from tests.fakes.terminal import running
from tests.fakes.x.scripted import Cut
from tests.fakes.x.server import TOKEN, FakeX

HURRIED = ("tests.fakes.x.hurried",)


async def test_a_post_of_x_alerts_once_through_an_edit_and_a_kill_and_not_once_it_is_unwatched(tmp_path: Path) -> None:
    async with FakeX.running(SystemClock()) as x:
        world = x.world
        world.say("alice", news("an old fire"), ago=timedelta(hours=1))
        settings = {
            "database": tmp_path / "lapwing.db",
            "classifier": "null",
            "sources": "x",
            "x_bearer_token": TOKEN,
            "x_api_url": x.url,
            "x_monthly_posts": 1_000,
        }
        async with running(settings, kill=True) as first:
            await first.say("/labels set fire", "Labels are set")
            await first.say("/watch @alic", "Did you mean @alice?")
            await first.say("/watch @alice", "1 of its last 1 post would have alerted")
            await holds(lambda: x.is_connected)
            await asyncio.sleep(1)  # X cuts its dates to seconds, and this is to be after the watch
            one = world.say("alice", news("a fire"))
            await first.until(f"/status/{one['id']}")
            world.edit(one["id"], news("a fire, edited"))
            await first.say("/health", "source x: reading, 1 account watched")
            await first.until(" of 1,000 posts this month")
        x.say(Cut.CLOSE)  # X finds that nobody listens
        two = world.say("alice", news("it has spread"))
        async with running(settings, program=HURRIED) as second:
            await holds(lambda: x.is_connected)
            three = world.say("alice", news("it is out"))
            await second.until(f"/status/{three['id']}")
            before = len(second.shown)
            world.delete(three["id"])
            await second.until("deleted", since=before)
            await second.until(f"/status/{two['id']}", within_s=40)  # ten seconds beyond the connection, ten before now
            await second.say("/health", "1 gap, 3 recovered, 0 lost, budget ")  # two anew, of the minute before
            await second.say("/unwatch @alice", "No longer watching")
            await holds(lambda: not world.rules.held)
            four = world.say("alice", news("nobody watches"))
            await second.say("/watch", "watches nobody")
    assert first.shown.count(f"/status/{one['id']}\n") == 1
    assert f"/status/{one['id']}" not in second.shown
    assert second.shown.count(f"/status/{two['id']}\n") == 1
    assert f"/status/{four['id']}" not in second.shown
    assert TOKEN not in first.shown + second.shown
