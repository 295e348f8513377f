"""Nothing lost, nothing twice: the real program, killed again and again while posts come in and alerts go out.

    python -m tests.benchmarks.kill_loop [--seed N] [--posts 10000] [--kills 200] [--grace SECONDS]
    python -m tests.benchmarks.kill_loop --chat slack [--posts 1000] [--channels 50] [--kills 30]
    python -m tests.benchmarks.kill_loop --chat discord [--posts 1000] [--channels 50] [--kills 30]
    python -m tests.benchmarks.kill_loop --chat both [--posts 1000] [--channels 50] [--kills 30]

With --chat slack or discord the real adapter speaks to the local Slack or Discord; with both, one program has both
adapters, and half of the channels are in each. Without --seed: three seeds at full size, and a small run whose grace is
cut to nothing, which must double messages: a trial that cannot fail proves nothing. Exit status 1 when a limit is
missed. A run that fails prints how to repeat it. Only kills after the first commit of a life count; a kill falls evenly
between that and 0.4 s later.
"""

import argparse
import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Self

from tests.acceptance.program import environment
from tests.benchmarks.report import Figure, finish
from tests.fakes import discord_server, slack_server
from tests.fakes.chats import BOTH, PLACES, Chats
from tests.fakes.http_chat import GRACE_S, REQUEST_TIMEOUT_S, HttpChat
from tests.fakes.program import DISCORD, SLACK
from tests.fakes.reckoning import Reckoning, reckon
from tests.fakes.trial import World, a_world, prepare, waiting, write_replay

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2, 3)
POSTS, KILLS, CHANNELS = 10_000, 200, 48
MOST_S = 240.0
"""Of wall time for one seed at full size."""

KILL_WITHIN_S = 0.4
PLAYED_IN_LIVES = 0.9
"""How much of the replay the killed lives see, were nothing ever late; the rest comes in the last life."""

_FIRST_COMMIT_WITHIN_S = 30.0
_DRAIN_WITHIN_S = 120.0
_END_WITHIN_S = 30.0
_POLL_S = 0.1


class TrialBrokenError(Exception):
    """The trial itself went wrong: a life that ended by itself, or one that never did anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run. Equal plans roll the same dice; which line of the program a kill falls on is up to the machine."""

    seed: int
    posts: int = POSTS
    kills: int = KILLS
    channels: int = CHANNELS
    grace_s: float = GRACE_S
    chat: str = HttpChat.name
    """One of PLACES."""

    @property
    def command(self) -> str:
        """What repeats this run."""
        return (
            f"python -m tests.benchmarks.kill_loop --seed {self.seed} --posts {self.posts} --kills {self.kills} "
            f"--channels {self.channels} --grace {self.grace_s:g} --chat {self.chat}"
        )

    def world(self) -> World:
        """What is played."""
        return a_world(str(self.seed), posts=self.posts, channels=self.channels, places=PLACES[self.chat])


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    kills: int
    reckoning: Reckoning
    seconds: float
    start_s: float
    """From the start of a life to its first commit, median."""

    drain_s: float
    """What the last life took."""

    server_late_s: float
    """How much later than it promises the chat kept a message, at worst: the grace has a margin for this, no more."""

    answered: Mapping[str, int]

    def information(self) -> dict[str, Any]:
        """For people."""
        return {
            "alerts": self.reckoning.alerts,
            "messages": self.reckoning.messages,
            "seconds": round(self.seconds, 1),
            "start_s": round(self.start_s, 2),
            "drain_s": round(self.drain_s, 1),
            "server_late_s": round(self.server_late_s, 3),
            "answered": dict(self.answered),
        }


def run(plan: Plan, folder: Path) -> Outcome:
    """Play, kill, play to the end, and compare. Raises TrialBrokenError, which says how to repeat it."""
    try:
        return _run(plan, folder)
    except TrialBrokenError as error:
        raise TrialBrokenError(f"{error}\nAgain: {plan.command}") from error


def _run(plan: Plan, folder: Path) -> Outcome:
    started = time.monotonic()
    dice = random.Random(f"{plan.seed} kills")
    delays = [dice.uniform(0, KILL_WITHIN_S) for _ in range(plan.kills)]
    world = plan.world()
    database, replay = folder / "lapwing.db", folder / "posts.jsonl"
    speed = write_replay(replay, world, str(plan.seed), play_s=(sum(delays) or 1.0) / PLAYED_IN_LIVES)
    asyncio.run(prepare(database, world))
    settings = {"database": database, "replay_file": replay, "replay_speed": speed, "classifier": "null"}
    with Chats(world, plan.seed) as chats:
        starts = []
        for delay_s in delays:
            with _Life(plan, chats, settings, folder) as life:
                starts.append(life.wait_for_work())
                time.sleep(delay_s)
                life.kill()
        drain_from = time.monotonic()
        with _Life(plan, chats, settings, folder) as last:
            last.live_until_nothing_waits(database, world)
    return Outcome(
        plan=plan,
        kills=len(starts),
        reckoning=reckon(database, world, chats.messages),
        seconds=time.monotonic() - started,
        start_s=median(starts or [0.0]),
        drain_s=time.monotonic() - drain_from,
        server_late_s=chats.late_s,
        answered=chats.answered,
    )


