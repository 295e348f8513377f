"""What to do about a delivery that went wrong: a pure function of the error, the attempts so far and the time."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.base import ChannelGoneError, DeliveryError, MessageRefusedError, OutcomeUnknownError, TryLaterError

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 300.0
_LONGEST_NAMED_WAIT_S = 86_400.0
"""A chat that names a longer one, or no number at all, is not to be taken at its word."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LookUp:
    due_at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    pass


@dataclass(frozen=True, slots=True)
class Suspend:
    pass


Step = SendAgain | LookUp | GiveUp | Suspend


def next_step(
    error: DeliveryError,
    *,
    attempts: int,
    now: datetime,
    grace: timedelta,
    jitter: float,
    looking_up: bool = False,
) -> Step:
    """`attempts` counts sends and look-ups so far, the one that raised `error` included.

    `jitter`: a number in 0..1 that spreads those who failed together, so that they do not come back together. A wait
    that the chat itself named is kept to the letter, up to a day. `looking_up`: the error came of a look-up, so whether
    the chat has the message is as unknown as before.
    """
    step = _step(error, attempts=attempts, now=now, grace=grace, jitter=jitter)
    return LookUp(step.due_at) if looking_up and isinstance(step, SendAgain) else step


def _step(error: DeliveryError, *, attempts: int, now: datetime, grace: timedelta, jitter: float) -> Step:
    match error:
        case ChannelGoneError():
            return Suspend()
        case MessageRefusedError():
            return GiveUp()
        case OutcomeUnknownError():
            return LookUp(now + grace)
        case TryLaterError(retry_after_s=float() | int() as wait_s) if not math.isnan(wait_s):
            return SendAgain(now + timedelta(seconds=min(max(wait_s, 0.0), _LONGEST_NAMED_WAIT_S)))
        case _:
            return SendAgain(now + timedelta(seconds=back_off_s(attempts, jitter)))


def back_off_s(attempts: int, jitter: float) -> float:
    """Up to 1 s after the first attempt, doubling, up to five minutes; at least half of that, the rest by `jitter`."""
    longest = min(_FIRST_WAIT_S * 2.0 ** (min(attempts, 32) - 1), _LONGEST_WAIT_S)
    return longest * (1 + jitter) / 2
