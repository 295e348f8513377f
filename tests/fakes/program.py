"""The real program with local chats, for tests that kill it.

    python -m tests.fakes.program --chat http://127.0.0.1:8080 --die-at "before put posts"
    python -m tests.fakes.program --platform slack --chat http://127.0.0.1:8080/api/
    python -m tests.fakes.program --platform discord --chat http://127.0.0.1:8080/api/v10
    python -m tests.fakes.program --platform slack --chat URL --platform discord --chat URL   (one program in both)

Settings come from the environment, as those of `lapwing run`; channels are in the database before the first life.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.build import build
from bot.chat.base import ChatPlatform, Inbound
from bot.cli.failures import explained
from bot.cli.logs import start_logging
from bot.commands.types import Actor, Asked
from bot.settings import read_settings
from classifier.hypothesis import NULL_TEMPLATE
from classifier.null import NullClassifier
from classifier.registry import Choice
from classifier.types import Classifier
from storage import failpoints
from storage.failpoints import Commit
from storage.types import ChannelKey
from tests.fakes.http_chat import GRACE_S, REQUEST_TIMEOUT_S, WORKSPACE, HttpChat

MAY_BE_EMPTY = frozenset(
    {Commit.FREE_CLAIMS, Commit.RECOVER_DELIVERIES, Commit.CLAIM_POSTS, Commit.TAKE_DELIVERIES, Commit.RELEASE_POSTS}
)
"""Commits of a start, and those which may find nothing to do: none of them shows that a life did any work."""

_WORK = frozenset(failpoints.after(commit) for commit in Commit if commit not in MAY_BE_EMPTY)

ADA = Actor(id="ada", name="Ada")


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """How one life of the program goes."""

    chats: Mapping[str, str]
    """The address of each chat it is in, by which it is: one of PLATFORMS."""

    grace_s: float = GRACE_S
    timeout_s: float = REQUEST_TIMEOUT_S
    die_at: str = ""
    """The failpoint at which it kills itself; empty: nowhere."""

    tell_fd: int | None = None
    """A pipe that gets one byte after the first commit that shows work."""

    fails_on: str | None = None
    """The model fails on each text that holds this; None: on none."""

    says: tuple[tuple[str, str], ...] | None = None
    """(channel, line): once all is settled someone says these, and the life ends when all is settled again."""


SLACK, DISCORD = "slack", "discord"
"""Named here: their adapters take a second to import, and a start of this program counts."""

PLATFORMS = (HttpChat.name, SLACK, DISCORD)
"""The careless chat of the tests, the local Slack, and the local Discord."""


class TalkativeChat(HttpChat):
    """The same chat with someone in it."""

    def __init__(self, life: Life) -> None:
        super().__init__(life.chats[self.name], grace_s=life.grace_s, timeout_s=life.timeout_s)
        self._says = life.says

    async def run(self, inbound: Inbound) -> None:
        """Say what there is to say and leave; without a script, stay."""
        if self._says is None:
            await super().run(inbound)
            return
        await inbound.settle()
        for name, line in self._says:
            channel = ChannelKey(platform=self.name, workspace=WORKSPACE, channel=name)
            reply = await inbound.answer(Asked(actor=ADA, channel=channel, channel_name=name, text=line))
            print(f"{line} -> {reply.text}", flush=True)
        await inbound.settle()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failing(Choice):
    """The null engine, which fails on some texts."""

    fails_on: str

    def load(self) -> Classifier:
        return _FailingClassifier(self.template, self.fails_on)


class _FailingClassifier(NullClassifier):
    def __init__(self, template: str, fails_on: str) -> None:
        super().__init__(template=template)
        self._fails_on = fails_on

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        if any(self._fails_on in text for text in texts):
            raise RuntimeError("this text is too much for me")
        return super().logits(texts, hypotheses)


def live(life: Life) -> None:
    """One life, in this process, with the settings of its environment."""
    failpoints.arm(_arrived(life))
    with explained():
        asyncio.run(_run(life))


async def _run(life: Life) -> None:
    settings = read_settings()
    start_logging(settings.log_level)
    choice = (
        None
        if life.fails_on is None
        else _Failing(engine="null", place="", template=NULL_TEMPLATE, fails_on=life.fails_on)
    )
    platforms = [_platform(life, platform) for platform in life.chats]
    async with build(settings, scripted=False, platforms=platforms, choice=choice) as app:
        await app.run()


def _platform(life: Life, platform: str) -> ChatPlatform:
    if platform == HttpChat.name:
        return TalkativeChat(life)
    if platform == SLACK:
        from tests.fakes.slack_server import QuickSlack  # (the others need not wait for bolt)

        return QuickSlack(life.chats[SLACK], grace_s=life.grace_s)
    from tests.fakes.discord_server import QuickDiscord  # (nor for discord.py)

    return QuickDiscord(life.chats[DISCORD], grace_s=life.grace_s)


def _arrived(life: Life) -> Callable[[str], None]:
    silent = life.tell_fd is None

    def arrived(name: str) -> None:
        nonlocal silent
        if name == life.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if not silent and name in _WORK:
            silent = True
            os.write(life.tell_fd or 0, b".")

    return arrived


def main() -> None:
    """Understand the command line, and live."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.program")
    parser.add_argument("--chat", action="append", required=True, help="the address; one for each platform")
    parser.add_argument("--platform", action="append", choices=PLATFORMS, help=f"{HttpChat.name} unless told")
    parser.add_argument("--grace", type=float, default=GRACE_S, help="seconds")
    parser.add_argument("--die-at", choices=failpoints.every(), default="", metavar="FAILPOINT")
    parser.add_argument("--tell-fd", type=int)
    given = parser.parse_args()
    platforms = given.platform or [HttpChat.name]
    if not len(set(platforms)) == len(platforms) == len(given.chat):
        parser.error("give one --chat for each --platform, and no platform twice")
    live(
        Life(
            chats=dict(zip(platforms, given.chat, strict=True)),
            grace_s=given.grace,
            die_at=given.die_at,
            tell_fd=given.tell_fd,
        )
    )


if __name__ == "__main__":
    main()
