"""The model in trouble: posts it fails on, outages, hanging, and posts that kill the program."""

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.insight.why import why
from classifier.batching import Batcher
from classifier.types import ClassifierError
from sources.types import Cursor, Post
from storage import channels, decisions, posts
from storage.database import Database, open_database
from storage.inbox import SqlInbox, undecided
from storage.types import PostId, Settlement
from tests.fakes.builders import NOW, a_channel, a_post, an_account
from tests.fakes.builders import posts as posts_of
from tests.fakes.classifier import Failure, TroubledClassifier, not_a_number, one_row_short, raises
from tests.fakes.house import OPS, Rig, a_house, until

HARMLESS = "The weather is fine today."
FAILURES: dict[str, Failure] = {
    "its own error": raises(ClassifierError("the text is refused")),
    "a bug": raises(ZeroDivisionError("division by zero")),
    "an end that no future takes": raises(StopIteration()),
    "no number": not_a_number,
    "a wrong shape": one_row_short,
}
DOWN = ClassifierError("the endpoint lapwing-nli answers 503")


@asynccontextmanager
async def watching(database: Database, path: Path, engine: TroubledClassifier) -> AsyncIterator[Rig]:
    """#ops watches @sec for security."""
    first = {"id": "0", "author": "sec", "text": "So that the account is known"}
    async with a_house(database, path / "posts.jsonl", [first], classifier=engine) as rig:
        await rig.say("/labels set security")
        await rig.say("/watch @sec")
        try:
            yield rig
        finally:
            engine.may_answer.set()


async def put(rig: Rig, *texts: str) -> None:
    """Posts by @sec that come now."""
    channel = await rig.stored_channel()
    assert channel is not None
    account, now = channel.watches[0].account, rig.clock.now()
    arrived = [Post(source=account.source, id=text, author=account, text=text, published_at=now) for text in texts]
    await rig.inbox.put(arrived, source="replay", positions={"": Cursor("1")}, seen_at=now)
    rig.stored.ring()


@asynccontextmanager
async def deciding(rig: Rig) -> AsyncIterator["asyncio.Task[None]"]:
    """Classify meanwhile."""
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(rig.classify.run())
        yield task
        task.cancel()


async def waiting(rig: Rig) -> int:
    return (await rig.inbox.backlog()).waiting


async def pass_time_until_nothing_waits(rig: Rig) -> None:
    while await waiting(rig):
        await rig.clock.advance(1)
        await asyncio.sleep(0.002)


async def pass_time(rig: Rig, seconds: int) -> None:
    """In steps, giving what works on other threads its turn."""
    for _ in range(seconds // 5):
        await rig.clock.advance(5)
        await asyncio.sleep(0.003)


async def decided(rig: Rig) -> set[str]:
    """The texts that were decided for #ops."""
    found = await rig.house.database.read(lambda connection: decisions.latest(connection, OPS, 10_000))
    return set(await texts_of(rig, [one.post for one in found]))


async def texts_of(rig: Rig, ids: Sequence[PostId]) -> list[str]:
    return [stored.post.text for stored in await rig.house.database.read(partial(posts.load, ids=ids))]


async def reasons(rig: Rig, count: int) -> dict[str, str]:
    """Why each post was set aside that was."""
    ids = [PostId(number) for number in range(1, count + 1)]
    texts = dict(zip(ids, await texts_of(rig, ids), strict=True))
    entries = {post: await rig.house.database.read(partial(undecided, post=post)) for post in ids}
    return {texts[post]: entry.set_aside for post, entry in entries.items() if entry is not None}


async def health(rig: Rig) -> str:
    lines = (await rig.say("/health")).text.splitlines()
    return next(line for line in lines if line.startswith("model: "))


# --- posts that the model fails on -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ("its own error", "the text is refused."),
        ("a bug", "ZeroDivisionError: division by zero."),
        ("an end that no future takes", "RuntimeError: the engine raised StopIteration."),
        ("no number", "the model answered with what is not a number."),
        ("a wrong shape", "the model's answer has the shape (0, 1, 2), not (1, 1, 2)."),
    ],
)
async def test_a_post_that_the_model_fails_on_is_set_aside_and_why_says_so(
    failure: str, said: str, database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier({"security is poison": FAILURES[failure]})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, "security here", "security is poison", "security there")
        await pass_time_until_nothing_waits(rig)
        assert await decided(rig) == {"security here", "security there"}
        channel = await rig.stored_channel()
        assert channel is not None
        (reason,) = (await reasons(rig, 3)).values()
        assert f"{reason}." == f"the model failed on it 3 times, at last with: {said}"
        assert "1 set aside" in (await rig.say("/health")).text
        assert "not answering" not in await health(rig)


