"""Answers to what cannot be done. Each names the bad part, the reason and one right example."""

import difflib
from collections.abc import Iterable

from storage.types import Channel

UNCHANGED = "Nothing was changed."


class UsageError(Exception):
    """What was typed is not a command as it stands; the message is the whole answer.

    The example stands at the end, or with `inside` in the problem's own last sentence.
    """

    def __init__(self, problem: str, example: str, *, inside: bool = False) -> None:
        told = f"{problem.removesuffix('.')}, for example {example}. {UNCHANGED}"
        super().__init__(told if inside else f"{problem} {UNCHANGED} Example: {example}")


class RefusedError(Exception):
    """What was asked cannot be done as things are; the message is the whole answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} {UNCHANGED}")


class EveryPostError(RefusedError):
    """In exclusive mode a threshold of 1/n or less lets every post through; `channel` is what was asked for."""

    def __init__(self, problem: str, channel: Channel) -> None:
        super().__init__(problem)
        self.problem = problem
        self.channel = channel


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean x?" for the nearest known word; empty when none is near."""
    near = nearest(word, known)
    return f" Did you mean {near}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word, as it is written, that someone may have meant; empty when none is near."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def shown(text: str) -> str:
    """A bad part as an answer repeats it: cut where it is long."""
    return text if len(text) <= 60 else text[:59] + "…"
