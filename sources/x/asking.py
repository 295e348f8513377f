"""Asking X the same thing until it answers."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sources.clock import Clock
from sources.tally import Tally
from sources.x.backoff import Backoff, Cause
from sources.x.transport import XRefusedError, XUnreachableError

log = logging.getLogger(__name__)

T = TypeVar("T")

_HTTP_RATE_LIMIT = 429


class Asking:
    """One kind of question; waits between attempts as the stream does, and tells what is wrong meanwhile."""

    def __init__(self, clock: Clock, tally: Tally, about: str) -> None:
        self._clock = clock
        self._tally = tally
        self._about = about
        self._backoff = Backoff()

    async def until_answered(
        self, ask: Callable[[], Awaitable[T]], *, gives_up: Callable[[XRefusedError], bool] = lambda _: False
    ) -> T:
        """The answer, however long it takes. Raises XRefusedError where `gives_up` says that asking again is vain."""
        while True:
            try:
                answer = await ask()
            except XUnreachableError as error:
                wait_s = self._backoff.after_s(Cause.NETWORK, self._clock.now())
                self._told(error, wait_s)
            except XRefusedError as error:
                if gives_up(error):
                    raise
                cause = Cause.RATE_LIMIT if error.status == _HTTP_RATE_LIMIT else Cause.HTTP
                wait_s = self._backoff.after_s(cause, self._clock.now(), error.reset_at)
                self._told(error, wait_s)
            else:
                self._backoff.heard()
                self._tally.wrong(self._about, "")
                return answer
            await self._clock.sleep(wait_s)

    def _told(self, error: XUnreachableError | XRefusedError, wait_s: float) -> None:
        self._tally.wrong(self._about, f"{self._about}: {error}")
        log.warning("failed %s source=x reason=%r wait_s=%.2f", self._about, str(error), wait_s)
