"""How soon Slack hears that a command arrived, while the classifier keeps every core busy.

    python -m tests.benchmarks.slack_ack [--commands 600] [--posts 40000] [--classifier embedding]

The real program runs in a process of its own, with both sockets open and a backlog of posts that outlasts the trial;
the local Slack runs in this one. A time runs from the moment the local Slack sends a command to the moment it has read
the acknowledgement, its own work included. Exit status 1 when a limit is missed.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from bot.chat.slack.incoming import PLATFORM
from bot.chat.slack.manifest import manifest
from classifier.types import Label
from sources.types import Account
from storage import channels as channels_room
from storage.database import open_database
from storage.failpoints import Commit
from storage.types import Channel as Settled
from storage.types import ChannelKey, ChannelLabel, Watch
from tests.acceptance.program import environment
from tests.benchmarks.report import Figure, finish
from tests.fakes.slack import HOME_TEAM, Channel, Delivery, FakeSlack, Limits, Person
from tests.fakes.trial import LABELS, LONG_AGO, read_only

COMMANDS, POSTS = 600, 40_000
EVERY_S = 0.1
P99_S, MOST_S = 0.1, 1.0

_START_WITHIN_S = 60.0
_ANSWERS_WITHIN_S = 60.0
_SETTLES_S = 2.0
"""After the first decisions: the model is loaded and warm."""

_WORDS = (
    "storm", "flood", "warning", "server", "outage", "update", "patch", "team", "river", "city", "power", "line",
    "match", "goal", "price", "market", "vote", "minister", "bridge", "train", "strike", "recall", "product", "data",
    "breach", "security", "researcher", "fire", "forest", "wind", "the", "of", "to", "in", "on", "a",
)  # fmt: skip
_LINES = (
    "/watch",
    "/labels",
    "/threshold",
    "/alerts",
    "/stats",
    "/health",
    "/lapwing help",
    "/config log",
    "/why 1",
    "/labels set",
    "/test a flood in the city",
)


def write_posts(path: Path, count: int) -> None:
    """Posts of some sixty words, all by one account."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            at = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=number)
            text = " ".join(dice.choices(_WORDS, k=60))
            file.write(
                json.dumps({"id": str(number), "author": "busy", "text": text, "created_at": at.isoformat()}) + "\n"
            )


async def prepare(path: Path, channel: Channel) -> None:
    """A database in which the channel watches the account for all labels; next to nothing alerts."""
    settled = Settled(
        key=ChannelKey(platform=PLATFORM, workspace=HOME_TEAM, channel=channel.id),
        name=channel.name,
        threshold=0.99,
        labels=tuple(ChannelLabel(label=Label(name=name)) for name in LABELS),
        watches=(Watch(account=Account(source="x", id="busy", handle="busy"), added_by="Ada", added_at=LONG_AGO),),
    )
    async with open_database(path) as database:
        await database.transaction(lambda connection: channels_room.save(connection, settled), Commit.SETTINGS)


def counts(path: Path) -> tuple[int, int]:
    """Posts that wait, and posts that are decided."""
    with closing(read_only(path)) as connection:
        waiting, decided = connection.execute(
            "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM decisions)"
        ).fetchone()
    return int(waiting), int(decided)


@asynccontextmanager
async def running(folder: Path, slack: FakeSlack, classifier: str) -> "AsyncIterator[asyncio.subprocess.Process]":
    """`lapwing run` in a process of its own, with as many threads for the model as there are cores."""
    settings = {
        "database": folder / "lapwing.db",
        "replay_file": folder / "posts.jsonl",
        "replay_speed": "max",
        "classifier": classifier,
        "classifier_threads": os.cpu_count(),
        "slack_bot_token": slack.app.bot_token,
        "slack_app_token": slack.app.app_token,
        "slack_api_url": slack.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=environment(**settings), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
        if process.returncode is not None:
            raise RuntimeError(f"the program ended by itself, with status {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ask(ada: Person, channel: Channel, commands: int) -> list[Delivery]:
    """One command after the other at an even pace, whether or not those before are answered."""
    asked = []
    for number in range(commands):
        asked.append(asyncio.create_task(ada.types(channel, _LINES[number % len(_LINES)])))
        await asyncio.sleep(EVERY_S)
    return await asyncio.gather(*asked)


def cpu_s(process: int) -> float:
    """The processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(folder: Path, commands: int, posts: int, classifier: str) -> int:
    """One trial, reported."""
    database = folder / "lapwing.db"
    write_posts(folder / "posts.jsonl", posts)
    async with FakeSlack.running(manifest(), limits=Limits(messages_per_s=1_000, burst=1_000)) as slack:
        ada = slack.person("ada")
        ops = slack.channel("ops", ada)
        await prepare(database, ops)
        async with running(folder, slack, classifier) as process:
            await slack.until(lambda: len(slack.sockets.open) == 2 and counts(database)[1], _START_WITHIN_S)
            await asyncio.sleep(_SETTLES_S)
            (_, decided_before), cpu_before, began = counts(database), cpu_s(process.pid), monotonic()
            deliveries = await ask(ada, ops, commands)
            took_s, cpu_used = monotonic() - began, cpu_s(process.pid) - cpu_before
            waiting, decided = counts(database)
            await slack.until(lambda: len(ada.ephemerals(ops)) >= commands, _ANSWERS_WITHIN_S)
    times = sorted(delivery.latency_s for delivery in deliveries if delivery.latency_s is not None)
    return finish(
        "slack acknowledgements",
        [
            Figure(name="commands", value=len(deliveries), floor=500),
            Figure(name="not acknowledged", value=sum(not one.acknowledged for one in deliveries), ceiling=0),
            Figure(name="p99 ms", value=1000 * times[round(0.99 * (len(times) - 1))], ceiling=1000 * P99_S),
            Figure(name="most ms", value=1000 * times[-1], ceiling=1000 * MOST_S),
            Figure(name="posts still waiting at the end", value=waiting, floor=1),
        ],
        p50_ms=round(1000 * times[len(times) // 2], 2),
        p90_ms=round(1000 * times[round(0.9 * (len(times) - 1))], 2),
        posts_a_second=round((decided - decided_before) / took_s, 1),
        cores_used=round(cpu_used / took_s, 2),
        cores=os.cpu_count(),
        classifier=classifier,
        complaints=slack.complaints,
    )


def main() -> int:
    """Measure, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.slack_ack")
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--posts", type=int, default=POSTS, help="more than the classifier manages meanwhile")
    parser.add_argument("--classifier", default="embedding")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(Path(folder), given.commands, given.posts, given.classifier))


if __name__ == "__main__":
    sys.exit(main())
