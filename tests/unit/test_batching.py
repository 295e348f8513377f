"""Between many who ask and one model."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from classifier.batching import Batcher, Lane
from classifier.types import (
    AnswerUnusableError,
    Classifier,
    ClassifierError,
    ModelUnavailableError,
    ModelUnusableError,
)
from tests.fakes.builders import MODEL, NOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

HYPOTHESES = ["This is about storms.", "This is about fire."]
TEMPLATE = "This is about {}."
SOON_S = 5.0  # never reached unless somebody is forgotten
MOST_WAITING = 64


class Engine:
    """A model that answers each text with its length, when the test lets it."""

    model = MODEL
    template = TEMPLATE
    separable = True

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.calls: list[list[str]] = []
        self.threads: set[int] = set()
        self.at_work = threading.Event()
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        """From the next text on, the model is at work until `free`."""
        self._free.clear()

    def free(self) -> None:
        self._free.set()

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> "NDArray[np.float32]":
        self.threads.add(threading.get_ident())
        self.seen.extend(texts)
        self.calls.append(list(texts))
        self.at_work.set()
        assert self._free.wait(SOON_S), "the event loop did not go on while the model was at work"
        if "refuse this" in texts:
            raise ClassifierError("this text is refused")
        if "go away" in texts:
            raise ModelUnavailableError("the endpoint is down")
        if "run dry" in texts:
            raise StopIteration
        lengths = np.array([len(text) for text in texts], dtype=np.float32)
        answers = np.broadcast_to(lengths[:, None, None], (len(texts), len(hypotheses), 2)).copy()
        if "answer with infinity" in texts:
            answers[0, -1, 1] = np.inf
        return answers[:, :, 0] if "answer by half" in texts else answers


@asynccontextmanager
async def running(load: Callable[[], Classifier]) -> AsyncIterator[Batcher]:
    """A batcher at work, ended at the end."""
    batcher = Batcher(load, TEMPLATE)
    task = asyncio.ensure_future(batcher.run())
    try:
        yield batcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ClassifierError):
            await task


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """Let go at the end, so that no thread of a failed test waits."""
    engine = Engine()
    yield engine
    engine.free()


@pytest.fixture
async def batcher(engine: Engine) -> AsyncIterator[Batcher]:
    async with running(lambda: engine) as batcher:
        await asyncio.wait_for(batcher.ready(), SOON_S)
        yield batcher


Asked = asyncio.Future[Any]


def ask(batcher: Batcher, text: str, lane: Lane = Lane.STREAM, hypotheses: Sequence[str] = HYPOTHESES) -> Asked:
    return asyncio.ensure_future(batcher.logits([text], hypotheses, lane=lane))


async def all_of(*asked: Asked) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), SOON_S)


async def keep_at_work(batcher: Batcher, engine: Engine) -> Asked:
    """One request that keeps the model at work until `engine.free`."""
    engine.hold()
    first = ask(batcher, "first")
    assert await asyncio.to_thread(engine.at_work.wait, SOON_S)
    return first


async def know_that_it_is_quick(batcher: Batcher, engine: Engine) -> None:
    """What the batcher learns of a model that takes no time."""
    for _ in range(10):
        await batcher.logits(["quick"], HYPOTHESES, lane=Lane.STREAM)
    engine.seen.clear()
    engine.calls.clear()
    engine.at_work.clear()


async def take_their_places() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_answers_have_a_row_a_text_and_a_column_a_hypothesis(batcher: Batcher) -> None:
    answer = await batcher.logits(["one", "three"], HYPOTHESES, lane=Lane.STREAM)

    assert answer.shape == (2, 2, 2)
    assert answer[:, 0, 0].tolist() == [3.0, 5.0]


async def test_everyone_gets_the_answer_to_their_own_question(batcher: Batcher) -> None:
    answers = await all_of(*(ask(batcher, "x" * length) for length in range(200)))

    assert [answer[0, 0, 0] for answer in answers] == list(range(200))


async def test_people_go_before_the_stream(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)
    waiting = [
        ask(batcher, "post 1"),
        ask(batcher, "post 2"),
        ask(batcher, "person 1", Lane.PEOPLE),
        ask(batcher, "person 2", Lane.PEOPLE),
    ]
    await take_their_places()
    engine.free()
    await all_of(first, *waiting)

    assert engine.seen == ["first", "person 1", "person 2", "post 1", "post 2"]


@pytest.mark.parametrize("lane", Lane)
async def test_within_a_lane_it_is_first_come_first_served(batcher: Batcher, engine: Engine, lane: Lane) -> None:
    texts = [f"post {number}" for number in range(3 * MOST_WAITING)]

    await all_of(*(ask(batcher, text, lane) for text in texts))

    assert engine.seen == texts


async def test_what_waits_for_a_quick_model_goes_to_it_together(batcher: Batcher, engine: Engine) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    waiting = [ask(batcher, "x" * length) for length in (3, 1, 2)]
    await take_their_places()
    engine.free()
    _, *answers = await all_of(first, *waiting)

    assert engine.calls == [["first"], ["xxx", "x", "xx"]]
    assert [answer[0, 0, 0] for answer in answers] == [3, 1, 2]


async def test_what_two_wait_for_is_put_to_the_model_once(batcher: Batcher, engine: Engine) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    waiting = [ask(batcher, text) for text in ("the same", "another", "the same")]
    await take_their_places()
    engine.free()
    _, *answers = await all_of(first, *waiting)

    assert engine.calls == [["first"], ["the same", "another"]]
    assert [answer[0, 0, 0] for answer in answers] == [8, 7, 8]


async def test_who_asks_other_hypotheses_waits_for_the_next_turn(batcher: Batcher, engine: Engine) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    waiting = [ask(batcher, "a"), ask(batcher, "bb", hypotheses=["This is about rain."]), ask(batcher, "ccc")]
    await take_their_places()
    engine.free()
    _, *answers = await all_of(first, *waiting)

    assert engine.calls == [["first"], ["a", "ccc"], ["bb"]]
    assert [answer.shape for answer in answers] == [(1, 2, 2), (1, 1, 2), (1, 2, 2)]


async def test_an_error_over_several_is_nobodys_until_each_was_asked_alone_and_people_need_not_wait_for_that(
    batcher: Batcher, engine: Engine
) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    engine.at_work.clear()
    waiting = [ask(batcher, text) for text in ("before", "refuse this", "after")]
    await take_their_places()
    engine.free()
    assert await asyncio.to_thread(engine.at_work.wait, SOON_S)
    _, before, refused, after, _ = await all_of(first, *waiting, ask(batcher, "person", Lane.PEOPLE))

    assert engine.calls[:2] == [["first"], ["before", "refuse this", "after"]]
    assert [call for call in engine.calls[2:] if call != ["person"]] == [["before"], ["refuse this"], ["after"]]
    assert isinstance(refused, ClassifierError)
    assert before.shape == after.shape == (1, 2, 2)


async def test_a_model_that_is_not_there_for_one_is_there_for_nobody_and_is_not_asked_again(
    batcher: Batcher, engine: Engine
) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    waiting = [ask(batcher, text) for text in ("before", "go away", "after")]
    await take_their_places()
    engine.free()
    _, *answers = await all_of(first, *waiting)

    assert engine.calls == [["first"], ["before", "go away", "after"]]
    assert all(isinstance(answer, ModelUnavailableError) for answer in answers)


async def test_who_gave_up_is_not_asked_for_among_others(batcher: Batcher, engine: Engine) -> None:
    await know_that_it_is_quick(batcher, engine)
    first = await keep_at_work(batcher, engine)
    waiting = [ask(batcher, text) for text in ("stays", "gone", "stays, too")]
    await take_their_places()
    waiting[1].cancel()
    engine.free()
    await all_of(first, *waiting)

    assert engine.calls == [["first"], ["stays", "stays, too"]]


async def test_people_find_a_place_when_the_stream_is_full(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)
    stream = [ask(batcher, f"post {number}") for number in range(2 * MOST_WAITING)]
    await take_their_places()
    person = ask(batcher, "person", Lane.PEOPLE)
    await take_their_places()
    engine.free()
    await all_of(first, person, *stream)

    assert engine.seen[1] == "person"


async def test_the_event_loop_goes_on_while_the_model_works(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)  # were the loop blocked, nobody could free the engine

    assert not first.done()

    engine.free()
    await all_of(first)


async def test_the_event_loop_goes_on_while_the_model_is_loaded() -> None:
    may_load = threading.Event()

    def load() -> Classifier:
        assert may_load.wait(SOON_S), "the event loop did not go on while the model was loaded"
        return Engine()

    async with running(load) as batcher:
        asked = ask(batcher, "a post that came early")
        await take_their_places()
        assert not batcher.loaded
        may_load.set()

        assert (await all_of(asked))[0].shape == (1, 2, 2)
        assert batcher.loaded


async def test_the_model_is_loaded_and_asked_on_one_thread_of_its_own(batcher: Batcher, engine: Engine) -> None:
    await all_of(*(ask(batcher, "post") for _ in range(10)))

    assert len(engine.threads) == 1
    assert threading.get_ident() not in engine.threads


async def test_an_error_of_the_engine_reaches_whoever_asked_and_nobody_else(batcher: Batcher) -> None:
    before, refused, after = await all_of(ask(batcher, "before"), ask(batcher, "refuse this"), ask(batcher, "after"))

    assert isinstance(refused, ClassifierError)
    assert before.shape == after.shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("answer with infinity", "the model answered with what is not a number"),
        ("answer by half", r"the model's answer has the shape \(1, 2\), not \(1, 2, 2\)"),
    ],
)
async def test_an_answer_that_is_none_is_an_error(batcher: Batcher, text: str, problem: str) -> None:
    with pytest.raises(AnswerUnusableError, match=problem):
        await asyncio.wait_for(ask(batcher, text), SOON_S)


async def test_an_error_that_no_future_takes_reaches_whoever_asked_all_the_same(batcher: Batcher) -> None:
    ran_dry, after = await all_of(ask(batcher, "run dry"), ask(batcher, "after"))

    assert isinstance(ran_dry, RuntimeError)
    assert "StopIteration" in str(ran_dry)
    assert after.shape == (1, 2, 2)


async def test_it_is_known_since_when_the_model_is_at_work_on_one_question(engine: Engine) -> None:
    moments = iter([NOW, NOW + timedelta(seconds=1)])
    batcher = Batcher(lambda: engine, TEMPLATE, now=lambda: next(moments))
    running = asyncio.ensure_future(batcher.run())
    assert batcher.busy_since is None
    first = await keep_at_work(batcher, engine)
    second = ask(batcher, "refuse this")
    await take_their_places()
    assert batcher.busy_since == NOW

    engine.free()
    await all_of(first, second)
    assert batcher.busy_since is None
    assert next(moments, None) is None, "each question has its own beginning"
    running.cancel()


async def test_a_request_that_is_cancelled_while_it_waits_is_dropped(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)
    gone, stays = ask(batcher, "gone"), ask(batcher, "stays")
    await take_their_places()

    gone.cancel()
    engine.free()
    await all_of(first, gone, stays)

    assert gone.cancelled()
    assert engine.seen == ["first", "stays"]


async def test_a_request_that_is_cancelled_as_soon_as_it_is_made_is_dropped(batcher: Batcher, engine: Engine) -> None:
    gone = ask(batcher, "gone")
    await asyncio.sleep(0)  # it has taken its place, and the batcher is about to see it

    gone.cancel()
    await all_of(gone, ask(batcher, "next"))

    assert engine.seen == ["next"]


async def test_a_request_that_is_cancelled_while_the_model_works_on_it_harms_nobody(
    batcher: Batcher, engine: Engine
) -> None:
    first = await keep_at_work(batcher, engine)

    first.cancel()
    await take_their_places()
    engine.free()
    (answer,) = await all_of(ask(batcher, "next"))

    assert first.cancelled()
    assert answer[0, 0, 0] == len("next")


async def test_an_error_that_nobody_waits_for_any_more_makes_no_noise(batcher: Batcher, engine: Engine) -> None:
    noises: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noises.append(context))
    engine.hold()
    refused = ask(batcher, "refuse this")
    assert await asyncio.to_thread(engine.at_work.wait, SOON_S)

    refused.cancel()
    await take_their_places()
    engine.free()
    await all_of(ask(batcher, "next"))
    gc.collect()

    assert noises == []


async def test_a_lane_holds_so_many_and_no_more(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)
    asked = [ask(batcher, "post") for _ in range(10 * MOST_WAITING)]
    await take_their_places()

    assert len(batcher._lanes[Lane.STREAM]) == MOST_WAITING

    engine.free()
    assert not any(isinstance(answer, BaseException) for answer in await all_of(first, *asked))


async def test_a_lane_is_not_filled_by_those_who_gave_up(batcher: Batcher, engine: Engine) -> None:
    first = await keep_at_work(batcher, engine)
    for _ in range(10 * MOST_WAITING):
        gone = ask(batcher, "gone")
        await take_their_places()
        gone.cancel()
        await take_their_places()

    assert len(batcher._lanes[Lane.STREAM]) == 1, "the first one, which the model is at work on"

    engine.free()
    await all_of(first)
    assert engine.seen == ["first"]


async def test_a_model_that_cannot_be_loaded_ends_run_with_its_error() -> None:
    def load() -> Classifier:
        raise ModelUnusableError("model.safetensors has the wrong checksum")

    batcher = Batcher(load, TEMPLATE)

    with pytest.raises(ModelUnusableError, match="wrong checksum"):
        await asyncio.wait_for(batcher.run(), SOON_S)
    assert not batcher.loaded


async def test_ready_returns_once_the_model_is_loaded(engine: Engine) -> None:
    async with running(lambda: engine) as batcher:
        assert not batcher.loaded

        assert await asyncio.wait_for(batcher.ready(), SOON_S) == MODEL
        assert batcher.model == MODEL


async def test_the_model_is_not_named_before_it_is_loaded() -> None:
    with pytest.raises(AssertionError, match="await ready"):
        _ = Batcher(Engine, TEMPLATE).model


async def test_ending_the_batcher_does_not_wait_for_the_model(engine: Engine) -> None:
    async with running(lambda: engine) as batcher:
        await keep_at_work(batcher, engine)
        loop = asyncio.get_running_loop()
        ends_at = loop.time()

    assert loop.time() - ends_at < SOON_S / 2


async def test_while_the_model_is_there_the_collector_does_not_look_through_what_it_is_made_of(engine: Engine) -> None:
    async with running(lambda: engine) as batcher:
        await asyncio.wait_for(batcher.ready(), SOON_S)
        assert gc.get_freeze_count() > 0

    assert gc.get_freeze_count() == 0
