"""Lapwing, built as the program builds it, in the local Slack: with a replay as its source and a model of words."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.app import App
from bot.build import build
from bot.settings import Settings
from classifier.registry import Choice
from classifier.types import Classifier
from storage import alerts
from storage.database import Connection
from storage.types import AlertId
from tests.acceptance.program import write_posts
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.slack import BOT_USER, Channel, FakeSlack, Message, Person

TEMPLATE = "This text is about {}."
SOCKETS = 2
PUBLIC = "https://lapwing.example.org"
"""Where Slack believes to reach Lapwing in HTTP mode."""

_BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Words(Choice):
    """A choice of the model of words."""

    engine: str = "keyword"
    place: str = ""
    template: str = TEMPLATE
    classifier: Classifier = field(default_factory=KeywordClassifier)

    def load(self) -> Classifier:
        return self.classifier


def a_line(number: int, text: str, *, after_s: float = 0.0, author: str = "vendor_sec") -> dict[str, object]:
    """A post of a replay, published so many seconds after the first."""
    return {
        "id": str(number),
        "author": author,
        "text": text,
        "created_at": (_BEGIN + timedelta(seconds=after_s)).isoformat(),
        "url": f"https://x.com/{author}/status/{number}",
    }


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(kw_only=True)
class Dwelling:
    """Where one Lapwing keeps what it remembers, from life to life, and what it is set to, whichever chat it serves."""

    folder: Path
    classifier: Classifier = field(default_factory=KeywordClassifier)
    more: Mapping[str, Any] = field(default_factory=dict)

    def plays(self, *lines: Mapping[str, object]) -> None:
        """What the source will show. Nothing is played before somebody watches somebody."""
        write_posts(self._replay, lines)

    @property
    def settings(self) -> Settings:
        """Those of `lapwing run`, for this chat."""
        if not self._replay.exists():
            self.plays(a_line(1, "Nothing of interest.", author="nobody"))
        given = {
            "database": self.folder / "lapwing.db",
            "replay_file": self._replay,
            "replay_speed": 1.0,
            **self._chat,
            **self.more,
        }
        return Settings(**given)

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[App]:
        """One life of the program, from its first hello to a clean end. Raises what it dies of."""
        async with build(self.settings, scripted=False, choice=Words(classifier=self.classifier)) as app:
            running = asyncio.create_task(app.run(), name="lapwing")
            try:
                await self._listens(running)
                yield app
            finally:
                app.stop()
                await running

    @property
    def _chat(self) -> dict[str, Any]:
        """The settings of the chat."""
        raise NotImplementedError

    async def _listens(self, running: "asyncio.Task[None]") -> None:
        """Until the chat hears it, or it has ended."""
        raise NotImplementedError

    @property
    def _replay(self) -> Path:
        return self.folder / "posts.jsonl"


@dataclass(kw_only=True)
class Home(Dwelling):
    """In a local Slack."""

    slack: FakeSlack
    port: int = field(default_factory=free_port)

    @property
    def _chat(self) -> dict[str, Any]:
        app = self.slack.app
        listening: dict[str, Any] = (
            {"slack_app_token": SecretStr(app.app_token)}
            if app.socket_mode
            else {"slack_signing_secret": SecretStr(app.signing_secret), "http_port": self.port}
        )
        return {"slack_bot_token": SecretStr(app.bot_token), "slack_api_url": self.slack.url, **listening}

    async def _listens(self, running: "asyncio.Task[None]") -> None:
        if self.slack.app.socket_mode:
            await until(lambda: running.done() or len(self.slack.sockets.open) >= SOCKETS)
        else:
            self.slack.app.reached_at[PUBLIC] = self.address
            while not running.done() and not await self._takes_events():  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # until the web server is there, and what stands behind it
        if running.done():
            running.result()

    async def _takes_events(self) -> bool:
        try:
            return await self.slack.http.verify()
        except (aiohttp.ClientError, TimeoutError):
            return False

    @property
    def address(self) -> str:
        """Of its web server."""
        return f"http://127.0.0.1:{self.port}"


async def until(look: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    """What `look` returns once it is true."""
    async with asyncio.timeout(timeout_s):
        while not (found := look()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # what is looked at may lie anywhere
        return found


def posted(channel: Channel) -> list[Message]:
    """What Lapwing shows everybody there, oldest first."""
    return [message for message in channel.standing() if message.user == BOT_USER]


def cards(channel: Channel) -> list[Message]:
    """Its alerts there."""
    return [message for message in posted(channel) if message.metadata is not None]


def said(message: Message) -> str:
    """All words that a message shows."""
    return "\n".join(words(message.blocks))


def words(blocks: Iterable[Mapping[str, Any]]) -> list[str]:
    """The words of blocks, from top to bottom."""
    found: list[str] = []
    for block in blocks:
        if "text" in block:
            found.append(block["text"]["text"])
        found += [one["text"] for one in block.get("elements", []) if isinstance(one.get("text"), str)]
    return found


def answers(channel: Channel) -> list[Message]:
    """What was said there to whoever asked: nothing that was delivered, which carries the key of its delivery."""
    return [message for message in posted(channel) if not message.metadata]


async def answer(person: Person, channel: Channel, text: str) -> str:
    """What a slash command is answered, in the channel or privately, whatever alerts come; acknowledged first."""
    shown, whispered = len(answers(channel)), len(person.ephemerals(channel))
    delivery = await person.types(channel, text)
    assert delivery.acknowledged
    await until(lambda: len(answers(channel)) > shown or len(person.ephemerals(channel)) > whispered)
    public = answers(channel)[shown:]
    return said((public or person.ephemerals(channel)[whispered:])[0])


async def first_card(person: Person, channel: Channel) -> Message:
    """Settings that alert of security, and the first alert."""
    await answer(person, channel, "/labels set security")
    await answer(person, channel, "/watch @vendor_sec")
    card: Message = (await until(lambda: cards(channel)))[0]
    return card


async def privately(person: Person, channel: Channel) -> str:
    """The next thing that only this person is told."""
    before = len(person.ephemerals(channel))
    await until(lambda: len(person.ephemerals(channel)) > before)
    return said(person.ephemerals(channel)[-1])


def whispers(person: Person, channel: Channel) -> list[str]:
    return [said(message) for message in person.ephemerals(channel)]


async def standing(app: App) -> list[tuple[str, str, str]]:
    """Every judgement: who, how, why."""

    def read(connection: Connection) -> list[tuple[str, str, str]]:
        found = alerts.load(connection, AlertId(1))
        assert found is not None
        return [(one.actor_name, str(one.judged), one.reason) for one in found.judgements]

    return await app.database.read(read)


async def judged(app: App, *wanted: tuple[str, str, str]) -> None:
    """Until exactly these judgements stand."""
    async with asyncio.timeout(5):
        while sorted(await standing(app)) != sorted(wanted):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the database tells nobody