async def test_why_tells_the_reason_of_a_post_that_was_set_aside(database: Database) -> None:
    await database.transaction(lambda connection: channels.save(connection, a_channel()))
    inbox = SqlInbox(database)
    link = "https://x.com/vendor_sec/status/1"
    await inbox.put([a_post(url=link)], source="x", positions={"": Cursor("1")}, seen_at=NOW)
    for _ in range(10):
        assert await inbox.claim(1, lease=timedelta(minutes=1), now=NOW)
        await inbox.recover()
    assert await inbox.claim(1, lease=timedelta(minutes=1), now=NOW) == []
    text = await why(database, a_channel(), link=link, now=NOW)
    assert text.startswith(
        "No alert: set aside. The post was seen 2026-11-02 09:00 UTC and could not be decided: "
        "Lapwing died 10 times while classifying it."
    )


async def test_a_post_that_the_model_failed_on_is_tried_three_times_and_not_at_once(
    database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier({"poison": FAILURES["a bug"]})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, "poison")
        began = rig.clock.now()
        for tries, free_s, passes_s in ((1, 10, 10), (2, 70, 60)):
            await until(partial(is_free_at, rig, began + timedelta(seconds=free_s)))
            assert engine.asked.count("poison") == tries
            await rig.clock.advance(passes_s)
        await until(lambda: waiting_is_over(rig))
        assert engine.asked.count("poison") == 3


async def is_free_at(rig: Rig, moment: datetime) -> bool:
    return await rig.inbox.next_free() == moment


async def waiting_is_over(rig: Rig) -> bool:
    return await waiting(rig) == 0


async def over_in_a_minute(rig: Rig) -> bool:
    await pass_time(rig, 60)
    return await waiting_is_over(rig)


async def asked_again_in_a_minute(rig: Rig, engine: TroubledClassifier, calls: int) -> bool:
    """Whether a batch was put to it since then that also failed, and the harmless text after it."""
    await pass_time(rig, 60)
    return engine.calls >= calls + 4


async def test_a_post_that_is_answered_at_the_second_try_is_decided(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier({"security": FAILURES["no number"]})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, "security")
        await until(lambda: engine.asked.count(HARMLESS) == 1)
        engine.fails_on.clear()
        await pass_time_until_nothing_waits(rig)
        assert await decided(rig) == {"security"}


_TEXTS = [f"security {number}" for number in range(24)]


@settings(max_examples=8)
@given(st.dictionaries(st.sampled_from(_TEXTS), st.sampled_from(sorted(FAILURES)), max_size=len(_TEXTS)))
def test_whatever_texts_fail_all_others_are_decided_and_those_are_set_aside(fails_on: dict[str, str]) -> None:
    asyncio.run(let_fail({text: FAILURES[name] for text, name in fails_on.items()}))


async def let_fail(fails_on: dict[str, Failure]) -> None:
    with TemporaryDirectory() as folder:
        async with (
            open_database(Path(folder) / "lapwing.db") as database,
            watching(database, Path(folder), TroubledClassifier(fails_on)) as rig,
            deciding(rig),
        ):
            await put(rig, *_TEXTS)
            await pass_time_until_nothing_waits(rig)
            assert await decided(rig) == set(_TEXTS) - set(fails_on)
            found = await reasons(rig, len(_TEXTS))
            assert set(found) == set(fails_on)
            assert all(reason.startswith("the model failed on it 3 times") for reason in found.values())


