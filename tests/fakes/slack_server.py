"""The local Slack on a thread of its own, for tests that kill the program again and again; and the program's Slack.

The platform is the real one: only its grace and its pace are shorter, since nobody can wait 40 s for each look-up.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.chat.slack.cards import key_in
from bot.chat.slack.manifest import manifest
from bot.chat.slack.platform import Slack
from sources.clock import SystemClock
from tests.fakes.served import Kept, Served
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


class SlackServer(Served):
    """Slack on a bad day."""

    slowest_commit_s = SLOWEST_COMMIT_S

    async def serve(self) -> None:
        """A workspace with all the channels."""
        limits = Limits(messages_per_s=_MANY, burst=_MANY)
        async with FakeSlack.running(manifest(), limits=limits) as slack:
            for name in self.channels:
                slack.workspace.channels[name] = Channel(id=name, name=name, members={BOT_USER})
            for number, (method, shares) in enumerate(ON_A_BAD_DAY.items()):
                slack.faults.at_random(method, dict(shares), seed=self.seed * 10 + number)
            await self.until_ended(slack.url)
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
