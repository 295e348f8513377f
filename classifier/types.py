"""The words every engine shares: Label, Model, Logits, Mode, and the Classifier protocol."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # whoever only names a Label need not pay for numpy's start
    import numpy as np
    from numpy.typing import NDArray

ENTAILMENT, CONTRADICTION = 0, 1
"""Where each stands on the last axis of Logits."""


MODEL_THREAD = "model"
"""What the names of threads that run a model begin with."""


class Mode(StrEnum):
    """How a channel's scores relate to each other."""

    INDEPENDENT = "independent"
    """Each label on its own, entailment against contradiction; several may fit, or none."""

    EXCLUSIVE = "exclusive"
    """The labels compete: a softmax of their entailment logits; only the top one can alert."""


class Precision(StrEnum):
    """How exactly an engine computes. Scores of one precision do not compare with those of another."""

    FP32 = "fp32"
    """As the model was trained and published."""

    BF16 = "bf16"
    """Half the memory, and several times as fast where the processor has instructions for it."""

    FP16 = "fp16"
    """As fast on a GPU and nearer to fp32, but some models overflow it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What to look for. The name is what people see; a description, where given, is what the classifier is told."""

    name: str
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The weights an engine runs. Scores compare only within one (engine, name, revision) and template."""

    engine: str
    """The kind of classifier: "embedding", "nli", "sagemaker"."""

    name: str
    revision: str
    """What pins the weights and every constant that enters the logits: if it is equal, logits are equal."""

    languages: tuple[str, ...] = ()
    """BCP 47 codes of the languages the model understands; empty where it is not known or does not matter."""

    def __str__(self) -> str:
        return f"{self.engine}:{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """Who answered: a model, and the template that its hypotheses were rendered by."""

    model: Model
    template: str


class ClassifierError(Exception):
    """A classifier cannot be had or cannot answer; the message names the part and the way out."""


class ModelUnusableError(ClassifierError):
    """The model is missing, damaged or of the wrong kind: nothing that trying again would mend."""


class ModelUnavailableError(ClassifierError):
    """The model does not answer now, whatever it is asked: later it may, without anyone starting Lapwing anew."""


class AnswerUnusableError(ClassifierError):
    """The model answered, but not what it was asked: with what is not a number, or about other texts than were put."""


_LONGEST_NAMED = 60


class HypothesisTooLongError(ClassifierError):
    """The model cannot read this hypothesis whole, whatever text it is asked about; others it may."""

    def __init__(self, hypothesis: str, *, tokens: int, room: int) -> None:
        """`hypothesis`: as it was asked. `room`: the most tokens that the model takes of one."""
        named = hypothesis if len(hypothesis) <= _LONGEST_NAMED else hypothesis[: _LONGEST_NAMED - 1] + "…"
        super().__init__(
            f"the hypothesis {named!r} has {tokens} tokens, the model takes {room}: "
            "give the label a shorter name or description"
        )
        self.hypothesis = hypothesis
        self.tokens = tokens
        self.room = room


class Classifier(Protocol):
    """Answers how far each text entails each hypothesis."""

    model: Model

    template: str
    """The hypothesis template, holding exactly one bare `{}`; it belongs to the engine, not to a channel."""

    separable: bool
    """Whether a hypothesis' logits are independent of the other hypotheses asked with it."""

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> "NDArray[np.float32]":
        """Shape [texts, hypotheses, 2]: (entailment, contradiction), unscaled reals, never NaN.

        Texts are scored as they are given, however long: what exceeds the model is cut from the text, never from
        the hypothesis. Blocks for as long as the model takes, so it is called on a worker thread, never on the
        event loop; one call at a time. Raises ClassifierError; HypothesisTooLongError, where the engine can tell,
        for a hypothesis that would be cut, also when there are no texts, which costs nothing.
        """


@runtime_checkable
class Several(Protocol):
    """A Classifier that stands for several: what it says is said by one of them, not always the same.

    Its `template` is what it is asked in; each of them may be asked in its own.
    """

    speaker: Speaker
    """Who spoke last, or who will speak first. Changes only while `logits` or `some` runs, on its thread."""

    def some(
        self, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> "NDArray[np.float32]":
        """As `logits`, about the first of the texts only: as many as `most` says of whoever answers.

        `most`: called with each just before it is asked, on the same thread; gives one at least.
        """


@runtime_checkable
class Telling(Protocol):
    """A Classifier that has more to tell people than what it is."""

    def tell(self) -> Sequence[str]:
        """What /health should say, a sentence each. May be called on any thread, also while the model is at work."""
