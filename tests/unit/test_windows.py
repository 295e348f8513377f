"""Which of the waiting questions are put to the model as one."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.windows import Pace, merge, together


@dataclass(frozen=True, slots=True)
class Asked:
    texts: tuple[str, ...]
    hypotheses: tuple[str, ...] = ("flood", "fire")
    alone: bool = False


ONE, TWO, THREE = Asked(("one",)), Asked(("two", "more")), Asked(("three",))
OTHER = Asked(("one",), hypotheses=("rain",))
ALONE = Asked(("alone",), alone=True)

questions = st.lists(
    st.builds(
        Asked,
        texts=st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(tuple),
        hypotheses=st.sampled_from([("flood",), ("flood", "fire")]),
        alone=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(questions, st.integers(1, 40))
def test_the_first_is_served_and_a_window_is_no_larger_than_it_may_be(waiting: list[Asked], most: int) -> None:
    chosen = together(waiting, most)

    assert chosen[0] == waiting[0]
    assert len(chosen) == 1 or sum(len(one.texts) * len(one.hypotheses) for one in chosen) <= most
    assert len(chosen) == 1 or not any(one.alone for one in chosen)
    assert len({one.hypotheses for one in chosen}) == 1


def test_those_with_the_same_hypotheses_go_along_in_their_order() -> None:
    assert together([ONE, OTHER, TWO, THREE], 100) == [ONE, TWO, THREE]


def test_who_is_too_large_for_the_rest_of_a_window_is_passed_once_and_then_first() -> None:
    assert together([ONE, TWO, THREE], 4) == [ONE, THREE]
    assert together([TWO], 1) == [TWO]


def test_who_must_go_alone_goes_alone() -> None:
    assert together([ALONE, ONE], 100) == [ALONE]
    assert together([ONE, ALONE, THREE], 100) == [ONE, THREE]


def test_nobody_waiting_is_no_window() -> None:
    assert together([], 100) == []


@given(questions)
def test_everyone_finds_their_texts_among_the_merged_which_are_all_different(waiting: list[Asked]) -> None:
    texts, places = merge(waiting)

    assert len(set(texts)) == len(texts)
    assert [[texts[place] for place in mine] for mine in places] == [list(one.texts) for one in waiting]


def test_a_model_that_takes_long_over_one_pair_is_never_asked_two_questions_at_once() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(5, took_s=1.3)

    assert pace.most == 1


def test_a_quick_model_is_given_what_it_does_in_a_quarter_of_a_second() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(100, took_s=0.05)

    assert pace.most == 500


def test_one_odd_measurement_is_not_believed() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(100, took_s=0.05)
    pace.learn(1, took_s=60.0)
    assert pace.most == 250

    pace.learn(0, took_s=1.0)
    assert pace.most == 250


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 100)), max_size=30))
def test_something_is_always_asked_and_never_without_end(measured: list[tuple[int, float]]) -> None:
    pace = Pace()
    for pairs, took_s in measured:
        pace.learn(pairs, took_s)
        assert 1 <= pace.most <= 8_192
        assert not np.isnan(pace.most)
