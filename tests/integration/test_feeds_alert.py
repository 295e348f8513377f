"""A feed's way into a channel, over HTTP, through the whole house: lives of one program, whose first reading is each
life's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import App
from bot.chat.base import Inbound
from bot.commands.types import Actor, Asked
from classifier.batching import Batcher
from sources.accounts import RSS
from sources.clock import SystemClock
from sources.feeds.fetch import digest
from sources.feeds.position import Position
from sources.feeds.source import Feeds
from sources.http import Fetcher
from storage.database import Database
from storage.inbox import SqlInbox
from storage.types import ChannelKey
from tests.fakes.chat import FakeChat
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.feeds import FakeFeeds, Item, atom
from tests.fakes.house import until

OPS = ChannelKey(platform="fake", workspace="team", channel="ops")
PATH = "/feed.xml"


class Talk(FakeChat):
    """Somebody types these lines in each life, and leaves once what was waited for has happened."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.replies: list[str] = []
        self.enough: Callable[[], Awaitable[bool]]

    async def run(self, inbound: Inbound) -> None:
        for text in self.lines:
            asked = Asked(actor=Actor(id="U1", name="Ada"), channel=OPS, channel_name="ops", text=text)
            self.replies.append((await inbound.answer(asked)).text)
        await until(self.enough)
        await inbound.settle()


class Team:
    """A channel, the feed it watches, and one life of the program after another."""

    def __init__(self, database: Database, places: FakeFeeds, fetcher: Fetcher) -> None:
        self.places = places
        self.chat = Talk()
        self._database = database
        self._fetcher = fetcher

    async def live(self, *lines: str, reads: bool = True) -> list[str]:
        """What was answered, in a life that ends once the feed as it is now was read, if it is to be."""
        self.chat.lines, self.chat.replies = list(lines), []

        async def enough() -> bool:
            if not reads:
                return True
            cursors = (await SqlInbox(self._database).positions(RSS)).values()
            return digest(self.places.body(PATH)) in [Position.from_cursor(cursor).digest for cursor in cursors]

        self.chat.enough = enough
        engine = KeywordClassifier()
        app = App(
            database=self._database,
            sources=[Feeds(self._fetcher, clock=SystemClock())],
            batcher=Batcher(lambda: engine, engine.template),
            platforms=[self.chat],
            clock=SystemClock(),
            gate=asyncio.Event(),
        )
        async with asyncio.timeout(20):
            await app.run()
        return self.chat.replies

    def alerts(self) -> list[str]:
        return [text.partition(": ")[2].partition("\n")[0] for text in self.chat.texts()]


@pytest.fixture
async def team(database: Database) -> AsyncIterator[Team]:
    places = FakeFeeds()
    async with places.serving() as allow, Fetcher(allow=allow) as fetcher:
        yield Team(database, places, fetcher)


def written(number: int, title: str) -> Item:
    """Just now; a second later, since feeds cut their dates to seconds and the watch is younger than one."""
    published_at = datetime.now(UTC) + timedelta(seconds=1)
    return Item(guid=str(number), link=f"https://news.example/{number}", title=title, published_at=published_at)


async def test_from_watch_to_alert_once_edited_deleted_and_unwatched(team: Team) -> None:
    address = team.places.address(PATH)
    old = Item(guid="0", title="security of old", published_at=datetime(2026, 1, 1, tzinfo=UTC))
    team.places.put(PATH, atom([old], title="The News"))
    replies = await team.live("/labels set security", f"/watch {address}")
    assert f"Watching {address}" in replies[1]
    assert "1 of its last 1 post would have alerted" in replies[1]

    news = written(1, "A security hole")
    team.places.put(PATH, atom([written(2, "Lunch"), news, old]))
    await team.live()
    assert team.alerts() == ["A security hole"]

    team.places.put(PATH, atom([Item(guid="1", title="A security hole, edited", published_at=datetime.now(UTC)), old]))
    await team.live()
    assert len(team.alerts()) == 1, "an edited entry is the same post, and what was from before the watch stays so"

    team.places.put(PATH, atom([old], deleted=["1"]))
    await team.live()
    [card] = team.chat.texts()
    assert "A security hole" not in card

    await team.live(f"/unwatch {address}", reads=False)
    team.places.put(PATH, atom([written(3, "More security")]))
    await team.live(reads=False)
    assert len(team.alerts()) == 1


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("{}/page", "is a page that names no feed"),
        ("{}/none", "I could not find"),
        ("http://10.0.0.1/feed", "it is private, local, reserved or a cloud's own"),
        ("http://169.254.169.254/latest/", "off limits"),
        ("http://news.example:6379/", "only 80 and 443 are open"),
    ],
)
async def test_what_cannot_be_watched_is_said_in_the_channel(address: str, told: str, team: Team) -> None:
    team.places.put("/page", "<html><title>x</title></html>", kind="text/html")
    [reply] = await team.live(f"/watch {address.format(team.places.host)}", reads=False)
    assert told in reply
