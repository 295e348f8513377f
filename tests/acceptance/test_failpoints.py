"""Killed once at every failpoint there is, the program loses nothing and doubles nothing."""

import asyncio
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage import failpoints
from storage.failpoints import Commit, Step, Word, after, before
from tests.fakes.builders import a_channel, a_key, a_watch, an_account
from tests.fakes.chat_server import ChatServer, Message, Request, Treatment
from tests.fakes.http_chat import WORKSPACE, HttpChat
from tests.fakes.nursery import Nursery
from tests.fakes.program import Life
from tests.fakes.reckoning import reckon
from tests.fakes.trial import LONG_AGO, Played, World, prepare, read_only, write_replay

POSTS = tuple(
    Played(id=str(number), author="desk", text=f"Word of https://example.org/{number}") for number in (7, 3, 5)
)
GRACE_S = 0.1
TIMEOUT_S = 5.0
"""This chat keeps at once what it keeps, so that its grace can be short; nothing here waits for a time-out."""

CUT = Treatment(cut=True)
GONE = Treatment(status=404)
LIMITED = Treatment(status=429, retry_after_s=0.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """What has to happen for a life to come to a failpoint, and what must have come of it besides the alerts."""

    faults: Mapping[str, tuple[Treatment, ...]] = field(default_factory=dict)
    """By method, what the first requests meet; the others are done at once."""

    closed: int = 0
    """How the channel answers every send; 0: it is open."""

    dies_first_at: str = ""
    """Where a life before this one was killed: some failpoints are for what such a one leaves."""

    tampers: str = ""
    """SQL that runs after that life: what an hour or another machine would have done to the database."""

    fails_on: str | None = None
    """Which texts the model fails on in the life that is killed."""

    fails_for_good: bool = False
    """Whether it fails on them in the life after that, too."""

    says: str = ""
    """What someone says in the channel once all is settled, in each life."""

    proof: str = ""
    """A query that gives 1 when what was said, or what befell, is on record exactly once."""

    problems: tuple[str, ...] = ()
    """How those lines of the reckoning begin that are as they should be here."""

    seen: Callable[[list[Message]], bool] = lambda _: True
    """Whether the chat shows what it must."""


JUDGED = Scenario(
    says="+1 1",
    proof="SELECT count(*) FROM judgements WHERE judged = 'relevant'",
    seen=lambda messages: bool(messages[0].edits),
)
WHOLE = Scenario()

SCENARIOS: dict[Step, Scenario] = {
    Commit.PUT_POSTS: WHOLE,
    Commit.FREE_CLAIMS: Scenario(dies_first_at=after(Commit.CLAIM_POSTS)),
    Commit.CLAIM_POSTS: WHOLE,
    Commit.SETTLE_POSTS: WHOLE,
    Commit.RECOVER_DELIVERIES: Scenario(dies_first_at=after(Word.SEND)),
    Commit.TAKE_DELIVERIES: WHOLE,
    Commit.SETTLE_SENT: WHOLE,
    Commit.SETTLE_FAILED: Scenario(
        closed=400, proof="SELECT count(*) = 3 FROM deliveries WHERE state = 'failed' AND problem LIKE '%400%'"
    ),
    Commit.RELEASE_POSTS: Scenario(fails_on=""),
    Commit.POSTPONE: Scenario(dies_first_at=before(Commit.CLAIM_POSTS), fails_on="org/5"),
    Commit.SET_ASIDE: Scenario(
        # By a trigger: on a busy machine the posts come in more than one batch, the last of them after the tampering.
        tampers="CREATE TRIGGER failed_before AFTER INSERT ON inbox"
        " BEGIN UPDATE inbox SET failures = 2 WHERE post = new.post; END",
        fails_on="org/5",
        fails_for_good=True,
        problems=("no alert of post 5 ", "undecided, or of no concern: ('5'", "still in the inbox: (3, None,"),
    ),
    Commit.WITHDRAW: Scenario(
        dies_first_at=after(Commit.TAKE_DELIVERIES),
        tampers="UPDATE posts SET removed = 'deleted', text = '' WHERE id = (SELECT min(post) FROM alerts)",
        problems=("no message: _Alert(post='7'",),
        proof="SELECT count(*) FROM deliveries WHERE state = 'withdrawn'",
    ),
    Commit.RESUME: Scenario(faults={"POST": (GONE,)}, dies_first_at=after(Commit.SUSPEND)),
    Commit.RESUME_COPY: Scenario(
        dies_first_at=after(Commit.SETTLE_POSTS),
        tampers="INSERT INTO meta (name, value) VALUES ('copied at', '2026-11-20T09:00:00+00:00')",
        proof="SELECT count(*) FROM meta WHERE name = 'resumed at'",
    ),
    Commit.FORGET: Scenario(
        dies_first_at=after(Commit.SETTLE_SENT),
        tampers="UPDATE posts SET seen_at = 1 WHERE id IN"
        " (SELECT post FROM alerts JOIN deliveries ON key = delivery WHERE state = 'sent')",
        problems=("no alert of post 7 ", "nothing owes it: ", "undecided, or of no concern: ('7'"),
        proof="SELECT count(*) FROM posts WHERE removed = 'expired' AND text = ''",
    ),
    Commit.TRY_AGAIN: Scenario(faults={"POST": (LIMITED,)}),
    Commit.LOOK_UP_LATER: Scenario(faults={"POST": (CUT,)}),
    Commit.SUSPEND: Scenario(
        closed=404,
        proof="SELECT count(*) = 3 AND (SELECT suspended <> '' FROM channels) FROM deliveries WHERE state = 'held'",
    ),
    Commit.SETTINGS: Scenario(
        says="/threshold set 60%", proof="SELECT count(*) FROM audit, channels WHERE threshold = 0.6"
    ),
    Commit.JUDGEMENT: JUDGED,
    Commit.ANSWERS: Scenario(
        says='/labels describe security "a hole"',
        proof="SELECT count(*) = 3 FROM logits, hypotheses WHERE hypothesis = hypotheses.id AND text LIKE '%a hole%'",
    ),
    Word.SEND: WHOLE,
    Word.EDIT: JUDGED,
    Word.FIND: Scenario(faults={"POST": (CUT,)}),
}

REACHED = [(point, step) for step in SCENARIOS for point in (before(step), after(step))]


def test_every_failpoint_has_a_scenario() -> None:
    named = {point for step in SCENARIOS for point in (before(step), after(step))}
    assert named == set(failpoints.every())


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database that knows the channel and nothing else: the first migration is made once for all."""
    path = tmp_path_factory.mktemp("prepared") / "lapwing.db"
    asyncio.run(prepare(path, a_small_world()))
    return path.read_bytes()


@pytest.mark.parametrize(("point", "step"), REACHED, ids=[point for point, _ in REACHED])
def test_killed_at_this_point_the_next_life_ends_what_was_begun(
    point: str, step: Step, nursery: Nursery, prepared: bytes, tmp_path: Path
) -> None:
    scenario, world = SCENARIOS[step], a_small_world()
    database, replay = tmp_path / "lapwing.db", tmp_path / "posts.jsonl"
    database.write_bytes(prepared)
    write_replay(replay, world, "failpoints", play_s=0.001)
    settings = {"database": database, "replay_file": replay, "replay_speed": "max", "classifier": "null"}

    with ChatServer(a_chat_like(scenario)) as server:
        if scenario.dies_first_at:
            killed = nursery.live(a_life(server, scenario, scenario.dies_first_at), settings, tmp_path / "said")
            assert killed.status == -signal.SIGKILL, f"never came to {scenario.dies_first_at!r}: {killed}"
        if scenario.tampers:
            tamper(database, scenario.tampers)
        killed = nursery.live(a_life(server, scenario, point, scenario.fails_on), settings, tmp_path / "said")
        assert killed.status == -signal.SIGKILL, f"never came to {point!r}: {killed}"
        fails_on = scenario.fails_on if scenario.fails_for_good else None
        ended = nursery.live(a_life(server, scenario, fails_on=fails_on), settings, tmp_path / "said")

    assert ended.status == 0, f"did not come to its end: {ended}"
    unreachable = {"ops"} if scenario.closed else set[str]()
    problems = reckon(database, world, server.messages, unreachable).problems
    assert len(problems) == len(scenario.problems), problems
    for problem, beginning in zip(problems, scenario.problems, strict=True):
        assert problem.startswith(beginning)
    assert scenario.seen(server.messages)
    if scenario.proof:
        with closing(read_only(database)) as connection:
            assert connection.execute(scenario.proof).fetchone()[0] == 1


def a_small_world() -> World:
    """Three posts, and a channel so easily alarmed that each alerts."""
    channel = a_channel(
        "ops",
        key=a_key("ops", platform=HttpChat.name, workspace=WORKSPACE),
        watches=(a_watch(account=an_account("desk", id="desk"), added_at=LONG_AGO),),
        threshold=0.0001,
    )
    return World(posts=POSTS, channels=(channel,))


def a_life(server: ChatServer, scenario: Scenario, die_at: str = "", fails_on: str | None = None) -> Life:
    says = (("ops", scenario.says),) if scenario.says else ()
    chats = {HttpChat.name: server.url}
    return Life(chats=chats, grace_s=GRACE_S, timeout_s=TIMEOUT_S, die_at=die_at, says=says, fails_on=fails_on)


def tamper(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(sql)


def a_chat_like(scenario: Scenario) -> Callable[[Request], Treatment]:
    coming = {method: iter(treatments) for method, treatments in scenario.faults.items()}

    def treat(request: Request) -> Treatment:
        if scenario.closed and request.method == "POST":
            return Treatment(status=scenario.closed)
        return next(coming.get(request.method, iter(())), Treatment())

    return treat
