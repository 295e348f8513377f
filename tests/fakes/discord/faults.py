"""What goes wrong with a REST request, scripted one by one or drawn with a seed."""

from collections import defaultdict, deque
from dataclasses import dataclass
from random import Random
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One request's fate. `commits`: it does its work, `commit_after_s` later, also when the client has gone.

    reply: "given" sends what the work gives (or `status` in its place), "cut" resets the connection (errno 104) at once
    or, without a delay, right after the work; "never" leaves the client waiting.
    """

    commits: bool = True
    commit_after_s: float = 0.0
    reply: Literal["given", "cut", "never"] = "given"
    reply_after_s: float = 0.0  # once the work is done
    status: int | None = None
    retry_after_s: float | None = None
    is_global: bool = False
    via: bool = True  # without it, it is Cloudflare that answers


def server_error(status: int = 503, *, commits: bool = False) -> Fault:
    """A 5xx, before the work or, worse, after it. discord.py itself repeats 500, 502, 504 and 524."""
    return Fault(commits=commits, status=status)


def rate_limited(retry_after_s: float = 1.0, *, is_global: bool = False) -> Fault:
    """429 with Retry-After, from Discord."""
    return Fault(commits=False, status=429, retry_after_s=retry_after_s, is_global=is_global)


def banned() -> Fault:
    """429 from Cloudflare: no Via header, no JSON, no telling when it ends."""
    return Fault(commits=False, status=429, via=False)


def reply_lost() -> Fault:
    """The work is done, then the connection is reset before the reply."""
    return Fault(reply="cut")


def never_arrived() -> Fault:
    """The connection is reset before any work."""
    return Fault(commits=False, reply="cut")


def late(seconds: float = 0.25, *, cut: bool = False) -> Fault:
    """The work is done that much later. With `cut` the connection is reset at once: a look right away finds nothing."""
    return Fault(commit_after_s=seconds, reply="cut" if cut else "given")


def slow_reply(seconds: float = 0.25) -> Fault:
    """The work is done at once, and everybody sees it; whoever asked hears of it that much later."""
    return Fault(reply_after_s=seconds)


def hanging(*, commits: bool = False) -> Fault:
    """No reply at all, until the client gives up."""
    return Fault(commits=commits, reply="never")


class Faults:
    """The faults to come, by route as "POST /channels/{channel_id}/messages". Scripted ones come before drawn ones."""

    def __init__(self, routes: frozenset[str]) -> None:
        self._routes = routes
        self._scripted: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._drawn: dict[str, tuple[Random, list[tuple[float, Fault]]]] = {}
        self.met: list[tuple[str, Fault]] = []

    def next(self, route: str, *fates: Fault | None) -> None:
        """The next requests on the route meet these, in turn; None lets one pass."""
        self._known(route)
        self._scripted[route].extend(fates)

    def at_random(self, route: str, shares: dict[Fault, float], *, seed: int) -> None:
        """From now on each request on the route meets each fault with that share (0..1, together at most 1)."""
        self._known(route)
        assert sum(shares.values()) <= 1, "the shares add up to more than 1"
        self._drawn[route] = (Random(seed), [(share, fault) for fault, share in shares.items()])

    def clear(self) -> None:
        """All goes well from here."""
        self._scripted.clear()
        self._drawn.clear()

    def draw(self, route: str) -> Fault | None:
        """The fate of a request that has just arrived; None when all goes well."""
        fate = self._choose(route)
        if fate is not None:
            self.met.append((route, fate))
        return fate

    def _choose(self, route: str) -> Fault | None:
        if self._scripted[route]:
            return self._scripted[route].popleft()
        if route in self._drawn:
            random, shares = self._drawn[route]
            point = random.random()
            for share, fault in shares:
                point -= share
                if point < 0:
                    return fault
        return None

    def _known(self, route: str) -> None:
        assert route in self._routes, f"{route!r} is no route; there are {sorted(self._routes)}"
