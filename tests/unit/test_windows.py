"""What is put to the model in one call."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.windows import Pace, merge, together


@dataclass(slots=True, eq=False)
class Asked:
    texts: tuple[str, ...]
    hypotheses: tuple[str, ...] = ("flood", "fire")
    alone: bool = False
    passed: float = 0.0


def asked(texts: int, hypothesis: str = "flood", *, alone: bool = False) -> Asked:
    return Asked(tuple(f"text {number}" for number in range(texts)), (hypothesis,), alone)


questions = st.lists(
    st.builds(
        Asked,
        texts=st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).map(tuple),
        hypotheses=st.sampled_from([("flood",), ("flood", "fire")]),
        alone=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(questions, st.integers(1, 20))
def test_the_first_is_served_and_a_window_is_no_larger_than_it_may_be(waiting: list[Asked], most: int) -> None:
    chosen = together(waiting, most)

    assert chosen[0] is waiting[0]
    assert len(chosen) == 1 or sum(len(one.texts) for one in chosen) <= most
    assert len(chosen) == 1 or not any(one.alone for one in chosen)
    assert len({one.hypotheses for one in chosen}) == 1
    assert waiting == sorted(waiting, key=lambda one: -one.passed), "what passed one has passed those before it"
    assert len(merge(chosen, most)) <= most


def test_those_with_the_same_hypotheses_go_along_in_their_order() -> None:
    first, other, second, third = asked(1), asked(1, "rain"), asked(2), asked(1)

    assert together([first, other, second, third], 100) == [first, second, third]


def test_who_is_too_large_for_the_rest_of_a_window_is_passed_and_then_first() -> None:
    first, large, small = asked(2), asked(3), asked(1)

    assert together([first, large, small], 4) == [first, small]
    assert together([large], 1) == [large]


def test_who_was_passed_by_a_window_in_all_is_passed_no_more() -> None:
    first, other = asked(1), asked(1, "rain")
    waiting = [first, other, asked(2), asked(1), asked(1)]
    assert together(waiting, 4) == [first, *waiting[2:4]]
    assert other.passed == 0.75

    large, small = asked(2, "rain"), asked(1, "rain")
    assert together([other, waiting[4], large, small], 4) == [other, small], "a quarter of a window is left"
    assert other.passed == 1


def test_who_must_go_alone_goes_alone() -> None:
    one, alone, three = asked(1), asked(1, alone=True), asked(1)

    assert together([alone, one], 100) == [alone]
    assert together([one, alone, three], 100) == [one, three]


def test_the_texts_of_several_are_put_once() -> None:
    assert merge([Asked(("a", "b")), Asked(("b", "c"))], 10) == ["a", "b", "c"]


def test_of_a_question_larger_than_a_window_the_first_texts_are_put() -> None:
    assert merge([Asked(("a", "b", "c"))], 2) == ["a", "b"]


class Model:
    """Learns what is put to it: a text after the other, so many at once."""

    def __init__(self, *, a_text_s: float, at_once: int = 1, a_call_s: float = 0.0) -> None:
        self.a_text_s, self.at_once, self.a_call_s = a_text_s, at_once, a_call_s
        self.pace = Pace()

    def answer(self, texts: int) -> None:
        self.pace.learn(20, texts, self.a_call_s + self.a_text_s * -(-texts // self.at_once))

    def work(self, calls: int = 30) -> list[int]:
        """A large request: the sizes of its portions."""
        sizes = []
        for _ in range(calls):
            sizes.append(self.pace.most(20))
            self.answer(sizes[-1])
        return sizes


def test_at_first_one_text_is_asked() -> None:
    assert Pace().most(20) == 1


def test_a_quick_model_is_given_what_it_does_in_a_quarter_of_a_second() -> None:
    assert Model(a_text_s=0.01).work()[-1] == 25


def test_a_model_that_takes_long_over_one_text_is_given_two_at_most() -> None:
    assert max(Model(a_text_s=2.0).work()) == 2


@pytest.mark.parametrize("at_once", [3, 8, 24, 100])
def test_an_endpoint_is_given_nearly_four_rounds_of_what_it_answers_at_once(at_once: int) -> None:
    sizes = Model(a_text_s=0.4, at_once=at_once).work()

    assert sizes[:3] == [1, 2, 4]
    assert 3 * at_once < sizes[-1] <= 4 * at_once


def test_a_single_text_that_once_took_long_does_not_make_portions_large_and_is_forgotten_with_the_next() -> None:
    model = Model(a_text_s=2.0)
    model.pace.learn(20, 1, 20.0)
    assert max(model.work()) <= 6

    model.answer(1)
    assert model.work()[1:] == [2] * 29


def test_slowness_is_believed_at_once_and_quickness_by_doubling() -> None:
    model = Model(a_text_s=0.001)
    assert model.work()[-1] == 250

    model.a_text_s = 0.1
    model.answer(250)
    assert model.pace.most(20) == 2

    model.a_text_s = 0.001
    assert model.work()[:4] == [2, 4, 8, 16]


def test_a_small_question_that_was_quick_enough_says_nothing_against_large_ones() -> None:
    model = Model(a_text_s=0.0001, a_call_s=0.1)
    assert (usual := model.work()[-1]) > 200

    for _ in range(10):
        model.answer(1)
    assert model.pace.most(20) == usual


def test_how_long_few_hypotheses_take_says_nothing_of_many() -> None:
    pace = Pace()
    for _ in range(10):
        pace.learn(1, 10, 0.01)

    assert pace.most(250) == 1


def test_what_was_remembered_teaches_nothing() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(20, 0.0, 0.001)

    assert pace.most(20) == 1


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0, 1_000), st.floats(0, 100)), max_size=30))
def test_something_is_always_asked_and_never_without_end(measured: list[tuple[int, float, float]]) -> None:
    pace = Pace()
    for hypotheses, texts, took_s in measured:
        pace.learn(hypotheses, texts, took_s)
        assert 1 <= pace.most(hypotheses) <= 8_192 / hypotheses
        assert not np.isnan(pace.most(hypotheses))
