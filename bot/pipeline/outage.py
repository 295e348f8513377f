"""An outage: the model answers nothing at all, so nothing is tried for a while, and longer each time."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from classifier.patience import wait_s
from sources.clock import Clock

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What is wrong with the model, and since when."""

    since: datetime
    reason: str


class Outage:
    """Whether there is one. Logged when it begins and when it ends, not at each try."""

    def __init__(self, clock: Clock, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives numbers in 0..1, for the jitter."""
        self.trouble: Trouble | None = None
        """None while the model answers."""

        self._clock = clock
        self._chance = chance
        self._tries = 0

    def goes_on(self, reason: str) -> float:
        """The model has failed again, or for the first time. Returns the seconds to wait before the next try."""
        if self.trouble is None:
            log.warning("outage began room=model reason=%r", reason)
        since = self._clock.now() if self.trouble is None else self.trouble.since
        self.trouble = Trouble(since=since, reason=reason)
        self._tries += 1
        return wait_s(self._tries, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S, chance=self._chance())

    def over(self) -> None:
        """The model has answered."""
        if self.trouble is not None:
            lasted_s = (self._clock.now() - self.trouble.since).total_seconds()
            log.warning("outage ended room=model lasted_s=%.0f tries=%d", lasted_s, self._tries)
        self.trouble, self._tries = None, 0
