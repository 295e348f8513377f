"""Lapwing, built as the program builds it, in the local Slack: with a replay as its source and a model of words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import App, build
from bot.settings import Settings
from classifier.registry import Choice
from classifier.types import Classifier
from tests.acceptance.program import write_posts
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.slack import BOT_USER, Channel, FakeSlack, Message

TEMPLATE = "This text is about {}."
SOCKETS = 2

_BEGIN = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words(Choice):
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


@dataclass(kw_only=True)
class Home:
    """Where one Lapwing keeps what it remembers, from life to life, and what it is set to."""

    slack: FakeSlack
    folder: Path
    classifier: Classifier = field(default_factory=KeywordClassifier)
    more: Mapping[str, Any] = field(default_factory=dict)

    def plays(self, *lines: Mapping[str, object]) -> None:
        """What the source will show. Nothing is played before somebody watches somebody."""
        write_posts(self._replay, lines)

    @property
    def settings(self) -> Settings:
        """Those of `lapwing run`, for this Slack."""
        app = self.slack.app
        listening: dict[str, Any] = (
            {"slack_app_token": SecretStr(app.app_token)}
            if app.socket_mode
            else {"slack_signing_secret": SecretStr(app.signing_secret), "http_port": 0}
        )
        if not self._replay.exists():
            self.plays(a_line(1, "Nothing of interest.", author="nobody"))
        given = {
            "database": self.folder / "lapwing.db",
            "replay_file": self._replay,
            "replay_speed": 1.0,
            "slack_bot_token": SecretStr(app.bot_token),
            "slack_api_url": self.slack.url,
            **listening,
            **self.more,
        }
        return Settings(**given)

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[App]:
        """One life of the program, from its first hello to a clean end. Raises what it dies of."""
        async with build(self.settings, scripted=False, choice=_Words(classifier=self.classifier)) as app:
            running = asyncio.create_task(app.run(), name="lapwing")
            try:
                await self._listens(running)
                yield app
            finally:
                app.stop()
                await running

    async def _listens(self, running: "asyncio.Task[None]") -> None:
        if not self.slack.app.socket_mode:
            await until(lambda: running.done() or self._web_answers())
        else:
            await until(lambda: running.done() or len(self.slack.sockets.open) >= SOCKETS)
        if running.done():
            running.result()

    def _web_answers(self) -> bool:
        return any(call.method == "auth.test" for call in self.slack.calls)

    @property
    def _replay(self) -> Path:
        return self.folder / "posts.jsonl"


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
