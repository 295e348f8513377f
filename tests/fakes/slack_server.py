"""The local Slack on a thread of its own, for tests that kill the program again and again; and the program's Slack.

The platform is the real one: only its grace and its pace are shorter, since nobody can wait 40 s for each look-up.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from bot.chat.slack.cards import key_in
from bot.chat.slack.manifest import manifest
from bot.chat.slack.platform import Slack
from sources.clock import SystemClock
from tests.fakes.slack import (
    BOT_USER,
    Channel,
    FakeSlack,
    Fault,
    InstalledApp,
    Limits,
    late,
    rate_limited,
    reply_lost,
    server_error,
)

SLOWEST_COMMIT_S = 0.25
GRACE_S = SLOWEST_COMMIT_S + 0.5
"""With a margin for a machine that is busy with other things."""

_MANY = 1_000_000

ON_A_BAD_DAY: Mapping[str, Mapping[Fault, float]] = {
    "chat.postMessage": {
        server_error(503): 0.02,
        server_error(503, commits=True): 0.01,
        rate_limited(1): 0.02,
        reply_lost(): 0.04,
        late(SLOWEST_COMMIT_S, cut=True): 0.04,
        late(SLOWEST_COMMIT_S): 0.1,
        late(0.05): 0.3,
    },
    "conversations.history": {server_error(503): 0.03, rate_limited(1): 0.02, reply_lost(): 0.02},
}
"""Shares of all calls: messages that are kept and not answered for, or kept late, or both."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A message as people find it."""

    id: str
    channel: str
    key: str
    text: str


class SlackServer:
    """Serves between `with` and its end. `messages` and `answered` are whole after; channels are named by their ids."""

    slowest_commit_s = SLOWEST_COMMIT_S

    def __init__(self, channels: Sequence[str], seed: int) -> None:
        self.url = ""
        self.messages: list[Kept] = []
        self.answered: Counter[str] = Counter()
        """How many calls met what: "chat.postMessage ok", "chat.postMessage cut"."""

        self._channels = channels
        self._seed = seed
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="local Slack")
        self._listening, self._loop = threading.Event(), asyncio.new_event_loop()
        self._ended = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop.close()
        self._loop = asyncio.get_running_loop()
        limits = Limits(messages_per_s=_MANY, burst=_MANY)
        async with FakeSlack.running(manifest(), limits=limits) as slack:
            for name in self._channels:
                slack.workspace.channels[name] = Channel(id=name, name=name, members={BOT_USER})
            for number, (method, shares) in enumerate(ON_A_BAD_DAY.items()):
                slack.faults.at_random(method, dict(shares), seed=self._seed * 10 + number)
            self.url = slack.url
            self._listening.set()
            await self._ended.wait()
            await slack.settled()
            self.answered.update(f"{call.method} {call.answer}" for call in slack.calls)
            self.messages.extend(
                Kept(id=one.ts, channel=channel.id, key=key_in({"metadata": one.metadata}), text=one.text)
                for channel in slack.workspace.channels.values()
                for one in channel.standing()
            )


class QuickSlack(Slack):
    """The real platform for the local Slack, as impatient as a test has to be."""

    def __init__(self, url: str, *, grace_s: float = GRACE_S, pace_s: float = 0.0) -> None:
        app = InstalledApp(manifest={})
        super().__init__(bot_token=app.bot_token, app_token=app.app_token, api_url=url, prefix="", clock=SystemClock())
        self.grace, self.pace = timedelta(seconds=grace_s), timedelta(seconds=pace_s)
