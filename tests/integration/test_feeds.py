"""Feeds end to end below the Clock: watched, read as often as they change, edited, moved, broken, started again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import TypeVar

import pytest

from sources.accounts import RSS
from sources.feeds.fetch import Aside
from sources.feeds.source import Feeds
from sources.http import AddressRefusedError, Fetcher
from sources.types import Account, AccountNotFoundError, Arrival, Cursor, Deletion, Handle, Positions, SourceError
from tests.fakes.clock import FakeClock
from tests.fakes.feeds import FakeFeeds, Item, at, atom, rss
from tests.fakes.house import until
from tests.fakes.source import wanting

T = TypeVar("T")

HOUR_S = 3_600.0
PATH = "/feed.xml"


async def here(work: Callable[[], T]) -> T:
    """On this thread: the clocks of tests wait for no other."""
    return work()


class Lookout:
    """Feeds, the places they are at, and all that was heard, in a time that passes in `advance` only."""

    def __init__(self) -> None:
        self.places = FakeFeeds()
        self.clock = FakeClock(held=True)
        self.heard: list[Arrival] = []
        self.feeds = self.made()

    def made(self) -> Feeds:
        """As after a start: nothing is known."""
        return Feeds(self.places, clock=self.clock, aside=Aside(here))

    @property
    def posts(self) -> list[str]:
        return [arrival.post.text for arrival in self.heard if arrival.post]

    @property
    def ids(self) -> list[str]:
        return [arrival.post.id for arrival in self.heard if arrival.post]

    @property
    def positions(self) -> Positions:
        """What is stored of what was heard."""
        return {arrival.part: arrival.cursor for arrival in self.heard}

    @asynccontextmanager
    async def listening(self, after: Positions | None = None) -> AsyncIterator[None]:
        async def listen() -> None:
            async with aclosing(self.feeds.posts(after or {})) as arrivals:
                async for arrival in arrivals:
                    self.heard.append(arrival)

        task = asyncio.create_task(listen())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def account(self, path: str = PATH) -> Account:
        return await self.feeds.resolve(Handle(source=RSS, name=self.places.address(path)))

    async def watch(self, *paths: str) -> None:
        await self.feeds.watch(wanting(*[feed(self.places.address(path)) for path in paths or (PATH,)]))


def feed(address: str) -> Account:
    return Account(source=RSS, id=address, handle=address, name="News")


@pytest.fixture
def lookout() -> Lookout:
    return Lookout()


OLD = Item(guid="1", link="https://news.example/1", title="one", published_at=at(7))
EARLY = Item(guid="0", link="https://news.example/0", title="early", published_at=at(8))
NEW = Item(guid="2", link="https://news.example/2", title="two", published_at=at(9, 10))
LATER = Item(guid="3", link="https://news.example/3", title="three", published_at=at(10, 10))


async def test_a_new_entry_is_given_once_with_all_that_is_known_of_it(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(10 * 60)
        lookout.places.put(PATH, rss([NEW, OLD]))
        await lookout.clock.advance(HOUR_S)
        lookout.places.put(PATH, rss([LATER, NEW, OLD]))
        await lookout.clock.advance(HOUR_S)
    assert lookout.posts == ["one", "two", "three"]
    post = lookout.heard[1].post
    assert post
    assert (post.url, post.lang, post.published_at) == (NEW.link, "en", NEW.published_at)
    assert post.author == feed(lookout.places.address(PATH))
    assert lookout.feeds.state().posts_today == 3


async def test_it_is_read_again_with_conditions_and_nothing_is_said_while_nothing_changed(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(12 * HOUR_S)
    assert len(lookout.heard) == 1
    assert 12 < lookout.places.asked[PATH] < 30
    assert all("if-none-match" in headers and "if-modified-since" in headers for _, headers in lookout.places.told[1:])


async def test_a_server_that_knows_nothing_of_conditions_is_not_read_twice(lookout: Lookout) -> None:
    lookout.places.put_forgetful(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(6 * HOUR_S)
    assert len(lookout.heard) == 1


async def test_a_feed_that_changes_often_is_asked_often_and_one_that_does_not_is_left_alone(lookout: Lookout) -> None:
    lookout.places.put("/quiet", rss([OLD]))
    await lookout.watch("/busy", "/quiet")
    async with lookout.listening():
        for minute in range(0, 300, 2):
            items = [Item(guid=str(number), title=f"n{number}", published_at=at(9, number)) for number in range(minute)]
            lookout.places.put("/busy", rss(items[-20:]))
            await lookout.clock.advance(120)
    assert lookout.places.asked["/busy"] > 120
    assert lookout.places.asked["/quiet"] < 12


async def test_after_a_restart_nothing_is_lost_and_nothing_comes_twice(lookout: Lookout) -> None:
    items = [Item(guid=str(n), title=str(n), published_at=at(8, n)) for n in range(6)]
    lookout.places.put(PATH, rss(items[:4]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
    for stored in range(5):
        again = Lookout()
        again.places.put(PATH, rss(items))
        await again.watch()
        async with again.listening({arrival.part: arrival.cursor for arrival in lookout.heard[:stored]}):
            await again.clock.advance(300)
        assert again.posts == [str(number) for number in range(stored, 6)]


async def test_while_it_was_away_nothing_is_missed_that_the_feed_still_shows_and_a_gap_is_told(
    lookout: Lookout,
) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
    positions = lookout.positions
    lookout.places.put(PATH, rss([LATER, NEW]))
    lookout.feeds = lookout.made()
    await lookout.watch()
    async with lookout.listening(positions):
        await lookout.clock.advance(60)
    assert lookout.posts == ["one", "two", "three"]
    assert lookout.feeds.state().gaps == 1


async def test_a_cursor_that_cannot_be_read_starts_that_feed_anew(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    for cursor in ("", "{", "[]", "null", '{"known": [1]}', '{"interval_s": "often"}'):
        async with lookout.listening({lookout.places.address(PATH): Cursor(cursor)}):
            await lookout.clock.advance(60)
    assert lookout.posts == ["one"] * 6


UNDATED = [Item(guid=str(number), title=f"undated {number}") for number in range(4)]


async def test_what_has_no_date_is_old_at_first_and_new_once_it_turns_up_later(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss(UNDATED[:2]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        assert lookout.posts == []
        lookout.places.put(PATH, rss(UNDATED[:3]))
        await lookout.clock.advance(HOUR_S)
    assert lookout.posts == ["undated 2"]
    post = lookout.heard[-1].post
    assert post
    assert at(9) < post.published_at <= lookout.clock.now()

    lookout.feeds = lookout.made()
    lookout.places.put(PATH, rss(UNDATED))
    await lookout.watch()
    async with lookout.listening(lookout.positions):
        await lookout.clock.advance(60)
    assert lookout.posts == ["undated 2", "undated 3"], "it came while the program was away, and somebody watched"


async def test_what_came_while_nobody_watched_is_old(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss(UNDATED[:2]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        await lookout.feeds.watch([])
        lookout.places.put(PATH, rss(UNDATED[:3]))
        await lookout.clock.advance(HOUR_S)
        await lookout.watch()
        await lookout.clock.advance(60)
        assert lookout.posts == []
        lookout.places.put(PATH, rss(UNDATED))
        await lookout.clock.advance(HOUR_S)
    assert lookout.posts == ["undated 3"]


TODAY, HERE, YESTERDAY, LONG_AGO = (
    Item(guid=f"day {number}", title=f"of day {number}", published_at=date)
    for number, date in enumerate(
        (
            at(0),
            datetime(2026, 11, 2, tzinfo=timezone(timedelta(hours=-5))),
            at(0) - timedelta(days=1),
            at(0) - timedelta(days=30),
        )
    )
)
"""Midnights, as feeds write that know no more than the day."""


async def test_what_has_only_a_day_and_turns_up_later_is_from_as_late_as_that_day_allows(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(6 * HOUR_S)
        lookout.places.put(PATH, rss([HERE, TODAY, YESTERDAY, LONG_AGO, OLD]))
        await lookout.clock.advance(HOUR_S)
    found = {arrival.post.text: arrival.post.published_at for arrival in lookout.heard[1:] if arrival.post}
    assert at(15) <= found[TODAY.title or ""] == found[HERE.title or ""] <= lookout.clock.now()
    assert found[YESTERDAY.title or ""] == at(0) - timedelta(seconds=1)
    assert found[LONG_AGO.title or ""] == at(0) - timedelta(days=29, seconds=1)


async def test_what_has_only_a_day_and_was_there_before_the_watch_stays_from_before(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([TODAY, OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(2 * HOUR_S)
        await lookout.feeds.watch([])
        lookout.places.put(PATH, rss([HERE, TODAY, OLD]))
        await lookout.watch()
        await lookout.clock.advance(2 * HOUR_S)
    dated = [arrival.post.published_at for arrival in lookout.heard if arrival.post]
    assert dated == [TODAY.published_at, OLD.published_at, HERE.published_at]
    assert [post.published_at for post in await lookout.feeds.recent(await lookout.account(), 3)] == sorted(
        dated, reverse=True
    )


async def test_a_date_that_is_still_to_come_makes_no_post_of_the_future(lookout: Lookout) -> None:
    event = Item(guid="e", title="event", published_at=at(9) + timedelta(days=30))
    lookout.places.put(PATH, rss([event]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        lookout.places.put(PATH, rss([event, Item(guid="f", title="other", published_at=event.published_at)]))
        await lookout.clock.advance(HOUR_S)
    [arrival] = [arrival for arrival in lookout.heard if arrival.post]
    assert arrival.post
    assert arrival.post.text == "other"
    assert arrival.post.published_at <= lookout.clock.now()


async def test_an_edited_entry_is_the_same_and_a_deleted_one_is_told_once(lookout: Lookout) -> None:
    lookout.places.put(PATH, atom([EARLY, OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        lookout.places.put(PATH, atom([Item(guid="0", title="edited", published_at=at(9, 20)), OLD]))
        await lookout.clock.advance(HOUR_S)
        for title in ("News", "Later news"):
            lookout.places.put(PATH, atom([OLD], title=title, deleted=["0"]))
            await lookout.clock.advance(HOUR_S)
    assert lookout.posts == ["one", "early"]
    [gone] = [arrival.deleted for arrival in lookout.heard if arrival.deleted]
    assert gone == Deletion(source=RSS, id=lookout.ids[1])


async def test_unwatched_it_is_not_read_any_more(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    lookout.places.put("/other", rss([]))
    await lookout.watch(PATH, "/other")
    async with lookout.listening():
        await lookout.clock.advance(60)
        await lookout.watch("/other")
        asked = lookout.places.asked[PATH]
        lookout.places.put(PATH, rss([NEW, OLD]))
        await lookout.clock.advance(5 * HOUR_S)
    assert lookout.places.asked[PATH] == asked
    assert lookout.posts == ["one"]


async def test_watched_while_it_listens_a_feed_is_read_at_once_and_only_once_for_all(lookout: Lookout) -> None:
    async with lookout.listening():
        await lookout.clock.advance(60)
        lookout.places.put(PATH, rss([OLD]))
        await lookout.watch()
        await lookout.watch()
        await lookout.clock.advance(1)
    assert lookout.posts == ["one"]
    assert lookout.places.asked[PATH] == 1


async def test_so_many_are_asked_at_the_same_time_and_no_more(lookout: Lookout) -> None:
    lookout.places.takes_s = 0.001
    paths = [f"/{number}" for number in range(40)]
    for path in paths:
        lookout.places.put(path, rss([]))
    await lookout.watch(*paths)
    async with lookout.listening():
        while not all(lookout.places.asked[path] for path in paths):
            await lookout.clock.advance(0)
            await asyncio.sleep(0.001)
    assert lookout.places.at_once == 8


async def test_a_moved_feed_is_read_where_it_is_now(lookout: Lookout) -> None:
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        lookout.places.move(PATH, "/new.xml")
        lookout.places.put("/new.xml", rss([NEW, OLD]))
        await lookout.clock.advance(2 * HOUR_S)
        asked = lookout.places.asked[PATH]
        assert lookout.posts == ["one", "two"], "the entries are the same where they are now"
        await lookout.clock.advance(4 * HOUR_S)
    assert lookout.places.asked[PATH] == asked

    lookout.feeds = lookout.made()
    await lookout.watch()
    async with lookout.listening(lookout.positions):
        await lookout.clock.advance(2 * HOUR_S)
    assert lookout.places.asked[PATH] == asked, "remembered"


async def test_a_feed_that_is_elsewhere_for_now_is_asked_where_it_belongs(lookout: Lookout) -> None:
    lookout.places.move(PATH, "/for-now.xml", status=302)
    lookout.places.put("/for-now.xml", rss([OLD]))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(5 * HOUR_S)
    assert lookout.posts == ["one"]
    assert lookout.places.asked[PATH] == lookout.places.asked["/for-now.xml"] > 2


async def test_who_moved_to_nowhere_is_sought_where_it_was(lookout: Lookout) -> None:
    lookout.places.put("/new.xml", rss([OLD]))
    lookout.places.move(PATH, "/new.xml")
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        lookout.places.fail("/new.xml", 404)
        lookout.places.put(PATH, rss([NEW, OLD]))
        await lookout.clock.advance(8 * HOUR_S)
    assert lookout.posts == ["one", "two"]
    assert lookout.feeds.trouble() == ""


@pytest.mark.parametrize(
    ("status", "told"),
    [(404, "is not there"), (410, "is gone for good"), (403, "does not let Lapwing in"), (500, "answers 500")],
)
async def test_a_feed_that_cannot_be_read_is_named_until_it_can(status: int, told: str, lookout: Lookout) -> None:
    lookout.places.fail(PATH, status)
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
        assert lookout.feeds.trouble().startswith(f"{lookout.places.address(PATH)} {told}")
        assert lookout.feeds.state().connected_since is None
        lookout.places.put(PATH, rss([OLD]))
        await lookout.clock.advance(25 * HOUR_S)
    assert lookout.feeds.trouble() == ""
    assert lookout.feeds.state().connected_since
    assert lookout.posts == ["one"]


async def test_who_asks_for_a_rest_gets_it(lookout: Lookout) -> None:
    lookout.places.fail(PATH, 429, Retry_After=str(int(6 * HOUR_S)))
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(5.9 * HOUR_S)
        assert lookout.places.asked[PATH] == 1
        lookout.places.put(PATH, rss([OLD]), Cache_Control="max-age=3000")
        await lookout.clock.advance(0.2 * HOUR_S)
        assert lookout.places.asked[PATH] == 2
        await lookout.clock.advance(2_900 - 0.1 * HOUR_S)
        assert lookout.places.asked[PATH] == 2


async def test_a_broken_feed_is_counted_named_and_skipped_and_harms_no_other(lookout: Lookout) -> None:
    lookout.places.put("/broken", "<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>")
    lookout.places.put(PATH, rss([OLD]))
    await lookout.watch("/broken", PATH)
    async with lookout.listening():
        await lookout.clock.advance(0.9 * HOUR_S)
    assert lookout.posts == ["one"]
    assert lookout.feeds.state().skipped == 1
    assert f"{lookout.places.address('/broken')} declares a document type" in lookout.feeds.trouble()


async def test_of_many_that_fail_together_a_few_are_named(lookout: Lookout) -> None:
    await lookout.watch(*(f"/{number}" for number in range(20)))
    async with lookout.listening():
        await lookout.clock.advance(60)
    assert lookout.feeds.trouble().count("is not there") == 3
    assert lookout.feeds.trouble().endswith("17 other feeds cannot be read either")


async def test_a_bug_ends_the_iteration_where_it_is_heard(lookout: Lookout) -> None:
    async def broken(work: Callable[[], T]) -> T:
        raise ZeroDivisionError

    lookout.places.put(PATH, rss([OLD]))
    feeds = Feeds(lookout.places, clock=lookout.clock, aside=Aside(broken))
    await feeds.watch(wanting(feed(lookout.places.address(PATH))))
    async with asyncio.timeout(5), aclosing(feeds.posts({})) as arrivals:
        waiting = asyncio.ensure_future(anext(arrivals))
        await lookout.clock.advance(1)
        with pytest.raises(ZeroDivisionError):
            await waiting


async def test_an_address_is_found_where_it_moved_to_and_has_the_feeds_own_name(lookout: Lookout) -> None:
    lookout.places.move("/old", PATH)
    lookout.places.put(PATH, rss([OLD], title="  The\n News "))
    found = await lookout.account("/old")
    assert (found.id, found.handle, found.name) == (*[lookout.places.address(PATH)] * 2, "The News")


async def test_a_page_leads_to_the_feed_that_it_names(lookout: Lookout) -> None:
    named = '<link rel="alternate" type="application/rss+xml" href="{}">'
    lookout.places.put("/", f"<!doctype html><head>{named.format('/none')}{named.format(PATH)}", kind="text/html")
    lookout.places.put(PATH, rss([OLD]))
    assert (await lookout.account("/")).handle == lookout.places.address(PATH)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<html><title>x</title>", "names no feed"),
        ('<html><link rel="alternate" type="application/rss+xml" href="/none">', "which cannot be read"),
        ("just words", "is not RSS, Atom or RDF"),
    ],
)
async def test_what_leads_to_no_feed_is_said(page: str, told: str, lookout: Lookout) -> None:
    lookout.places.put("/", page, kind="text/html")
    with pytest.raises(SourceError, match=told):
        await lookout.account("/")


async def test_where_nothing_is_the_feeds_of_the_sites_first_page_are_suggested(lookout: Lookout) -> None:
    named = f'<link rel="alternate" type="application/atom+xml" href="{PATH}">'
    lookout.places.put("/", f"<html>{named}</html>", kind="text/html")
    with pytest.raises(AccountNotFoundError) as missing:
        await lookout.account("/blog/feeed.xml")
    assert missing.value.suggestions == (lookout.places.address(PATH),)


async def test_nothing_at_an_address_is_no_account(lookout: Lookout) -> None:
    for status in (404, 410):
        lookout.places.fail(PATH, status)
        with pytest.raises(AccountNotFoundError):
            await lookout.account()
    lookout.places.fail(PATH, 500)
    with pytest.raises(SourceError, match="answers 500"):
        await lookout.account()


async def test_recent_posts_are_those_that_readings_give_and_asking_twice_reads_once(lookout: Lookout) -> None:
    lookout.places.put(PATH, atom([OLD, EARLY, LATER], deleted=["3"]))
    account = await lookout.account()
    recent = await lookout.feeds.recent(account, 5)
    assert [post.text for post in recent] == ["early", "one"]
    assert lookout.places.asked[PATH] == 1
    await lookout.watch()
    async with lookout.listening():
        await lookout.clock.advance(60)
    assert lookout.ids == [post.id for post in reversed(recent)]
    lookout.places.fail(PATH, 500)
    await lookout.clock.advance(120)
    with pytest.raises(SourceError, match="answers 500"):
        await lookout.feeds.recent(account, 5)


async def test_over_the_network_with_the_real_clock_of_the_server() -> None:
    places = FakeFeeds()
    places.put(PATH, rss([OLD]))
    places.put("/large", b"x" * 3_000_000)
    places.move("/inside", "http://169.254.169.254/latest/meta-data/")
    async with places.serving() as allow, Fetcher(allow=allow) as fetcher:
        feeds = Feeds(fetcher, clock=FakeClock())
        account = await feeds.resolve(Handle(source=RSS, name=places.address(PATH)))
        await feeds.watch(wanting(account))
        async with asyncio.timeout(10), aclosing(feeds.posts({})) as arrivals:
            first = await anext(arrivals)
            places.put(PATH, rss([NEW, OLD]))
            second = await anext(arrivals)
        assert [one.post.text for one in (first, second) if one.post] == ["one", "two"]
        with pytest.raises(AddressRefusedError):
            await feeds.resolve(Handle(source=RSS, name=places.address("/inside")))
        await feeds.watch(wanting(feed(places.address("/large")), feed(places.address("/inside"))))
        async with asyncio.timeout(10), aclosing(feeds.posts({})) as arrivals:
            waiting = asyncio.ensure_future(anext(arrivals))
            await until(lambda: feeds.state().skipped > 0 and "off limits" in feeds.trouble())
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert "sends more than the 2,097,152 bytes that are read" in feeds.trouble()
    assert any("if-none-match" in headers for _, headers in places.told)
