"""Bluesky and Mastodon through the real program: watched, alerted, restarted, deleted, unwatched."""

from pathlib import Path

from tests.fakes.bluesky import bluesky
from tests.fakes.ear import holds
from tests.fakes.mastodon import mastodon
from tests.fakes.news import news
from tests.fakes.terminal import running


async def test_a_post_of_bluesky_alerts_once_through_a_kill_and_not_once_it_is_unwatched(tmp_path: Path) -> None:
    async with bluesky() as sky:
        ann = sky.join("ann.test")
        settings = {
            "database": tmp_path / "lapwing.db",
            "classifier": "null",
            "sources": "bluesky",
            "bluesky_jetstream_url": sky.stream_url,
            "bluesky_api_url": sky.api_url,
        }
        async with running(settings, kill=True) as first:
            await first.say("/labels set fire", "Labels are set")
            await first.say("/watch @anna.test", "Did you mean @ann.test?")
            await first.say("/watch @ann.test", "Watching @ann.test")
            await sky.followed(ann)
            await sky.write(ann, "1", news("a fire"))
            await first.until("https://bsky.app/profile/ann.test/post/1")
        await sky.write(ann, "2", news("it has spread"))
        async with running(settings) as second:
            await second.until("https://bsky.app/profile/ann.test/post/2")
            await sky.rename(ann, "anna.test")
            third = await sky.write(ann, "3", news("it is out"))
            await second.until("@anna.test: it is out")
            before = len(second.shown)
            await sky.delete(third)
            await second.until("deleted", since=before)
            await second.say("/health", "source bluesky: reading, 1 account watched")
            await second.say("/unwatch @ann.test", "No longer watching")
            await sky.write(ann, "4", news("nobody watches"))
            await second.say("/watch", "watches nobody")
    assert first.shown.count("post/1\n") == 1
    assert "post/1\n" not in second.shown
    assert second.shown.count("post/2\n") == 1
    assert "/post/4" not in second.shown


async def test_a_status_of_mastodon_alerts_once_through_a_restart(tmp_path: Path) -> None:
    """A restart asks at once, where a minute would pass otherwise."""
    async with mastodon() as server:
        server.join("ann")
        settings = {
            "database": tmp_path / "lapwing.db",
            "classifier": "null",
            "sources": "mastodon",
            "http_allow": server.name,
        }
        handle = f"@ann@{server.name}"
        server.write("ann", f"<p>{news('an old fire')}</p>")
        async with running(settings) as first:
            await first.say("/labels set fire", "Labels are set")
            await first.say(f"/watch @anne@{server.name}", f"Did you mean {handle}?")
            await first.say(f"/watch {handle}", f"Watching {handle}")
            await first.say("/health", "source mastodon: reading, 1 account watched")
        status = server.write("ann", f"<p>{news('a fire')}</p>")
        async with running(settings) as second:
            await second.until(f"/@ann/{status}")
        asked = server.asked_for("since_id")
        async with running(settings) as third:
            await holds(lambda: server.asked_for("since_id") > asked)
            await third.say("/watch", "1 alert in 7 days")
    assert second.shown.count(f"/@ann/{status}") == 1
    assert f"/@ann/{status}" not in third.shown
    assert not [life for life in (first, second, third) if "an old fire" in life.shown]
