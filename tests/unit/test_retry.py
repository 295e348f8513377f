"""What is done about a delivery that went wrong."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.base import ChannelGoneError, DeliveryError, MessageRefusedError, OutcomeUnknownError, TryLaterError
from bot.pipeline.retry import GiveUp, LookUp, SendAgain, Step, Suspend, back_off_s, next_step
from tests.fakes.builders import NOW

GRACE = timedelta(seconds=30)


def step(error: DeliveryError, *, attempts: int = 1, jitter: float = 1, looking_up: bool = False) -> Step:
    return next_step(error, attempts=attempts, now=NOW, grace=GRACE, jitter=jitter, looking_up=looking_up)


def after(seconds: float) -> SendAgain:
    return SendAgain(NOW + timedelta(seconds=seconds))


def wait_s(error: DeliveryError, *, attempts: int = 1, jitter: float = 1) -> float:
    answer = step(error, attempts=attempts, jitter=jitter)
    assert isinstance(answer, SendAgain)
    return (answer.due_at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        pytest.param(TryLaterError("busy"), after(1), id="the chat is busy: sent again a second later at most"),
        pytest.param(TryLaterError("busy", 12.5), after(12.5), id="the chat names a wait: it is kept"),
        pytest.param(TryLaterError("busy", 30), after(30), id="the chat names a wait in whole seconds: it is kept"),
        pytest.param(TryLaterError("busy", 0.0), after(0), id="the chat says at once: at once"),
        pytest.param(OutcomeUnknownError("cut"), LookUp(NOW + GRACE), id="nobody knows: looked up after the grace"),
        pytest.param(ChannelGoneError("kicked"), Suspend(), id="the channel is gone: suspended"),
        pytest.param(MessageRefusedError("too long"), GiveUp(), id="the message is refused: given up"),
        pytest.param(DeliveryError("odd"), after(1), id="an error of no known kind: sent again a second later at most"),
    ],
)
def test_each_kind_of_error_has_its_own_answer(error: DeliveryError, answer: Step) -> None:
    assert step(error) == answer


DOUBLING = [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (10**9, 300)]


@pytest.mark.parametrize(("attempts", "whole_s"), DOUBLING)
def test_waits_double_up_to_five_minutes_and_last_from_half_to_the_whole(attempts: int, whole_s: float) -> None:
    waits = [wait_s(TryLaterError("busy"), attempts=attempts, jitter=jitter) for jitter in (0, 0.5, 1)]
    assert waits == [whole_s / 2, whole_s * 3 / 4, whole_s]


@given(st.floats(0, 1), st.floats(0, 1))
def test_those_who_failed_together_come_back_spread_as_chance_has_it(one: float, other: float) -> None:
    first, second = (wait_s(TryLaterError("busy"), attempts=8, jitter=jitter) for jitter in (one, other))
    assert (first < second) is (one < other) or abs(one - other) < 1e-6


@given(st.floats(0, 86_400), st.floats(0, 1), st.integers(1, 100))
def test_chance_and_earlier_attempts_change_nothing_about_a_wait_that_the_chat_named(
    named_s: float, jitter: float, attempts: int
) -> None:
    assert step(TryLaterError("busy", named_s), attempts=attempts, jitter=jitter) == after(named_s)


@pytest.mark.parametrize(
    ("named_s", "waited_s"),
    [(-5.0, 0), (86_401, 86_400), (1e300, 86_400), (float("inf"), 86_400), (float("nan"), 1)],
)
def test_no_answer_of_a_chat_makes_a_wait_that_cannot_be_reckoned_with(named_s: float, waited_s: float) -> None:
    assert step(TryLaterError("busy", named_s)) == after(waited_s)


@pytest.mark.parametrize("attempts", [1, 50])
def test_an_unknown_outcome_is_looked_up_however_often_it_happened(attempts: int) -> None:
    assert step(OutcomeUnknownError("cut"), attempts=attempts) == LookUp(NOW + GRACE)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        pytest.param(TryLaterError("busy", 12.5), LookUp(NOW + timedelta(seconds=12.5)), id="the chat is busy"),
        pytest.param(DeliveryError("odd"), LookUp(NOW + timedelta(seconds=1)), id="an error of no known kind"),
        pytest.param(OutcomeUnknownError("cut"), LookUp(NOW + GRACE), id="cut again"),
        pytest.param(ChannelGoneError("kicked"), Suspend(), id="the channel is gone"),
    ],
)
def test_a_look_up_that_went_wrong_is_followed_by_another_one_never_by_a_send(
    error: DeliveryError, answer: Step
) -> None:
    assert step(error, looking_up=True) == answer


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_wait_is_never_nothing_and_never_over_five_minutes(attempts: int, jitter: float) -> None:
    assert 0 < back_off_s(attempts, jitter) <= back_off_s(attempts + 1, jitter) <= 300
