"""How many calls may be under way at once: one more after as many that went well, half as many after a throttled one.

Additive increase and multiplicative decrease, as TCP finds the share of a line that nobody tells it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Places for calls. Shared by the threads that make them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._limit = float(most)
        self._under_way = 0
        self._begun = 0
        self._begun_when_halved = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """So many may be under way now; 1 at least."""
        return int(self._limit)

    @contextmanager
    def place(self) -> Iterator[int]:
        """Wait for a place and hold it. Gives the call's number, by which `throttled` knows it."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
            self._begun += 1
            number = self._begun
        try:
            yield number
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def went_well(self) -> None:
        """A call was answered."""
        with self._changed:
            self._limit = min(self._limit + 1 / self._limit, float(self.most))
            self._changed.notify_all()

    def throttled(self, number: int) -> None:
        """The endpoint had enough. Calls that were under way together count once: they met the same wall."""
        with self._changed:
            if number > self._begun_when_halved:
                self._begun_when_halved = self._begun
                self._limit = max(self._limit / 2, 1.0)
