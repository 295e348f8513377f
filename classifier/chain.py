"""Several engines, one behind the other: the next one answers while those before it are down.

Every answer is one engine's whole, and goes by that engine's name. Who was down is tried again on a thread aside, so
that nobody waits for it, and speaks again with the first question after it has answered.

What is right for a quick engine may keep a slow one that takes over busy for many minutes, so whoever has people
waiting asks by `some`: who takes over answers its own portion of the question, and only that. `logits` is for others.
"""

import logging
import random
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifier.harmless import HARMLESS, harmless_hypothesis, in_words
from classifier.hypothesis import restate
from classifier.patience import wait_s
from classifier.types import (
    MODEL_THREAD,
    Classifier,
    HypothesisTooLongError,
    ModelUnavailableError,
    Speaker,
    Telling,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_CHANCE = random.Random()  # noqa: S311  (spreads retries, keeps no secret; no test that counts on chance meets it)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Down:
    """Since when an engine does not answer, and why."""

    since: datetime
    reason: str


class Member:
    """An engine of the chain. Asked on one thread at a time: the model's while it is up, the one aside while not."""

    def __init__(self, engine: Classifier) -> None:
        self.engine = engine
        self.down: Down | None = None
        self.tries = 0
        """Looks since it last answered a real question: one that answers only harmless ones is asked less and less."""

    @property
    def speaker(self) -> Speaker:
        return Speaker(model=self.engine.model, template=self.engine.template)

    def trouble(self) -> str:
        """Why it does not answer even a harmless text; empty when it does."""
        try:
            self.engine.logits([HARMLESS], [harmless_hypothesis(self.engine.template)])
        except Exception as error:
            return in_words(error)
        return ""


class ChainClassifier:
    """See Classifier and Several. Asked in the first one's template."""

    def __init__(
        self,
        engines: Sequence[Classifier],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause_s: Callable[[int], float] | None = None,
    ) -> None:
        """`engines`: two at least, the best first. `pause_s`: from how often one that is down was tried to the seconds
        before the next try.
        """
        self._members = [Member(engine) for engine in engines]
        self._now = now
        self._pause_s = pause_s or _pause_s
        self._ended = threading.Event()
        weakref.finalize(self, self._ended.set)
        self.template = engines[0].template
        self.separable = all(engine.separable for engine in engines)
        self.speaker = self._members[0].speaker
        self.model = self.speaker.model

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> "NDArray[np.float32]":
        """Shape [texts, hypotheses, 2], of the first engine that is up, which is `speaker` then.

        Raises what it raises about these texts alone, and ModelUnavailableError where all are down.
        """
        return self.some(texts, hypotheses, lambda _: len(texts))

    def some(
        self, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> "NDArray[np.float32]":
        """See Several. Raises as `logits`."""
        *before, last = self._members
        for member in before:
            if member.down is not None:
                continue
            try:
                return self._ask(member, texts, hypotheses, most)
            except Exception as error:
                if not (reason := _why_down(member, error)):
                    raise
                self._goes_down(member, reason)
        try:
            return self._ask(last, texts, hypotheses, most)
        except ModelUnavailableError as error:
            raise ModelUnavailableError("; ".join([*self._troubles(), str(error)])) from error

    def tell(self) -> Sequence[str]:
        """Who is down, and what each of them tells."""
        told = [
            f"{member.engine.model} has been down since {down.since:%Y-%m-%d %H:%M} UTC: {down.reason.rstrip('.')}."
            for member in self._members
            if (down := member.down)
        ]
        for member in self._members:
            if isinstance(member.engine, Telling):
                told += member.engine.tell()
        return told

    def _ask(
        self, member: Member, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> "NDArray[np.float32]":
        texts = texts[: most(member.speaker)]
        own = [restate(hypothesis, self.template, member.engine.template) for hypothesis in hypotheses]
        try:
            answer = member.engine.logits(texts, own)
        except HypothesisTooLongError as error:  # named as it was asked here
            asked = hypotheses[own.index(error.hypothesis)]
            raise HypothesisTooLongError(asked, tokens=error.tokens, room=error.room) from error
        if texts:  # whoever is asked about nothing need not be up to answer
            member.tries = 0
            self.speaker = member.speaker
            self.model = self.speaker.model
        return answer

    def _troubles(self) -> list[str]:
        return [down.reason for member in self._members if (down := member.down)]

    def _goes_down(self, member: Member, reason: str) -> None:
        member.down = Down(since=self._now(), reason=reason)
        log.warning("outage began model=%s reason=%r", member.engine.model, reason)
        name = f"{MODEL_THREAD} aside"  # a daemon: it has nothing to finish
        looking = (member, self._pause_s, self._ended)  # not the chain, which would live as long as it looks
        threading.Thread(target=_look_after, args=looking, name=name, daemon=True).start()


def _look_after(member: Member, pause_s: Callable[[int], float], ended: threading.Event) -> None:
    """Until it answers, or nobody has the chain any more. On a thread of its own."""
    while True:
        member.tries += 1
        if ended.wait(pause_s(member.tries)):
            return
        if not (reason := member.trouble()):
            break
        assert member.down is not None, "only who looks after it puts it up again"
        member.down = Down(since=member.down.since, reason=reason)
    log.warning("outage ended model=%s tries=%d", member.engine.model, member.tries)
    member.down = None


def _why_down(member: Member, error: Exception) -> str:
    """Why it would answer nobody else either; empty where it is these texts' or hypotheses' fault."""
    if isinstance(error, HypothesisTooLongError):
        return ""
    return in_words(error) if isinstance(error, ModelUnavailableError) else member.trouble()


def _pause_s(tries: int) -> float:
    chance = _CHANCE.random()
    return wait_s(tries, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S, chance=chance)
