"""Answers to what cannot be done. Each names the bad part, the reason and one right example."""

import difflib
from collections.abc import Iterable

UNCHANGED = "Nothing was changed."


class UsageError(Exception):
    """What was typed is not a command as it stands; the message is the whole answer."""

    def __init__(self, problem: str, example: str) -> None:
        super().__init__(f"{problem} {UNCHANGED} Example: {example}")


class RefusedError(Exception):
    """What was asked cannot be done as things are; the message is the whole answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} {UNCHANGED}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean x?" for the nearest known word; empty when none is near."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f" Did you mean {folded[near[0]]}?" if near else ""


def shown(text: str) -> str:
    """A bad part as an answer repeats it: cut where it is long."""
    return text if len(text) <= 60 else text[:59] + "…"
