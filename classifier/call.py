"""One call of the model, on its thread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifier.memory import recalled
from classifier.types import AnswerUnusableError, Classifier, Several, Speaker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of a call."""

    rows: "Mapping[str, NDArray[np.float32]]"
    """[hypotheses, 2] of each text that was put to the speaker."""

    speaker: Speaker
    remembered: int
    """Pairs that were not scored."""

    lost_s: float
    """Of the call: for those who were asked before the speaker, and did not answer."""


def call(
    classifier: Classifier,
    texts: Sequence[str],
    hypotheses: Sequence[str],
    most: Callable[[Speaker], int],
    time: Callable[[], float],
) -> Found | Exception:
    """The answer about these texts, or about as many of them as go to who answers, or the error.

    `time`: seconds, since whenever.
    """
    before, began_s, lost_s = recalled(), time(), 0.0

    def portion(speaker: Speaker) -> int:
        """Whoever is asked now: what was before is none of its work."""
        nonlocal before, lost_s, texts
        before, lost_s = recalled(), time() - began_s
        texts = asked[: most(speaker)]
        return len(texts)

    asked = texts
    try:
        if isinstance(classifier, Several):
            answer = classifier.some(asked, hypotheses, portion)
        else:
            answer = classifier.logits(asked, hypotheses)
        _check(answer, (len(texts), len(hypotheses), 2))
    except BaseException as error:  # on this thread even a panic of a tokenizer in Rust is only an answer that failed
        if isinstance(error, Exception) and not isinstance(error, StopIteration):  # which no future takes
            return error
        return RuntimeError(f"the engine raised {type(error).__name__} {error}".rstrip())
    rows = dict(zip(texts, answer, strict=True))
    return Found(rows=rows, speaker=speaker_of(classifier), remembered=recalled() - before, lost_s=lost_s)


def speaker_of(classifier: Classifier) -> Speaker:
    if isinstance(classifier, Several):
        return classifier.speaker
    return Speaker(model=classifier.model, template=classifier.template)


def _check(answer: "NDArray[np.float32]", shape: tuple[int, int, int]) -> None:
    import numpy as np  # noqa: PLC0415  (who only starts need not pay for it; the engine has it loaded by now)

    found = getattr(answer, "shape", None)
    if found != shape:
        raise AnswerUnusableError(f"the model's answer has the shape {found}, not {shape}")
    if not np.isfinite(answer).all():
        raise AnswerUnusableError("the model answered with what is not a number")
