"""One engine behind the other."""

import gc
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from classifier.chain import ChainClassifier
from classifier.types import AnswerUnusableError, ClassifierError, Model, ModelUnavailableError
from tests.fakes.builders import NOW
from tests.fakes.classifier import TroubledClassifier, raises

DOWN = ModelUnavailableError("the endpoint news takes no more calls for now.")
SOON_S = 5.0


class Named(TroubledClassifier):
    """Notes in which words it was asked, too."""

    def __init__(self, name: str, template: str) -> None:
        super().__init__()
        self.model = Model(engine="keyword", name=name, revision="1")
        self.template = template
        self.hypotheses: list[str] = []

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> "np.typing.NDArray[np.float32]":
        self.hypotheses += hypotheses
        return super().logits(texts, hypotheses)


class Pauses:
    """Lets the look aside wait until a test lets it go on."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.paused, self.go = threading.Event(), threading.Semaphore(0)

    def __call__(self, tries: int) -> float:
        self.asked.append(tries)
        self.paused.set()
        assert self.go.acquire(timeout=SOON_S), "a test left the chain waiting"
        return 0.0


@pytest.fixture
def first() -> Named:
    return Named("first", "This example is {}.")


@pytest.fixture
def second() -> Named:
    return Named("second", "This article is on the topic of {}!")


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def chain(first: Named, second: Named, pauses: Pauses) -> Iterator[ChainClassifier]:
    """At the end the first is up again, so that nobody looks after it any longer."""
    made = ChainClassifier([first, second], now=lambda: NOW, pause_s=pauses)
    yield made
    first.down = None
    pauses.go.release(1_000)
    until(lambda: not made.tell())


def ask(chain: ChainClassifier, text: str = "a flood here") -> tuple[str, bool]:
    """Who answered, and whether it fits."""
    logits = chain.logits([text], ["This example is flood."])
    return chain.speaker.model.name, bool(logits[0, 0, 0] > 0)


def until(happened: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(int(SOON_S / 0.005)):
        if happened():
            return
        waited.wait(0.005)
    raise AssertionError("it never happened")


def test_the_first_speaks_while_it_is_up(chain: ChainClassifier, second: Named) -> None:
    assert chain.speaker.model.name == "first"
    assert ask(chain) == ("first", True)
    assert ask(chain, "nothing of it") == ("first", False)
    assert second.calls == 0


def test_the_second_answers_in_its_own_words_while_the_first_is_down(
    chain: ChainClassifier, first: Named, second: Named
) -> None:
    first.down = DOWN

    assert ask(chain) == ("second", True)
    assert second.hypotheses == ["This article is on the topic of flood!"]
    assert chain.speaker.template == second.template
    assert chain.model == second.model
    assert chain.template == first.template, "what it is asked in does not change"


def test_who_is_down_is_not_asked_by_those_who_wait(chain: ChainClassifier, first: Named) -> None:
    first.down = DOWN
    ask(chain)
    before = first.calls

    assert [ask(chain)[0] for _ in range(5)] == ["second"] * 5
    assert first.calls == before


def test_who_answers_again_speaks_again(chain: ChainClassifier, first: Named, pauses: Pauses) -> None:
    first.down = DOWN
    ask(chain)
    pauses.go.release()
    until(lambda: pauses.asked == [1, 2])
    assert ask(chain)[0] == "second"

    first.down = None
    pauses.go.release()
    until(lambda: not any("down" in line for line in chain.tell()))

    assert ask(chain) == ("first", True)


def test_who_answers_only_harmless_questions_is_tried_less_and_less(
    chain: ChainClassifier, first: Named, pauses: Pauses
) -> None:
    first.fails_on = {"a flood here": raises(DOWN)}
    for round_ in range(1, 4):
        assert ask(chain)[0] == "second"
        pauses.go.release()
        until(lambda: not chain.tell())
        assert pauses.asked == list(range(1, round_ + 1))

    assert ask(chain, "another flood")[0] == "first"
    assert ask(chain)[0] == "second"
    until(lambda: pauses.asked[-1:] == [1])
    pauses.go.release()


def test_a_text_that_the_first_alone_fails_on_is_raised_and_no_outage(chain: ChainClassifier, first: Named) -> None:
    first.fails_on = {"poison": raises(AnswerUnusableError("half an answer"))}

    with pytest.raises(AnswerUnusableError, match="half an answer"):
        ask(chain, "poison")
    assert ask(chain)[0] == "first"


def test_an_engine_that_fails_on_everything_is_down_whatever_it_raises(chain: ChainClassifier, first: Named) -> None:
    first.down = ZeroDivisionError("division by zero")

    assert ask(chain)[0] == "second"
    (told,) = chain.tell()
    assert told == "keyword:first has been down since 2026-11-02 09:00 UTC: ZeroDivisionError: division by zero."


def test_what_fails_everywhere_says_why_of_each(chain: ChainClassifier, first: Named, second: Named) -> None:
    first.down, second.down = DOWN, ModelUnavailableError("the second is on fire")

    with pytest.raises(ModelUnavailableError, match=r"news takes no more calls for now\.; the second is on fire"):
        ask(chain)


def test_a_text_that_the_last_fails_on_is_its_own_fault(chain: ChainClassifier, first: Named, second: Named) -> None:
    first.down = DOWN
    second.fails_on = {"poison": raises(ClassifierError("refused"))}

    with pytest.raises(ClassifierError, match=r"^refused$"):
        ask(chain, "poison")
    assert ask(chain)[0] == "second"


def test_nobody_looks_after_an_engine_whose_chain_is_gone(first: Named, second: Named) -> None:
    before = set(threading.enumerate())
    chain = ChainClassifier([first, second], pause_s=lambda _: 3600.0)
    first.down = ModelUnavailableError("gone")
    chain.logits(["a"], ["This example is b."])
    first.down = None  # with its traceback, which has the chain
    (aside,) = set(threading.enumerate()) - before
    del chain
    gc.collect()
    aside.join(SOON_S)
    assert not aside.is_alive()


def test_who_is_asked_about_no_text_has_not_spoken(chain: ChainClassifier, first: Named, pauses: Pauses) -> None:
    first.down = DOWN
    ask(chain)
    first.down = None
    pauses.go.release()
    until(lambda: not chain.tell())

    chain.logits([], ["This example is flood."])
    assert chain.model.name == "second"
    assert ask(chain)[0] == "first"


def test_who_takes_over_answers_as_many_texts_as_is_right_for_it(
    chain: ChainClassifier, first: Named, second: Named
) -> None:
    texts = ["a flood", "rain", "another flood", "sun"]
    most = {"first": 3, "second": 1}

    def some() -> int:
        return len(chain.some(texts, ["This example is flood."], lambda speaker: most[speaker.model.name]))

    assert some() == 3
    first.down = DOWN
    assert some() == 1
    assert chain.speaker.model == second.model


def test_who_asks_for_all_gets_all_of_whoever_takes_over(chain: ChainClassifier, first: Named) -> None:
    first.down = DOWN

    assert chain.logits(["a flood"] * 5, ["This example is flood."]).shape == (5, 1, 2)
    assert chain.speaker.model.name == "second"
