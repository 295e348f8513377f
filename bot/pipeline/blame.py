"""Whose fault it is that the model failed on a question: its own, some hypotheses', or the posts'."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.pipeline.questions import QuestionFailedError, failure_of
from classifier.batching import Batcher
from classifier.harmless import HARMLESS, harmless_hypothesis
from classifier.types import HypothesisTooLongError

_IN_A_ROW = 3
"""So often a hypothesis must fail by itself before it is left out: an outage that comes and goes blames nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blame:
    """Whose fault a failure was. With neither of these it was the posts'."""

    outage: str = ""
    """Why nothing can be answered now; empty where something can."""

    refused: Mapping[str, str] = field(default_factory=dict)
    """Hypotheses that the model refuses whatever text they are asked about -> why."""


class Inquiry:
    """Finds it out with a harmless text, and remembers suspicions from one failure to the next."""

    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._suspected: Mapping[str, int] = {}
        """Hypotheses -> how often in a row each failed by itself."""

    async def blame(self, failure: QuestionFailedError) -> Blame:
        """A hypothesis that the engine says is too long is blamed at once.

        Otherwise the harmless text is put with the same hypotheses: answered, the posts were at fault. If it fails, and
        under a hypothesis that nobody set as well, there is an outage. If only under theirs, they are halved until
        those it fails on stand alone: three times in a row, and they are refused; until then it counts as an outage.
        So does a failure of all of them together of which none fails alone.
        """
        if too_long := _too_long(failure):
            return Blame(refused=too_long)
        trouble = await failure_of(self._batcher, [HARMLESS], failure.hypotheses)
        if trouble is None:
            return Blame()
        if not await self._answers():
            return Blame(outage=str(trouble))
        failing = await self._failing_alone(failure.hypotheses)
        if not await self._answers():  # an outage began meanwhile, and blames nobody
            return Blame(outage=str(trouble))
        self._suspected = {hypothesis: self._suspected.get(hypothesis, 0) + 1 for hypothesis in failing}
        refused = {one: why for one, why in failing.items() if self._suspected[one] >= _IN_A_ROW}
        return Blame(refused=refused) if refused else Blame(outage=str(trouble))

    async def _answers(self) -> bool:
        """Whether the model answers anything at all."""
        return await failure_of(self._batcher, [HARMLESS], (harmless_hypothesis(self._batcher.template),)) is None

    async def _failing_alone(self, hypotheses: tuple[str, ...]) -> dict[str, str]:
        """Those that the harmless text fails with, each by itself -> why."""
        failure = await failure_of(self._batcher, [HARMLESS], hypotheses)
        if failure is None:
            return {}
        if len(hypotheses) == 1:
            return {hypotheses[0]: str(failure)}
        middle = len(hypotheses) // 2
        return await self._failing_alone(hypotheses[:middle]) | await self._failing_alone(hypotheses[middle:])


def _too_long(failure: QuestionFailedError) -> Mapping[str, str]:
    """The hypothesis that the engine could not read whole; one that was not asked could not be left out either."""
    cause = failure.cause
    if isinstance(cause, HypothesisTooLongError) and cause.hypothesis in failure.hypotheses:
        return {cause.hypothesis: str(failure)}
    return {}
