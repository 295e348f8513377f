"""The local Discord on a thread of its own, for tests that kill the program; and the program's Discord.

The platform is the real one: only its grace and its pace are shorter, since nobody can wait 40 s for each look-up.
Discord's own memory of nonces is switched off: it lasts for minutes, and what is looked up must do without.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from bot.chat.discord.buttons import parse_custom_id
from bot.chat.discord.client import Client
from bot.chat.discord.platform import Discord
from sources.clock import Clock, SystemClock
from tests.fakes.discord import (
    Application,
    Channel,
    FakeDiscord,
    Fault,
    Limits,
    Message,
    late,
    rate_limited,
    reply_lost,
    server_error,
)
from tests.fakes.discord.components import buttons
from tests.fakes.served import Kept, Served

SLOWEST_COMMIT_S = 0.25
GRACE_S = SLOWEST_COMMIT_S + 0.5
"""With a margin for a machine that is busy with other things."""

GUILD = "100000000000000001"
CHANNEL = "2000000000000{:05d}"
"""What each of its channels is called: in Discord all ids are numbers."""

_MANY = 10_000

_SEND, _HISTORY = "POST /channels/{channel_id}/messages", "GET /channels/{channel_id}/messages"

ON_A_BAD_DAY: Mapping[str, Mapping[Fault, float]] = {
    _SEND: {
        server_error(503): 0.02,
        server_error(503, commits=True): 0.01,
        server_error(502): 0.01,
        rate_limited(0.5): 0.01,
        reply_lost(): 0.04,
        late(SLOWEST_COMMIT_S, cut=True): 0.04,
        late(SLOWEST_COMMIT_S): 0.1,
        late(0.05): 0.3,
    },
    _HISTORY: {server_error(503): 0.03, rate_limited(0.5): 0.02, reply_lost(): 0.02},
}
"""Shares of all calls: messages that are kept and not answered for, or kept late, or both."""


class DiscordServer(Served):
    """Discord on a bad day."""

    slowest_commit_s = SLOWEST_COMMIT_S

    async def serve(self) -> None:
        """A server with all the channels."""
        often = (_MANY, 1.0)
        limits = Limits(messages=often, edits=often, others=often, global_per_s=_MANY, invalid_most=_MANY**2)
        async with FakeDiscord.running(limits=limits) as discord:
            discord.world.nonces_last = timedelta(0)
            guild = discord.world.new_guild("lookouts", discord.person("owner").id, guild_id=GUILD)
            await discord.adds_bot(guild)
            for name in self.channels:
                discord.world.channels[name] = Channel(id=name, name=name, guild=guild.id)
            for number, (route, shares) in enumerate(ON_A_BAD_DAY.items()):
                discord.faults.at_random(route, dict(shares), seed=self.seed * 10 + number)
            await self.until_ended(discord.api_url)
            await discord.idle()
            self.answered.update(f"{call.route} {call.status}" for call in discord.calls)
            self.messages.extend(
                kept(message) for channel in discord.world.channels.values() for message in channel.standing()
            )


def kept(message: Message) -> Kept:
    """A message as people find it: its post's text stands in its embed, made literal."""
    pressed = (parse_custom_id(str(part.get("custom_id", ""))) for part in buttons(message.payload["components"]))
    embeds = message.payload.get("embeds") or [{}]
    return Kept(
        id=message.id,
        channel=message.channel,
        key=next((one.key for one in pressed if one is not None), ""),
        text=re.sub(r"\\(.)", r"\1", str(embeds[0].get("description", message.content))),
    )


class QuickClient(Client):
    """Waits neither 5 s before it says again who it is, nor 2 s for another guild: the local Discord has no need."""

    def __init__(self) -> None:
        super().__init__(guild_ready_timeout=0.01)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """At once."""


class QuickDiscord(Discord):
    """The real platform for the local Discord, as impatient as a test has to be."""

    client_type: type[Client] = QuickClient

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        grace_s: float = GRACE_S,
        pace_s: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        """`url`: of its API; the gateway is on the same machine. `token`: the local app's own unless told."""
        gateway = re.sub(r"^http(://[^/]+)/.*", r"ws\1/gateway/", url)
        super().__init__(
            token=token or Application().token, api_url=url, gateway_url=gateway, clock=clock or SystemClock()
        )
        self.grace, self.pace = timedelta(seconds=grace_s), timedelta(seconds=pace_s)