class _Life:
    """One process of the program, from its start to its end."""

    def __init__(self, plan: Plan, chats: Chats, settings: Mapping[str, object], folder: Path) -> None:
        self._said = (folder / "stderr").open("w+b")
        self._told, telling = os.pipe()
        self._started = time.monotonic()
        command = [sys.executable, "-m", "tests.fakes.program", "--grace", str(plan.grace_s), "--tell-fd", str(telling)]
        for platform, url in chats.urls.items():
            command += ["--platform", platform, "--chat", url]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**settings, log_level="ERROR"),
            stdin=subprocess.DEVNULL,
            stderr=self._said,
            pass_fds=[telling],
        )
        os.close(telling)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._told)
        self._said.close()

    def wait_for_work(self) -> float:
        """Seconds from the start to the first commit that shows work."""
        ready, _, _ = select.select([self._told], [], [], _FIRST_COMMIT_WITHIN_S)
        if not ready or not os.read(self._told, 1):
            raise TrialBrokenError(f"a life did nothing: {self._last_words()}")
        return time.monotonic() - self._started

    def kill(self) -> None:
        """Without a warning."""
        self._process.kill()
        if self._process.wait() != -signal.SIGKILL:
            raise TrialBrokenError(f"a life ended by itself: {self._last_words()}")

    def live_until_nothing_waits(self, database: Path, world: World) -> None:
        """What still waits when the time is over is left for the reckoning to find."""
        end = time.monotonic() + _DRAIN_WITHIN_S
        while waiting(database, world) and time.monotonic() < end:
            if self._process.poll() is not None:
                raise TrialBrokenError(f"the last life ended by itself: {self._last_words()}")
            time.sleep(_POLL_S)
        self._process.terminate()
        self._process.wait(_END_WITHIN_S)

    def _last_words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip()[-2_000:] or "it said nothing"


def figures(outcome: Outcome, most_s: float | None = MOST_S) -> list[Figure]:
    """What a run must keep to."""
    seed, found = f"seed {outcome.plan.seed}", outcome.reckoning
    counted = {
        "lost": found.lost,
        "doubled": found.doubled,
        "strange": found.strange,
        "undecided": found.undecided,
        "unsettled": found.unsettled,
        "damage": found.damage,
    }
    return [
        *(Figure(name=f"{seed}: {name}", value=len(lines), ceiling=0) for name, lines in counted.items()),
        Figure(name=f"{seed}: kills", value=outcome.kills, floor=outcome.plan.kills),
        Figure(name=f"{seed}: seconds", value=outcome.seconds, ceiling=most_s),
    ]


SIZES = {
    HttpChat.name: Plan(seed=0),
    SLACK: Plan(seed=0, posts=1_000, kills=30, channels=50, grace_s=slack_server.GRACE_S, chat=SLACK),
    DISCORD: Plan(seed=0, posts=1_000, kills=30, channels=50, grace_s=discord_server.GRACE_S, chat=DISCORD),
    BOTH: Plan(
        seed=0,
        posts=1_000,
        kills=30,
        channels=50,
        grace_s=max(slack_server.GRACE_S, discord_server.GRACE_S),
        chat=BOTH,
    ),
}
"""How much is played in each chat unless something else is asked for."""


def main() -> int:
    """Run what was asked for, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kill_loop")
    parser.add_argument("--seed", type=int, help="this one run instead of all")
    parser.add_argument("--chat", choices=SIZES, default=HttpChat.name)
    for name in ("posts", "kills", "channels"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--grace", type=float, dest="grace_s", help="seconds before an unknown outcome is looked up")
    given = parser.parse_args()
    asked = {name: value for name, value in vars(given).items() if name not in {"seed", "chat"} and value is not None}
    size = replace(SIZES[given.chat], **asked)
    plans = [replace(size, seed=seed) for seed in (SEEDS if given.seed is None else (given.seed,))]
    outcomes = [_told(plan) for plan in plans]
    measured = [figure for outcome in outcomes for figure in figures(outcome)]
    if given.seed is None:
        careless = _told(replace(CARELESS, chat=given.chat))
        doubled = len(careless.reckoning.doubled)
        measured.append(Figure(name="doubled where the grace is cut to nothing", value=doubled, floor=1))
    information = {f"seed {outcome.plan.seed}": outcome.information() for outcome in outcomes}
    return finish("kill loop", measured, timeout_s=REQUEST_TIMEOUT_S, **information)


CARELESS = Plan(seed=1, posts=400, kills=2, channels=20, grace_s=0.0)
"""The same with the grace cut to nothing: what the chat kept late is not found, and is sent again."""


def _told(plan: Plan) -> Outcome:
    """A run, and on standard error what was wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(plan, Path(folder))
    problems = outcome.reckoning.problems
    if problems:
        shown = "\n  ".join(problems[:20])
        sys.stderr.write(f"seed {plan.seed}: {len(problems)} problems. Again: {plan.command}\n  {shown}\n")
    return outcome


if __name__ == "__main__":
    sys.exit(main())
