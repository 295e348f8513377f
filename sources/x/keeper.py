"""Keeps the rules at X equal to the watch list."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sources.clock import Clock
from sources.tally import Tally
from sources.x.asking import Asking
from sources.x.outlet import Outlet
from sources.x.plan import Step, plan
from sources.x.problems import problem_in
from sources.x.rules import pack, parse
from sources.x.transport import Payload, Transport
from sources.x.waiting import until
from sources.x.watched import Watched

log = logging.getLogger(__name__)

LOOK_S = 300.0
"""So often the rules at X are compared with the wish, though nothing changed here: whoever has the token may edit."""

_A_REQUEST = 100  # rules; X names no limit, and these are 100 kB
_PROMPT = timedelta(seconds=5)  # a change that took no longer missed nothing
_DUPLICATE = "duplicate-rules"


class Keeper:
    """Compares, and changes what differs."""

    def __init__(self, transport: Transport, clock: Clock, *, watched: Watched, outlet: Outlet, tally: Tally) -> None:
        self.has_compared = asyncio.Event()
        """Set once the rules at X are those of the wish."""

        self._transport = transport
        self._clock = clock
        self._watched = watched
        self._outlet = outlet
        self._tally = tally
        self._asking = Asking(clock, tally, "rules")

    async def run(self) -> None:
        """For ever. Looks at once when the wish changes."""
        while True:
            self._watched.changed.clear()
            await self._asking.until_answered(self._keep)
            self.has_compared.set()
            if not self._watched.changed.is_set():
                self._watched.ruled.set()
            await until(self._clock, LOOK_S, self._watched.changed)

    async def _keep(self) -> None:
        """Make the rules at X those of the wish. Raises XError, having done a part of it."""
        present = await self._transport.rules()
        wish, since = self._watched.wish, self._watched.since
        steps = plan(present, pack(wish, [rule.value for rule in present]), wish)
        for step in steps:
            if not await self._carry_out(step):
                return  # what was to be deleted is still needed
        self._tally.wrong("refused rules", "")
        if foreign := sum(parse(rule.value) is None for rule in present):
            log.warning("deleted rules source=x count=%d reason='they are not of the watch list'", foreign)
        if steps:
            log.info("changed rules source=x were=%d requests=%d", len(present), len(steps))
            self._look_back(since, steps)
        self._outlet.compared()

    async def _carry_out(self, step: Step) -> bool:
        """Whether X did all of it."""
        for values in _batches(step.add):
            refused = _refused(await self._transport.add_rules(values))
            if refused:
                self._tally.wrong("refused rules", refused)
                log.warning("refused rules source=x reason=%r", refused)
                return False
        for ids in _batches(step.delete):
            await self._transport.delete_rules(ids)
        return True

    def _look_back(self, since: datetime | None, steps: Sequence[Step]) -> None:
        """What was posted while a rule was missing is searched for: since the rules were last right.

        `since`: when the wish changed. After a start that says nothing: the wish was there before, in another life.
        """
        compared_at = self._outlet.compared_at
        if compared_at is None or not any(step.add or step.given_up for step in steps):
            return
        missing_since = max(since, compared_at) if since and self.has_compared.is_set() else compared_at
        if any(step.given_up for step in steps) or self._clock.now() - missing_since > _PROMPT:
            self._outlet.missed(missing_since)


def _refused(answer: Payload) -> str:
    """Why X refused some of the rules, which it may do in an answer that looks well; empty where it took all."""
    errors = answer.get("errors")
    problems = [problem_in(error) for error in errors] if isinstance(errors, list) else []
    refused = [problem for problem in problems if problem and problem.kind != _DUPLICATE]
    return refused[0].advice if refused else ""


def _batches(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + _A_REQUEST] for start in range(0, len(values), _A_REQUEST)]
