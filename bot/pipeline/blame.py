"""Whose fault it is that the model failed on a question: its own, some hypotheses', or the posts'."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.pipeline.questions import QuestionFailedError, Questions
from classifier.harmless import HARMLESS, harmless_hypothesis
from classifier.types import HypothesisTooLongError, Speaker

_IN_A_ROW = 3
"""So often a hypothesis must fail by itself before it is left out: an outage that comes and goes blames nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blame:
    """Whose fault a failure was. With none of these it was the posts'."""

    outage: str = ""
    """Why nothing can be answered now; empty where something can."""

    refused: Mapping[str, str] = field(default_factory=dict)
    """Hypotheses that the model refuses whatever text they are asked about -> why."""

    by: Speaker | None = None
    """Who refused them; None where that is not known."""

    most: int = 0
    """How many hypotheses it may take at once, where it fails on more than one of which none fails alone; else 0."""


class Inquiry:
    """Finds it out with a harmless text, and remembers suspicions from one failure to the next."""

    def __init__(self, questions: Questions, template: str) -> None:
        """`template`: the one that hypotheses are asked in."""
        self._questions = questions
        self._nobodys = (harmless_hypothesis(template),)
        self._suspected: Counter[tuple[Speaker, str]] = Counter()
        """Who failed on which hypothesis by itself -> how often since it last answered under it."""

    def answered(self, hypotheses: Iterable[str], speaker: Speaker) -> None:
        """Something was answered under these: whatever failed before, they are not why."""
        if not self._suspected:
            return
        for hypothesis in hypotheses:
            self._suspected.pop((speaker, hypothesis), None)

    async def blame(self, failure: QuestionFailedError) -> Blame:
        """A hypothesis that the engine says is too long is blamed at once.

        Otherwise the harmless text is put with the same hypotheses: answered, the posts were at fault. If it fails, and
        under a hypothesis that nobody set as well, there is an outage. If only under theirs, twice, they are halved
        until nothing smaller fails. One that fails alone is refused where it did so three times in a row; until then it
        counts as an outage. Where none fails alone, fewer must be put at once.

        Raises StoppedError.
        """
        if too_long := _too_long(failure):
            return Blame(refused=too_long, by=await self._who_answers())
        trouble = await self._failure(failure.hypotheses)
        if trouble is None:
            return Blame()
        if await self._who_answers() is None or (again := await self._failure(failure.hypotheses)) is None:
            return Blame(outage=str(trouble))
        failing = await self._smallest_failing(failure.hypotheses, again)
        if (by := await self._who_answers()) is None:  # an outage began meanwhile, and blames nobody
            return Blame(outage=str(trouble))
        alone = {part[0]: why for part, why in failing.items() if len(part) == 1}
        if not alone:
            return Blame(most=(min(len(part) for part in failing) + 1) // 2)
        self._suspected.update((by, hypothesis) for hypothesis in alone)
        refused = {one: why for one, why in alone.items() if self._suspected[by, one] >= _IN_A_ROW}
        return Blame(refused=refused, by=by) if refused else Blame(outage=str(trouble))

    async def _who_answers(self) -> Speaker | None:
        """Who answers under a hypothesis that nobody set; None where nobody answers anything."""
        try:
            return (await self._questions.put([HARMLESS], self._nobodys)).speaker
        except QuestionFailedError:
            return None

    async def _failure(self, hypotheses: tuple[str, ...]) -> QuestionFailedError | None:
        """How the model fails on the harmless text under these; None when it answers."""
        try:
            said = await self._questions.put([HARMLESS], hypotheses)
        except QuestionFailedError as failure:
            return failure
        self.answered(hypotheses, said.speaker)
        return None

    async def _smallest_failing(
        self, hypotheses: tuple[str, ...], failure: QuestionFailedError
    ) -> dict[tuple[str, ...], str]:
        """Of these, which fail: the parts that fail though neither of their halves does -> why."""
        if len(hypotheses) == 1:
            return {hypotheses: str(failure)}
        found: dict[tuple[str, ...], str] = {}
        middle = len(hypotheses) // 2
        for half in (hypotheses[:middle], hypotheses[middle:]):
            if failed := await self._failure(half):
                found |= await self._smallest_failing(half, failed)
        return found or {hypotheses: str(failure)}


def _too_long(failure: QuestionFailedError) -> Mapping[str, str]:
    """The hypothesis that the engine could not read whole; one that was not asked could not be left out either."""
    cause = failure.cause
    if isinstance(cause, HypothesisTooLongError) and cause.hypothesis in failure.hypotheses:
        return {cause.hypothesis: str(failure)}
    return {}
