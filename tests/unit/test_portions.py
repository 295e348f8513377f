"""A large request goes to the model in portions, and nobody waits for long; in a time of the tests' own."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.batching import Answer, Batcher, Lane
from classifier.memory import Memory
from classifier.null import NullClassifier
from classifier.types import ClassifierError, Speaker
from classifier.windows import Pace
from tests.fakes.builders import MODEL
from tests.fakes.simulation.time import SimulatedLoop

TEMPLATE = "This is about {}."
A_TICK_S = 0.001


def hypotheses(count: int, of: str = "label") -> list[str]:
    return [f"This is about {of} {number}." for number in range(count)]


def posts(count: int, of: str = "post") -> list[str]:
    return [f"{of}/{number}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Call:
    start_s: float
    texts: list[str]
    hypotheses: int


class TimedClassifier(NullClassifier):
    """Takes its time: so long for a call, and so long for each pair; of `at_once` texts as long as for one."""

    def __init__(self, loop: SimulatedLoop, *, call_s: float = 0.0, pair_s: float, at_once: int = 1) -> None:
        super().__init__(template=TEMPLATE)
        self.loop, self.call_s, self.pair_s, self.at_once = loop, call_s, pair_s, at_once
        self.calls: list[Call] = []
        self.refused = ""
        self.pace = Pace()
        self.largest_s = 0.0
        """The pairs' share of the largest window, by `pace`, of the numbers of hypotheses that were asked."""

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.calls.append(Call(self.loop.time(), list(texts), len(hypotheses)))
        a_window_s = self.pair_s * len(hypotheses) * self.pace.most(len(hypotheses))
        self.largest_s = max(self.largest_s, a_window_s)
        self.loop.block(self.call_s + self.pair_s * len(hypotheses) * -(-len(texts) // self.at_once))
        if self.refused in texts:
            raise ClassifierError("this text is refused")
        return super().logits(texts, hypotheses)


class RememberingClassifier(TimedClassifier):
    """As an engine with a Memory: what is remembered takes no time."""

    def __init__(self, loop: SimulatedLoop, *, pair_s: float) -> None:
        super().__init__(loop, pair_s=pair_s)
        self._memory = Memory(100_000)

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        wanted = [(text, hypothesis) for text in texts for hypothesis in hypotheses]
        known = self._memory.recall(wanted)
        self.calls.append(Call(self.loop.time(), list(texts), len(hypotheses)))
        self.loop.block(self.pair_s * (len(wanted) - len(known)))
        self._memory.keep((pair, (0.0, 0.0)) for pair in wanted if pair not in known)
        return NullClassifier.logits(self, texts, hypotheses)


class TurningClassifier(TimedClassifier):
    """Several engines: who speaks in a call is said by the call's number."""

    def __init__(self, loop: SimulatedLoop, speaks: Sequence[str]) -> None:
        super().__init__(loop, pair_s=0.1)
        self._speaks = speaks
        self.speaker = _speaker(speaks[0])

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        name = self._speaks[min(len(self.calls), len(self._speaks) - 1)]
        self.speaker = _speaker(name)
        return np.full_like(super().logits(texts, hypotheses), ord(name))


def _speaker(name: str) -> Speaker:
    return Speaker(model=MODEL, template=f"{name} {{}}")


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    with simulated() as made:
        yield made


@contextmanager
def simulated() -> Iterator[SimulatedLoop]:
    made = SimulatedLoop()
    yield made
    made.close()


def play(loop: SimulatedLoop, classifier: TimedClassifier, scene: Coroutine[Any, Any, None], batcher: Batcher) -> None:
    """The scene, with the batcher at work."""

    async def both() -> None:
        working = asyncio.ensure_future(batcher.run())
        await batcher.ready()
        await scene
        working.cancel()
        await asyncio.wait([working])

    loop.run_until_complete(both())


def is_right(answer: Answer, texts: Sequence[str], asked: Sequence[str]) -> bool:
    return np.array_equal(answer.logits, NullClassifier(template=TEMPLATE).logits(texts, asked))


def test_a_person_waits_for_one_portion_of_a_large_request_before_a_slow_model(loop: SimulatedLoop) -> None:
    slow = TimedClassifier(loop, pair_s=0.1)
    batcher = Batcher(lambda: slow, TEMPLATE)
    waits: list[float] = []

    async def scene() -> None:
        stream = asyncio.ensure_future(batcher.ask(posts(256), hypotheses(20), lane=Lane.STREAM))
        for number in range(40):
            await asyncio.sleep(7.3)
            before = loop.time()
            await batcher.ask([f"person {number}"], hypotheses(5), lane=Lane.PEOPLE)
            waits.append(loop.time() - before)
        assert not stream.done()
        assert is_right(await stream, posts(256), hypotheses(20))

    play(loop, slow, scene(), batcher)

    assert max(waits) <= 0.1 * (2 * 20 + 5), "two texts, and one's own"
    assert loop.time() == pytest.approx(0.1 * (256 * 20 + 40 * 5)), "all of it took no longer"


def test_an_engine_that_answers_many_at_once_is_as_quick_in_portions(loop: SimulatedLoop) -> None:
    endpoint = TimedClassifier(loop, call_s=0.4, pair_s=0.0)
    endpoint.at_once = 24
    batcher = Batcher(lambda: endpoint, TEMPLATE)

    async def scene() -> None:
        endpoint.call_s, endpoint.pair_s = 0.0, 0.4 / 20
        await batcher.ask(posts(256, "earlier"), hypotheses(20), lane=Lane.STREAM)
        before = loop.time()
        for number in range(4):
            await batcher.ask(posts(256, f"post {number}"), hypotheses(20), lane=Lane.STREAM)
        assert loop.time() - before < 1.25 * 4 * 11 * 0.4, "eleven rounds for 256 texts"

    play(loop, endpoint, scene(), batcher)


def test_what_is_remembered_makes_no_portion_larger(loop: SimulatedLoop) -> None:
    slow = RememberingClassifier(loop, pair_s=0.1)
    batcher = Batcher(lambda: slow, TEMPLATE)

    async def scene() -> None:
        for _ in range(14):
            await batcher.ask(posts(8), hypotheses(20), lane=Lane.STREAM)
        slow.calls.clear()
        await batcher.ask(posts(256, "new"), hypotheses(20), lane=Lane.STREAM)

    play(loop, slow, scene(), batcher)

    assert max(len(call.texts) for call in slow.calls) == 2


def test_cancelling_in_the_middle_frees_the_rest(loop: SimulatedLoop) -> None:
    slow = TimedClassifier(loop, pair_s=0.1)
    batcher = Batcher(lambda: slow, TEMPLATE)

    async def scene() -> None:
        large = asyncio.ensure_future(batcher.ask(posts(256), hypotheses(20), lane=Lane.STREAM))
        await asyncio.sleep(10)
        large.cancel()
        await asyncio.wait([large])
        asked = len(slow.calls)
        await batcher.ask(["next"], hypotheses(20), lane=Lane.STREAM)
        assert [call.texts for call in slow.calls[asked:]] == [["next"]]
        assert not any(batcher._lanes.values())

    play(loop, slow, scene(), batcher)


def test_an_error_in_one_portion_fails_that_request_only_and_ends_it(loop: SimulatedLoop) -> None:
    slow = TimedClassifier(loop, pair_s=0.1)
    slow.refused = "post/9"
    batcher = Batcher(lambda: slow, TEMPLATE)

    async def scene() -> None:
        large = asyncio.ensure_future(batcher.ask(posts(256), hypotheses(20), lane=Lane.STREAM))
        other = asyncio.ensure_future(batcher.ask(["other"], hypotheses(20), lane=Lane.STREAM))
        with pytest.raises(ClassifierError, match="refused"):
            await large
        assert is_right(await other, ["other"], hypotheses(20))

    play(loop, slow, scene(), batcher)

    asked = [text for call in slow.calls for text in call.texts]
    assert "post/20" not in asked
    assert asked[-1] == "other"


@pytest.mark.parametrize("speaks", ["aabbbbbbbbbbbbbb", "aaab" + "a" * 20, "abba" + "b" * 20, "aaabbbaaabbbaaabbb"])
def test_an_answer_is_of_one_speaker_also_where_the_speaker_changes_between_portions(
    loop: SimulatedLoop, speaks: str
) -> None:
    several = TurningClassifier(loop, speaks)
    batcher = Batcher(lambda: several, TEMPLATE)
    texts = [*posts(9), "post/3"]

    async def scene() -> None:
        answer = await batcher.ask(texts, hypotheses(20), lane=Lane.STREAM)
        spoke = answer.speaker.template[0]
        assert answer.logits.shape == (10, 20, 2)
        assert set(answer.logits.ravel()) == {ord(spoke)}

    play(loop, several, scene(), batcher)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Someone asks, so long after whoever came before; and may give up."""

    after_ms: int
    lane: Lane
    label_set: int
    texts: int
    gives_up_after_ms: int | None


@dataclass(slots=True)
class Wait:
    """What someone found when it came, and how long it took."""

    arrival: Arrival
    came_s: float
    rest_s: float
    """Of the call that the model was at."""

    ahead: list[str]
    """Who stood before it in its lane, itself included, by the first part of their texts."""

    answered_s: float = 0.0
    window_s: float = 0.0
    """The work of the largest window that there was by then."""


arrivals = st.lists(
    st.builds(
        Arrival,
        after_ms=st.sampled_from([0, 0, 0, 0, 0, 1, 30, 1_500]),
        lane=st.sampled_from([Lane.PEOPLE, Lane.PEOPLE, Lane.PEOPLE, Lane.STREAM]),
        label_set=st.integers(0, 7),
        texts=st.sampled_from([1, 1, 1, 2, 3, 5, 40]),
        gives_up_after_ms=st.sampled_from([None, None, None, None, 50, 2_000]),
    ),
    min_size=20,
    max_size=60,
)


def labels_of(label_set: int) -> list[str]:
    """One to four labels; no two sets have one in common."""
    return hypotheses(1 + label_set % 4, of=f"set {label_set}")


CALLERS = [Arrival(0, Lane.PEOPLE, number % 8, 1, None) for number in range(64)]


@example(CALLERS, (0.02, 0.01), True)
@given(arrivals, st.sampled_from([(0.0, 0.1), (0.005, 0.0005), (0.02, 0.01), (0.4, 0.0001)]), st.booleans())
def test_each_waits_no_longer_than_the_work_ahead_of_it_and_one_window(
    came: list[Arrival], costs: tuple[float, float], used_to_it: bool
) -> None:
    """Eight sets of labels in any order, a cost a call and a cost a pair; with its pace to be learnt, or learnt."""
    call_s, pair_s = costs
    with simulated() as loop:
        model = TimedClassifier(loop, call_s=call_s, pair_s=pair_s)
        waits = _waits(loop, model, came, warm=posts(100 if used_to_it else 0, "warm"))
    for wait in waits:
        work_s = wait.rest_s
        for call in model.calls:
            if wait.came_s <= call.start_s < wait.answered_s:
                of_people = all(text.startswith(Lane.PEOPLE.name) for text in call.texts)
                before = of_people and wait.arrival.lane is Lane.STREAM
                counted = [text for text in call.texts if before or text.split("/")[0] in wait.ahead]
                work_s += call_s + pair_s * len(counted) * call.hypotheses
        assert wait.answered_s - wait.came_s <= work_s + wait.window_s + A_TICK_S


def _waits(loop: SimulatedLoop, model: TimedClassifier, came: list[Arrival], *, warm: list[str]) -> list[Wait]:
    """Of all who were answered."""
    batcher = Batcher(lambda: model, TEMPLATE)
    waits: list[Wait] = []
    waiting: dict[Lane, list[str]] = {lane: [] for lane in Lane}

    async def ask(number: int, arrival: Arrival) -> None:
        name = f"{arrival.lane.name}-{number}"
        waiting[arrival.lane].append(name)
        wait = Wait(arrival, loop.time(), _rest_s(model), list(waiting[arrival.lane]))
        patience_s = None if arrival.gives_up_after_ms is None else arrival.gives_up_after_ms / 1_000
        texts, labels = posts(arrival.texts, name), labels_of(arrival.label_set)
        try:
            async with asyncio.timeout(patience_s):
                answer = await batcher.ask(texts, labels, lane=arrival.lane)
        except TimeoutError:
            return
        finally:
            waiting[arrival.lane].remove(name)
        assert is_right(answer, texts, labels)
        wait.answered_s, wait.window_s = loop.time(), model.largest_s
        waits.append(wait)

    async def scene() -> None:
        for label_set in range(4):
            await batcher.ask(warm, labels_of(label_set), lane=Lane.PEOPLE)
        model.pace = batcher._pace
        async with asyncio.TaskGroup() as everybody:
            for number, arrival in enumerate(came):
                if arrival.after_ms:
                    await asyncio.sleep(arrival.after_ms / 1_000)
                everybody.create_task(ask(number, arrival))

    play(loop, model, scene(), batcher)
    return waits


def _rest_s(model: TimedClassifier) -> float:
    if not model.calls:
        return 0.0
    last = model.calls[-1]
    took_s = model.call_s + model.pair_s * last.hypotheses * len(last.texts)
    return max(0.0, last.start_s + took_s - model.loop.time())
