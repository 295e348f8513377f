"""Named places where a test may kill the program: before and after every commit and every word with a chat.

Nothing happens at them unless a test arms one. Every transaction must give its name from `Commit`, so that the list is
complete by itself.
"""

from collections.abc import Callable
from enum import StrEnum


class Commit(StrEnum):
    """Every kind of transaction that there is."""

    RESUME_COPY = "resume copy"
    PUT_POSTS = "put posts"
    FREE_CLAIMS = "free claims"
    CLAIM_POSTS = "claim posts"
    RELEASE_POSTS = "release posts"
    SETTLE_POSTS = "settle posts"
    POSTPONE = "postpone"
    SET_ASIDE = "set aside"
    RECOVER_DELIVERIES = "recover deliveries"
    TAKE_DELIVERIES = "take deliveries"
    SETTLE_SENT = "settle sent"
    SETTLE_FAILED = "settle failed"
    WITHDRAW = "withdraw"
    TRY_AGAIN = "try again"
    LOOK_UP_LATER = "look up later"
    SUSPEND = "suspend"
    RESUME = "resume"
    SETTINGS = "settings"
    JUDGEMENT = "judgement"
    ANSWERS = "answers"
    FORGET = "forget"


class Word(StrEnum):
    """Every kind of word with a chat that a delivery needs."""

    SEND = "send"
    EDIT = "edit"
    FIND = "find"


Step = Commit | Word

_arrived: Callable[[str], None] | None = None


def arm(arrived: Callable[[str], None] | None) -> None:
    """From now on call this with the name of each failpoint that is passed; None takes it away. For tests only."""
    global _arrived  # noqa: PLW0603  (one process, one way to die)
    _arrived = arrived


def every() -> list[str]:
    """The names of all failpoints."""
    return [name for step in (*Commit, *Word) for name in (before(step), after(step))]


def before(step: Step) -> str:
    return f"before {step}"


def after(step: Step) -> str:
    return f"after {step}"


def reach(name: str) -> None:
    """This place is passed now."""
    if _arrived is not None:
        _arrived(name)
