"""A large request goes to the model in portions; in a time of the tests' own."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.batching import Batcher, Lane
from classifier.chain import ChainClassifier
from classifier.memory import Memory
from classifier.null import NullClassifier
from classifier.types import ClassifierError, Model, ModelUnavailableError, Speaker
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
    """Several engines: who speaks in a call is said by the call's number, again and again."""

    def __init__(self, loop: SimulatedLoop, speaks: Sequence[str]) -> None:
        super().__init__(loop, pair_s=0.1)
        self._speaks = speaks
        self.speaker = _speaker(speaks[0])

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        assert len(self.calls) < 1_000, "there is no end"
        name = self._speaks[len(self.calls) % len(self._speaks)]
        self.speaker = _speaker(name)
        return np.full_like(super().logits(texts, hypotheses), ord(name))

    def some(
        self, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> NDArray[np.float32]:
        name = self._speaks[len(self.calls) % len(self._speaks)]
        return self.logits(texts[: most(_speaker(name))], hypotheses)


class Endpoint(TimedClassifier):
    """Quick, until it is down."""

    def __init__(self, loop: SimulatedLoop, *, pair_s: float, at_once: int = 1) -> None:
        super().__init__(loop, pair_s=pair_s, at_once=at_once)
        self.model = Model(engine="sagemaker", name="news", revision="1")
        self.down = False

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        if self.down:
            raise ModelUnavailableError("the endpoint news is down")
        return super().logits(texts, hypotheses)


def _chain(*engines: TimedClassifier) -> ChainClassifier:
    """Who is down is not tried again within a test."""
    return ChainClassifier(engines, pause_s=lambda _: 3_600.0)


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


@example("ab", 4, 0.1)
@example("aab", 5, 0.1)
@example("abc", 5, 5.0)
@given(st.text("abc", min_size=1, max_size=12), st.integers(1, 9), st.sampled_from([0.01, 0.1, 5.0]))
def test_a_request_is_answered_however_speakers_take_turns(speaks: str, texts: int, pair_s: float) -> None:
    with simulated() as loop:
        several = TurningClassifier(loop, speaks)
        several.pair_s = pair_s
        batcher = Batcher(lambda: several, TEMPLATE)

        async def scene() -> None:
            answer = await batcher.ask(posts(texts), hypotheses(20), lane=Lane.STREAM)
            assert len(set(answer.logits.ravel())) == 1

        play(loop, batcher, scene())

    assert len(several.calls) <= 2 * len(set(speaks)) * texts


def test_where_the_speaker_changes_once_nothing_is_asked_for_the_one_who_is_gone(loop: SimulatedLoop) -> None:
    several = TurningClassifier(loop, "a" * 4 + "b" * 20)
    batcher = Batcher(lambda: several, TEMPLATE)

    async def scene() -> None:
        await batcher.ask(posts(20), hypotheses(20), lane=Lane.STREAM)

    play(loop, batcher, scene())

    of_b = [text for call in several.calls[4:] for text in call.texts]
    assert sorted(of_b) == sorted(posts(20))


def test_an_engine_that_takes_over_is_paced_from_its_first_text_on(loop: SimulatedLoop) -> None:
    quick, slow = Endpoint(loop, pair_s=0.4 / 20, at_once=24), TimedClassifier(loop, pair_s=0.15)
    batcher = Batcher(lambda: _chain(quick, slow), TEMPLATE)

    async def scene() -> None:
        for number in range(6):
            await batcher.ask(posts(256, f"earlier {number}"), hypotheses(20), lane=Lane.STREAM)
        assert max(len(call.texts) for call in quick.calls) > 24
        quick.down = True
        stream = asyncio.ensure_future(batcher.ask(posts(256), hypotheses(20), lane=Lane.STREAM))
        await asyncio.sleep(0.1)
        before = loop.time()
        await batcher.ask(["person"], hypotheses(20), lane=Lane.PEOPLE)
        assert loop.time() - before <= 0.15 * 20 * 2, "the rest of one text, and one's own"
        assert is_right(await stream, posts(256), hypotheses(20))

    play(loop, batcher, scene())

    assert [len(call.texts) for call in slow.calls[:3]] == [1, 1, 2]
    assert max(len(call.texts) for call in slow.calls) == 2


def test_an_engine_that_speaks_again_is_given_what_it_did_before(loop: SimulatedLoop) -> None:
    several = TurningClassifier(loop, "a" * 20 + "bbb" + "a" * 200)
    several.pair_s = 0.001
    batcher = Batcher(lambda: several, TEMPLATE)

    async def scene() -> None:
        await batcher.ask(posts(400), hypotheses(20), lane=Lane.STREAM)

    play(loop, batcher, scene())

    sizes = [len(call.texts) for call in several.calls]
    assert sizes[19:26] == [12, 1, 2, 4, 8, 12, 12], "the window was b's still when a came back"


def test_the_stand_in_for_one_who_asked_much_lets_nobody_wait_for_all_of_it(loop: SimulatedLoop) -> None:
    """Those who were to go along keep their places: who asks for something else stands between them still."""
    quick, slow = Endpoint(loop, pair_s=0.0001), TimedClassifier(loop, pair_s=0.15)
    batcher = Batcher(lambda: _chain(quick, slow), TEMPLATE)

    async def scene() -> None:
        for number in range(6):
            await batcher.ask(posts(256, f"earlier {number}"), hypotheses(20), lane=Lane.PEOPLE)
        quick.down = True
        first = asyncio.ensure_future(batcher.ask(["first"], hypotheses(20), lane=Lane.PEOPLE))
        other = asyncio.ensure_future(batcher.ask(["other"], hypotheses(4), lane=Lane.PEOPLE))
        along = asyncio.ensure_future(batcher.ask(posts(40, "along"), hypotheses(20), lane=Lane.PEOPLE))
        await other
        assert first.done()
        await along

    play(loop, batcher, scene())

    assert [call.texts[0] for call in slow.calls[:3]] == ["first", "other", "along/0"]
