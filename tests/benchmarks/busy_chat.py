"""A busy program in a process of its own, and how soon a chat hears that a command arrived: for benchmarks of chats.

The program has a backlog of posts that outlasts the trial; the local chat runs in the process that measures. A time
runs from the moment the local chat sends a command to the moment it has read the acknowledgement, its own work
included.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from classifier.types import Label
from sources.types import Account
from storage import channels as channels_room
from storage.database import open_database
from storage.failpoints import Commit
from storage.types import Channel, ChannelKey, ChannelLabel, Watch
from tests.acceptance.program import environment
from tests.benchmarks.report import Figure, finish
from tests.fakes.trial import LABELS, LONG_AGO, read_only

COMMANDS, POSTS = 600, 40_000
EVERY_S = 0.1
P99_S, MOST_S = 0.1, 1.0

START_WITHIN_S = 60.0
ANSWERS_WITHIN_S = 60.0
_SETTLES_S = 2.0
"""After the first decisions: the model is loaded and warm."""

_WORDS = (
    "storm", "flood", "warning", "server", "outage", "update", "patch", "team", "river", "city", "power", "line",
    "match", "goal", "price", "market", "vote", "minister", "bridge", "train", "strike", "recall", "product", "data",
    "breach", "security", "researcher", "fire", "forest", "wind", "the", "of", "to", "in", "on", "a",
)  # fmt: skip


class Acknowledged(Protocol):
    """A command that a local chat has sent."""

    @property
    def acknowledged(self) -> bool:
        """In time."""

    @property
    def latency_s(self) -> float | None:
        """How long that took; None while nobody has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line asks for."""

    commands: int
    posts: int
    classifier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One trial in a folder of its own."""

    folder: Path
    given: Given

    async def prepare(self, key: ChannelKey) -> None:
        """Posts, and a database in which the channel watches their author for all labels; next to nothing alerts."""
        _write_posts(self.folder / "posts.jsonl", self.given.posts)
        channel = Channel(
            key=key,
            name="ops",
            threshold=0.99,
            labels=tuple(ChannelLabel(label=Label(name=name)) for name in LABELS),
            watches=(Watch(account=Account(source="x", id="busy", handle="busy"), added_by="Ada", added_at=LONG_AGO),),
        )
        async with open_database(self._database) as database:
            await database.transaction(lambda connection: channels_room.save(connection, channel), Commit.SETTINGS)

    def decided(self) -> int:
        """How many posts are decided."""
        return _counts(self._database)[1]

    async def measure(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        ask: Callable[[int], Awaitable[Acknowledged]],
        answered: Callable[[], Awaitable[object]],
        **more: object,
    ) -> int:
        """Ask at an even pace, whether or not what was asked before is answered; report. Returns the exit status."""
        await asyncio.sleep(_SETTLES_S)
        decided_before, cpu_before, began = self.decided(), _cpu_s(process.pid), monotonic()
        asked: list[asyncio.Future[Acknowledged]] = []
        for number in range(self.given.commands):
            asked.append(asyncio.ensure_future(ask(number)))
            await asyncio.sleep(EVERY_S)
        heard = await asyncio.gather(*asked)
        took_s, cpu_used = monotonic() - began, _cpu_s(process.pid) - cpu_before
        waiting, decided = _counts(self._database)
        await answered()
        times = sorted(one.latency_s for one in heard if one.latency_s is not None)
        return finish(
            name,
            [
                Figure(name="commands", value=len(heard), floor=500),
                Figure(name="not acknowledged", value=sum(not one.acknowledged for one in heard), ceiling=0),
                Figure(name="p99 ms", value=1000 * times[round(0.99 * (len(times) - 1))], ceiling=1000 * P99_S),
                Figure(name="most ms", value=1000 * times[-1], ceiling=1000 * MOST_S),
                Figure(name="posts still waiting at the end", value=waiting, floor=1),
            ],
            p50_ms=round(1000 * times[len(times) // 2], 2),
            p90_ms=round(1000 * times[round(0.9 * (len(times) - 1))], 2),
            posts_a_second=round((decided - decided_before) / took_s, 1),
            cores_used=round(cpu_used / took_s, 2),
            cores=os.cpu_count(),
            classifier=self.given.classifier,
            **more,
        )

    @asynccontextmanager
    async def running(self, chat: Mapping[str, Any]) -> "AsyncIterator[asyncio.subprocess.Process]":
        """`lapwing run` in a process of its own, with as many threads for the model as there are cores."""
        settings = {
            "database": self._database,
            "replay_file": self.folder / "posts.jsonl",
            "replay_speed": "max",
            "classifier": self.given.classifier,
            "classifier_threads": os.cpu_count(),
            **chat,
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

    @property
    def _database(self) -> Path:
        return self.folder / "lapwing.db"


def run(prog: str, trial: Callable[[Trial], Awaitable[int]], arguments: Sequence[str] | None = None) -> int:
    """Understand the command line, and try. Returns the exit status."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--posts", type=int, default=POSTS, help="more than the classifier manages meanwhile")
    parser.add_argument("--classifier", default="embedding")
    given = Given(**vars(parser.parse_args(arguments)))

    async def tried(folder: Path) -> int:
        return await trial(Trial(folder=folder, given=given))

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(tried(Path(folder)))


def _write_posts(path: Path, count: int) -> None:
    """Posts of some sixty words, all by one account."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            at = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=number)
            text = " ".join(dice.choices(_WORDS, k=60))
            line = {"id": str(number), "author": "busy", "text": text, "created_at": at.isoformat()}
            file.write(json.dumps(line) + "\n")


def _counts(path: Path) -> tuple[int, int]:
    """Posts that wait, and posts that are decided."""
    with closing(read_only(path)) as connection:
        waiting, decided = connection.execute(
            "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM decisions)"
        ).fetchone()
    return int(waiting), int(decided)


def _cpu_s(process: int) -> float:
    """The processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