# --- outages ---------------------------------------------------------------------------------------------------------


async def test_an_outage_loses_nothing_is_shown_and_is_logged_once(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "bot.pipeline.outage")
    engine = TroubledClassifier()
    engine.down = DOWN
    texts = [f"security {number}" for number in range(300)]
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, *texts)
        await until(lambda: rig.house.health.outage.trouble is not None)
        await pass_time(rig, 3600)
        assert await health(rig) == (
            "model: not answering since 2026-11-02 09:00 UTC: the endpoint lapwing-nli answers 503. "
            "keyword:words. The model reads English only."
        )
        assert 20 <= engine.calls <= 300, "again and again, after a while at most once in 30 s, by three questions"
        assert len(engine.asked) < 1_000
        assert await waiting(rig) == len(texts)
        engine.down = None
        await until(lambda: over_in_a_minute(rig))  # who was just about to wait begins to after the hour
        assert await decided(rig) == set(texts)
        assert await reasons(rig, len(texts)) == {}
        assert "not answering" not in await health(rig)
    said = [record.getMessage().partition(" room")[0] for record in caplog.records]
    assert said == ["outage began", "outage ended"]


class ComesBack(TroubledClassifier):
    """When it may, it answers again from the next batch on, never with a harmless text amid one. Notes from there."""

    comes_back = False

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        if self.comes_back and HARMLESS not in texts:
            self.comes_back, self.down = False, None
            self.asked.clear()
        return super().logits(texts, hypotheses)


async def test_after_an_outage_what_is_fresh_is_asked_first(database: Database, tmp_path: Path) -> None:
    engine = ComesBack()
    engine.down = DOWN
    old = [f"security {number}" for number in range(300)]
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, *old)
        await until(lambda: rig.house.health.outage.trouble is not None)
        await pass_time(rig, 3600)
        await put(rig, "security is fresh")
        calls = engine.calls
        await until(lambda: asked_again_in_a_minute(rig, engine, calls))  # nothing from before it is under way
        engine.comes_back = True
        await until(lambda: over_in_a_minute(rig))
        assert engine.asked[0] == "security is fresh"
        assert await decided(rig) == {*old, "security is fresh"}


