"""Runs the real program in a process of its own, as a person would."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.discord import FakeDiscord
    from tests.fakes.slack import FakeSlack

TIME_LIMIT_S = 110
LIFE_S = 60
MODEL = {"classifier": "embedding"}
"""The settings with which the real model is loaded."""

ALERT = re.compile(r"^ALERT (\d+) (.+?) (\d+)% (@\S+): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def alerts(self) -> list[int]:
        """The numbers of the alerts shown, in order."""
        return [int(found[1]) for found in ALERT.finditer(self.out)]


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings and none of its own; the null classifier, so that no model is
    loaded, unless told otherwise."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    ours = {"HF_HUB_OFFLINE": "1", "CLASSIFIER": "null"}
    return kept | ours | {name.upper(): str(value) for name, value in settings.items()}


def lapwing(*arguments: str, typed: str = "", settings: Mapping[str, object] | None = None) -> Ended:
    """Run `lapwing` to its end with these lines typed into it."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=typed.encode("utf-8", "surrogateescape"),
        capture_output=True,
        timeout=TIME_LIMIT_S,
        env=environment(**(settings or {})),
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@asynccontextmanager
async def running(**settings: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """`lapwing run` as a service manager runs it, killed at the end if it has not ended by then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run",
        env=environment(**{"replay_speed": "max", **settings}),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process, *, told: signal.Signals | None = None) -> tuple[int | None, str]:
    """Its status, and what it wrote to standard error; `told`: the signal that ends it."""
    if told is not None:
        process.send_signal(told)
    async with asyncio.timeout(LIFE_S):
        _, err = await process.communicate()
    return process.returncode, err.decode()


def kept_in(folder: Path) -> dict[str, object]:
    """Where a running program keeps what it remembers, and finds its posts."""
    return {"database": folder / "lapwing.db", "replay_file": folder / "posts.jsonl"}


def of_slack(slack: "FakeSlack") -> dict[str, object]:
    """The settings with which it serves this Slack."""
    return {
        "slack_bot_token": slack.app.bot_token,
        "slack_app_token": slack.app.app_token,
        "slack_api_url": slack.url,
    }


def of_discord(discord: "FakeDiscord") -> dict[str, object]:
    """The settings with which it serves this Discord."""
    return {
        "discord_token": discord.app.token,
        "discord_api_url": discord.api_url,
        "discord_gateway_url": discord.gateway_url,
    }


def write_posts(path: Path, posts: Iterable[Mapping[str, object]]) -> Path:
    """A replay file of these posts."""
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    return path
