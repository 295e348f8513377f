"""The local chats of a trial, one or several at once: where their channels are, and all of them on a bad day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Self

from tests.fakes import discord_server, slack_server
from tests.fakes.chat_server import SLOWEST_COMMIT_S, ChatServer, on_a_bad_day
from tests.fakes.http_chat import HttpChat
from tests.fakes.program import DISCORD, SLACK
from tests.fakes.reckoning import Kept
from tests.fakes.served import Served
from tests.fakes.slack import HOME_TEAM
from tests.fakes.trial import IN_HTTP, Place, World

BOTH = "both"
"""One program in Slack and in Discord at the same time."""

_IN_SLACK = Place(platform=SLACK, workspace=HOME_TEAM, channel="channel{}")
_IN_DISCORD = Place(platform=DISCORD, workspace=discord_server.GUILD, channel=discord_server.CHANNEL)

PLACES: Mapping[str, Sequence[Place]] = {
    HttpChat.name: (IN_HTTP,),
    SLACK: (_IN_SLACK,),
    DISCORD: (_IN_DISCORD,),
    BOTH: (_IN_SLACK, _IN_DISCORD),
}
"""Where the channels are, by what a trial is asked for. What is together calls no two channels the same, so that the
reckoning knows from its channel in which chat a message is."""

_APART = 1_000
"""Between the seeds of two chats: their bad days would be the same one."""

_SERVED = {SLACK: slack_server.SlackServer, DISCORD: discord_server.DiscordServer}


class Chats:
    """Every chat a world has channels in, between `with` and its end; `messages` and `answered` are whole after."""

    def __init__(self, world: World, seed: int) -> None:
        named: dict[str, list[str]] = {}
        for channel in world.channels:
            named.setdefault(channel.key.platform, []).append(channel.key.channel)
        self._servers = {
            platform: _server(platform, channels, seed + _APART * number)
            for number, (platform, channels) in enumerate(named.items())
        }
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with self._opened:
            for server in self._servers.values():
                self._opened.enter_context(server)
            self._opened = self._opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def urls(self) -> dict[str, str]:
        """The address of each platform's chat."""
        return {platform: server.url for platform, server in self._servers.items()}

    @property
    def messages(self) -> list[Kept]:
        """The messages of all, chat by chat."""
        return [message for server in self._servers.values() for message in server.messages]

    @property
    def answered(self) -> Counter[str]:
        """How many calls met what, in the words of each chat."""
        return sum((server.answered for server in self._servers.values()), Counter())

    @property
    def late_s(self) -> float:
        """How much later than promised a message was kept, at worst: the grace has a margin for this, no more."""
        return max(0.0, *(server.slowest_commit_s - SLOWEST_COMMIT_S for server in self._servers.values()))


def _server(platform: str, channels: Sequence[str], seed: int) -> ChatServer | Served:
    if platform == HttpChat.name:
        return ChatServer(on_a_bad_day(f"{seed} chat"))
    return _SERVED[platform](channels, seed)
