"""Feeds through the real program: found, watched, alerted, edited, killed, deleted, unwatched.

A feed is read once a minute at most, and at each start: a life for each reading.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.ear import holds
from tests.fakes.feeds import FakeFeeds, Item, atom
from tests.fakes.news import news
from tests.fakes.terminal import running

PATH = "/feed.xml"


def written(number: int, title: str) -> Item:
    """Just now; a second later, since feeds cut their dates to seconds and the watch is younger than one."""
    published_at = datetime.now(UTC) + timedelta(seconds=1)
    return Item(guid=str(number), link=f"https://news.example/{number}", title=title, published_at=published_at)


async def test_an_entry_of_a_feed_alerts_once_through_an_edit_and_kills_and_not_once_it_is_unwatched(
    tmp_path: Path,
) -> None:
    places = FakeFeeds()
    async with places.serving() as allow:
        settings = {
            "database": tmp_path / "lapwing.db",
            "classifier": "null",
            "sources": "feeds",
            "http_allow": ",".join(allow),
        }
        address = places.address(PATH)
        old = Item(guid="0", title=news("an old fire"), published_at=datetime(2026, 1, 1, tzinfo=UTC))
        link = f'<link rel="alternate" type="application/atom+xml" href="{PATH}">'
        places.put("/", f"<!DOCTYPE html><html><head><title>x</title>{link}</head></html>", kind="text/html")
        places.put(PATH, atom([old], title="The News"))
        async with running(settings) as first:
            await first.say("/labels set fire", "Labels are set")
            await first.say(f"/watch {places.address('/none')}", f"Did you mean {address}?")
            await first.say(f"/watch {places.address('/')}", "1 of its last 1 post would have alerted")
            assert f"Watching {address}" in first.shown
            await holds(lambda: places.asked[PATH] >= 2)

        one = written(1, news("a fire"))
        places.put(PATH, atom([one, old]))
        async with running(settings, kill=True) as second:
            await second.until("https://news.example/1\n")
        edited = Item(guid="1", link=one.link, title=news("a fire, edited"), published_at=one.published_at)
        places.put(PATH, atom([written(2, news("it has spread")), edited, old]))
        async with running(settings, kill=True) as third:
            await third.until("https://news.example/2\n")
            await third.say("/health", "source rss: reading, 1 account watched")
            await third.until(", 0 gaps, 0 recovered, 0 lost")
        places.put(PATH, atom([old], deleted=["2"]))
        async with running(settings) as fourth:
            await fourth.until("deleted")
            await fourth.say(f"/unwatch {address}", "No longer watching")
        asked = places.asked[PATH]
        places.put(PATH, atom([written(3, news("nobody watches"))]))
        async with running(settings) as fifth:
            await fifth.say("/watch", "watches nobody")
    assert places.asked[PATH] == asked
    assert [life.shown.count("https://news.example/1\n") for life in (second, third, fourth)] == [1, 0, 0]
    assert "https://news.example/2\n" not in fourth.shown
