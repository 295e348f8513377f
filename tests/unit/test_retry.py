"""What is done about a delivery that went wrong."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.base import ChannelGoneError, DeliveryError, MessageRefusedError, OutcomeUnknownError, TryLaterError
from bot.pipeline.retry import GiveUp, LookUp, SendAgain, Step, Suspend, back_off_s, next_step
from tests.fakes.builders import NOW

GRACE = timedelta(seconds=30)


def after(seconds: float) -> SendAgain:
    return SendAgain(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("error", "step"),
    [
        pytest.param(TryLaterError("busy"), after(1), id="the chat is busy: sent again a second later"),
        pytest.param(TryLaterError("busy", 12.5), after(12.5), id="the chat names a wait: it is kept"),
        pytest.param(TryLaterError("busy", 30), after(30), id="the chat names a wait in whole seconds: it is kept"),
        pytest.param(TryLaterError("busy", 0.0), after(0), id="the chat says at once: at once"),
        pytest.param(OutcomeUnknownError("cut"), LookUp(NOW + GRACE), id="nobody knows: looked up after the grace"),
        pytest.param(ChannelGoneError("kicked"), Suspend(), id="the channel is gone: suspended"),
        pytest.param(MessageRefusedError("too long"), GiveUp(), id="the message is refused: given up"),
        pytest.param(DeliveryError("odd"), after(1), id="an error of no known kind: sent again a second later"),
    ],
)
def test_each_kind_of_error_has_its_own_answer(error: DeliveryError, step: Step) -> None:
    assert next_step(error, attempts=1, now=NOW, grace=GRACE) == step


@pytest.mark.parametrize(("attempts", "wait_s"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (10**9, 300)])
def test_waits_double_up_to_five_minutes(attempts: int, wait_s: float) -> None:
    assert next_step(TryLaterError("busy"), attempts=attempts, now=NOW, grace=GRACE) == after(wait_s)


@pytest.mark.parametrize("attempts", [1, 50])
def test_an_unknown_outcome_is_looked_up_however_often_it_happened(attempts: int) -> None:
    assert next_step(OutcomeUnknownError("cut"), attempts=attempts, now=NOW, grace=GRACE) == LookUp(NOW + GRACE)


@given(st.integers(0, 10**6))
def test_a_wait_is_never_nothing_and_never_over_five_minutes(attempts: int) -> None:
    assert 0 < back_off_s(attempts) <= back_off_s(attempts + 1) <= 300
