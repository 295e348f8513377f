"""How many calls may be under way: fewer after a throttled one, more again as they go well."""

import threading
from contextlib import ExitStack

from classifier.sagemaker.pace import Pace


def call(pace: Pace, *, throttled: bool = False) -> None:
    with pace.place() as number:
        if throttled:
            pace.throttled(number)
        else:
            pace.went_well()


def test_a_throttled_call_halves_the_places_down_to_one() -> None:
    pace = Pace(8)

    seen = []
    for _ in range(5):
        call(pace, throttled=True)
        seen.append(pace.limit)

    assert seen == [4, 2, 1, 1, 1]


def test_calls_that_were_under_way_together_halve_once() -> None:
    pace = Pace(8)
    with ExitStack() as held:
        numbers = [held.enter_context(pace.place()) for _ in range(8)]
    for number in numbers:
        pace.throttled(number)

    assert pace.limit == 4


def test_as_many_good_calls_as_there_are_places_make_about_one_more_up_to_the_most() -> None:
    pace = Pace(4)
    for _ in range(2):
        call(pace, throttled=True)
    grown = []
    for _ in range(12):
        call(pace)
        grown.append(pace.limit)

    assert grown == [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4]


def test_who_finds_no_place_waits_for_one() -> None:
    pace = Pace(1)
    came = threading.Event()

    def second() -> None:
        with pace.place():
            came.set()

    waiting = threading.Thread(target=second)
    with pace.place():
        waiting.start()
        assert not came.wait(0.05)
    assert came.wait(5)
    waiting.join()