async def test_an_outage_that_begins_while_posts_are_parted_loses_none(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier()

    def dies(_: Any) -> Any:
        engine.down = DOWN if engine.calls > 3 else None
        raise ZeroDivisionError

    engine.fails_on["poison"] = dies
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await put(rig, "security 1", "poison", "security 2", "security 3")
        await until(lambda: engine.down is not None)
        await pass_time(rig, 60)
        assert await waiting(rig) > 0
        engine.down = None
        engine.fails_on["poison"] = FAILURES["a bug"]
        await pass_time_until_nothing_waits(rig)
        assert await decided(rig) == {"security 1", "security 2", "security 3"}
        assert set(await reasons(rig, 4)) == {"poison"}


async def test_a_question_that_hangs_is_shown_and_its_answer_still_counts(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier()
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        engine.hang()
        await put(rig, "security")
        assert await asyncio.to_thread(engine.at_work.wait, 5)
        await rig.clock.advance(60)
        assert "busy" not in await health(rig)
        await rig.clock.advance(252)
        assert (await health(rig)).startswith("model: busy with one question for 312 s. keyword:words.")
        await rig.clock.advance(3600)
        engine.may_answer.set()
        await until(lambda: waiting_is_over(rig))
        assert await decided(rig) == {"security"}
        assert "busy" not in await health(rig)


# --- ending ----------------------------------------------------------------------------------------------------------


async def ends_by_itself(task: "asyncio.Task[None]") -> None:
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    task.result()


async def nothing_is_claimed(rig: Rig) -> bool:
    return await rig.inbox.next_free() is None


async def test_stopped_while_nothing_waits_it_ends(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, TroubledClassifier()) as rig, deciding(rig) as task:
        await asyncio.sleep(0.05)
        rig.classify.stop()
        await ends_by_itself(task)


async def test_stopped_in_an_outage_it_ends_at_once_and_holds_nothing(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier()
    engine.down = DOWN
    async with watching(database, tmp_path, engine) as rig, deciding(rig) as task:
        await put(rig, "security")
        await until(lambda: rig.house.health.outage.trouble is not None)
        rig.classify.stop()
        await ends_by_itself(task)
        assert await nothing_is_claimed(rig)
        assert await waiting(rig) == 1


async def test_stopped_while_the_model_works_it_settles_what_is_answered_and_claims_no_more(
    database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier()
    async with watching(database, tmp_path, engine) as rig, deciding(rig) as task:
        engine.hang()
        await put(rig, *(f"security {number}" for number in range(20)))
        assert await asyncio.to_thread(engine.at_work.wait, 5)
        rig.classify.stop()
        engine.may_answer.set()
        await ends_by_itself(task)
        assert len(engine.asked) == 8
        assert await waiting(rig) == 20 - len(await decided(rig)) == 12
        assert await nothing_is_claimed(rig)


async def test_stopped_while_posts_are_parted_it_asks_no_more_and_holds_nothing(
    database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier({"poison": FAILURES["a bug"]})
    async with watching(database, tmp_path, engine) as rig, deciding(rig) as task:
        engine.hang()
        await put(rig, "security 1", "poison", "security 2", "security 3")
        assert await asyncio.to_thread(engine.at_work.wait, 5)
        rig.classify.stop()
        engine.may_answer.set()
        await ends_by_itself(task)
        assert len(engine.asked) == len(set(engine.asked)), "none of them, nor the harmless text, a second time"
        assert await waiting(rig) == 4
        assert await nothing_is_claimed(rig)


async def test_stopped_between_two_questions_of_a_round_it_asks_no_more_and_holds_nothing(
    database: Database, tmp_path: Path
) -> None:
    """Two accounts that channels watch for different labels make two questions."""
    engine = TroubledClassifier()
    first = [{"id": str(number), "author": who, "text": "Known"} for number, who in enumerate(("sec", "ops"))]
    async with a_house(database, tmp_path / "posts.jsonl", first, classifier=engine) as rig:
        for name, who in (("one", "sec"), ("two", "ops")):
            key = replace(OPS, channel=name)
            await rig.say(f"/labels set {name}", channel=key)
            await rig.say(f"/watch @{who}", channel=key)
        now, accounts = rig.clock.now(), rig.house.watch_list.accounts(frozenset({"x"}))
        arrived = [Post(source="x", id=one.id, author=one, text="Known", published_at=now) for one in accounts]
        await rig.inbox.put(arrived, source="replay", positions={"": Cursor("1")}, seen_at=now)
        engine.hang()
        async with deciding(rig) as task:
            assert await asyncio.to_thread(engine.at_work.wait, 5)
            rig.classify.stop()
            engine.may_answer.set()
            await ends_by_itself(task)
        assert len(engine.asked) == 1
        assert await waiting(rig) == len(arrived) == 2
        assert await nothing_is_claimed(rig)


async def test_stopped_while_it_is_found_out_whose_fault_it_was_it_asks_no_more_and_holds_nothing(
    database: Database, tmp_path: Path
) -> None:
    class Inquired(TroubledClassifier):
        """Hangs on the first harmless text, and fails on everything."""

        def __init__(self) -> None:
            super().__init__()
            self.down = DOWN
            self.inquired = threading.Event()

        def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
            if HARMLESS in texts and not self.inquired.is_set():
                self.may_answer.clear()
                self.inquired.set()
            return super().logits(texts, hypotheses)

    engine = Inquired()
    async with watching(database, tmp_path, engine) as rig, deciding(rig) as task:
        await put(rig, "security")
        assert await asyncio.to_thread(engine.inquired.wait, 5)
        rig.classify.stop()
        engine.may_answer.set()
        await ends_by_itself(task)
        assert engine.asked == ["security", HARMLESS]
        assert rig.house.health.outage.trouble is None
        assert await waiting(rig) == 1
        assert await nothing_is_claimed(rig)


async def test_stopped_while_the_model_is_loaded_it_ends(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, TroubledClassifier()) as rig:
        rig.classify._batcher = Batcher(TroubledClassifier, "{}")  # nobody runs it
        async with deciding(rig) as task:
            await put(rig, "security")
            await asyncio.sleep(0.05)
            assert await nothing_is_claimed(rig), "a post is not tried before there is a model"
            rig.classify.stop()
            await ends_by_itself(task)


async def test_cancelled_while_the_model_works_it_gives_all_back_without_a_death(
    database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier()
    async with watching(database, tmp_path, engine) as rig:
        await put(rig, *(f"security {number}" for number in range(8)))
        for _ in range(3):
            engine.hang()
            async with deciding(rig) as task:
                assert await asyncio.to_thread(engine.at_work.wait, 5)
                task.cancel()
            engine.may_answer.set()
            assert await nothing_is_claimed(rig)
        found = await rig.inbox.claim(8, lease=timedelta(minutes=1), now=rig.clock.now())
        assert len(found) == 8, "posts that the program died with are not claimed together"


async def test_an_error_that_ends_it_counts_as_a_death_of_what_it_held(database: Database, tmp_path: Path) -> None:
    class Buggy(SqlInbox):
        async def settle(self, settlement: Settlement) -> int:
            if 1 in settlement.posts:
                raise KeyError("a bug that one post meets")
            return await super().settle(settlement)

    async with watching(database, tmp_path, TroubledClassifier()) as rig:
        rig.classify._inbox = Buggy(database)
        await put(rig, *(f"security {number}" for number in range(5)))
        for _ in range(10):
            with pytest.raises(KeyError):
                await asyncio.wait_for(rig.classify.run(), 5)
        async with deciding(rig):
            await until(lambda: waiting_is_over(rig))
        assert await decided(rig) == {f"security {number}" for number in range(1, 5)}
        assert await reasons(rig, 5) == {"security 0": "Lapwing died 10 times while classifying it"}


async def test_a_post_that_kills_the_program_is_set_aside_and_the_rest_decided(tmp_path: Path) -> None:
    path, poison = tmp_path / "lapwing.db", "This one kills."
    arrived = [a_post(id=post.id, text=f"security {post.id}", author=an_account()) for post in posts_of(29)]
    arrived.insert(3, a_post(id="poison", text=poison))
    async with open_database(path) as database:
        await database.transaction(lambda connection: channels.save(connection, a_channel()))
        await SqlInbox(database).put(arrived, source="x", positions={"": Cursor("1")}, seen_at=NOW)
    statuses: list[int] = []
    while not statuses or (statuses[-1] and len(statuses) < 20):
        life = [sys.executable, "-m", "tests.fakes.life", str(path), poison]
        ended = await asyncio.to_thread(subprocess.run, life, capture_output=True, timeout=60, check=False)
        statuses.append(ended.returncode)
        if len(statuses) == 4:
            async with open_database(path) as database:
                assert (await SqlInbox(database).backlog()).waiting == 1, "it delays no other any more"
    assert statuses == [-9] * 10 + [0], ended.stderr.decode()
    async with open_database(path) as database:
        found = await database.read(lambda connection: decisions.latest(connection, a_channel().key, 100))
        entry = await database.read(lambda connection: undecided(connection, PostId(4)))
    assert sorted(one.post for one in found) == [number for number in range(1, 31) if number != 4]
    assert entry is not None
    assert entry.set_aside == "Lapwing died 10 times while classifying it"
