"""What goes wrong with a Web API call, scripted one by one or drawn with a seed."""

from collections import defaultdict, deque
from dataclasses import dataclass
from random import Random
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One call's fate. `commits`: the call does its work, `commit_after_s` later, also when the client has gone.

    reply: "given" sends what the work gives (or `status`/`error` in its place), "cut" ends the connection at once
    or, without a delay, right after the work; "never" leaves the client waiting.
    """

    commits: bool = True
    commit_after_s: float = 0.0
    reply: Literal["given", "cut", "never"] = "given"
    status: int | None = None
    error: str | None = None
    retry_after_s: int | None = None
    reply_after_s: float = 0.0  # how long after the work the reply leaves


def server_error(status: int = 503, *, commits: bool = False) -> Fault:
    """A page of HTML with a 5xx, before the work or, worse, after it."""
    return Fault(commits=commits, status=status)


def rate_limited(retry_after_s: int = 1) -> Fault:
    """429 with Retry-After."""
    return Fault(commits=False, status=429, retry_after_s=retry_after_s)


def refused(error: str) -> Fault:
    """200 with ok: false, for example internal_error."""
    return Fault(commits=False, error=error)


def reply_lost() -> Fault:
    """The work is done, then the connection is cut before the reply."""
    return Fault(reply="cut")


def never_arrived() -> Fault:
    """The connection is cut before any work."""
    return Fault(commits=False, reply="cut")


def late(seconds: float = 0.25, *, cut: bool = False) -> Fault:
    """The work is done that much later. With `cut` the connection ends at once: who looks right away sees nothing."""
    return Fault(commit_after_s=seconds, reply="cut" if cut else "given")


def slow_reply(seconds: float) -> Fault:
    """The work is done at once, and its reply comes that much later."""
    return Fault(reply_after_s=seconds)


def hanging(*, commits: bool = False) -> Fault:
    """No reply at all, until the client gives up."""
    return Fault(commits=commits, reply="never")


class Faults:
    """The faults to come, by method. What is scripted comes before what is drawn."""

    def __init__(self) -> None:
        self._scripted: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._drawn: dict[str, tuple[Random, list[tuple[float, Fault]]]] = {}
        self.met: list[tuple[str, Fault]] = []

    def next(self, method: str, *fates: Fault | None) -> None:
        """The next calls of the method meet these, in turn; None lets one pass."""
        self._scripted[method].extend(fates)

    def at_random(self, method: str, shares: dict[Fault, float], *, seed: int) -> None:
        """From now on each call of the method meets each fault with that share (0..1, together at most 1)."""
        assert sum(shares.values()) <= 1, "the shares add up to more than 1"
        self._drawn[method] = (Random(seed), [(share, fault) for fault, share in shares.items()])

    def clear(self) -> None:
        """All goes well from here."""
        self._scripted.clear()
        self._drawn.clear()

    def draw(self, method: str) -> Fault | None:
        """The fate of a call that has just arrived; None when all goes well."""
        fate = self._choose(method)
        if fate is not None:
            self.met.append((method, fate))
        return fate

    def _choose(self, method: str) -> Fault | None:
        if self._scripted[method]:
            return self._scripted[method].popleft()
        if method in self._drawn:
            random, shares = self._drawn[method]
            point = random.random()
            for share, fault in shares:
                point -= share
                if point < 0:
                    return fault
        return None
