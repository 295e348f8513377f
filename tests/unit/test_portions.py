"""A large request goes to the model in portions; in a time of the tests' own."""

import asyncio
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.batching import Batcher, Lane
from classifier.memory import Memory
from classifier.null import NullClassifier
from classifier.types import ClassifierError, Speaker
from tests.fakes.builders import MODEL
from tests.fakes.simulation.time import SimulatedLoop
from tests.fakes.timed import TEMPLATE, Call, TimedClassifier, hypotheses, is_right, play, posts, simulated


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

    play(loop, batcher, scene())

    assert max(waits) <= 0.1 * (2 * 20 + 5), "two texts, and one's own"
    assert loop.time() == pytest.approx(0.1 * (256 * 20 + 40 * 5)), "all of it took no longer"


def test_an_engine_that_answers_many_at_once_is_as_quick_in_portions(loop: SimulatedLoop) -> None:
    endpoint = TimedClassifier(loop, pair_s=0.4 / 20, at_once=24)
    batcher = Batcher(lambda: endpoint, TEMPLATE)

    async def scene() -> None:
        await batcher.ask(posts(256, "earlier"), hypotheses(20), lane=Lane.STREAM)
        before = loop.time()
        for number in range(4):
            await batcher.ask(posts(256, f"post {number}"), hypotheses(20), lane=Lane.STREAM)
        assert loop.time() - before < 1.25 * 4 * 11 * 0.4, "eleven rounds for 256 texts"

    play(loop, batcher, scene())


def test_what_is_remembered_makes_no_portion_larger(loop: SimulatedLoop) -> None:
    slow = RememberingClassifier(loop, pair_s=0.1)
    batcher = Batcher(lambda: slow, TEMPLATE)

    async def scene() -> None:
        for _ in range(14):
            await batcher.ask(posts(8), hypotheses(20), lane=Lane.STREAM)
        slow.calls.clear()
        await batcher.ask(posts(256, "new"), hypotheses(20), lane=Lane.STREAM)

    play(loop, batcher, scene())

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

    play(loop, batcher, scene())


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

    play(loop, batcher, scene())

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

    play(loop, batcher, scene())
