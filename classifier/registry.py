"""From what people write, "embedding", "nli:PATH", "sagemaker:ENDPOINT,embedding", to a Classifier.

The only place that names concrete engines. Choosing is cheap; torch is imported when a choice is loaded.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from classifier.calibration import Calibration
from classifier.hypothesis import EMBEDDING_TEMPLATE, NLI_TEMPLATE, NULL_TEMPLATE, check_template
from classifier.sagemaker.access import Access, parse
from classifier.types import Classifier, ModelUnusableError, Precision

_TEMPLATES = {
    "embedding": EMBEDDING_TEMPLATE,
    "nli": NLI_TEMPLATE,
    "sagemaker": NLI_TEMPLATE,
    "null": NULL_TEMPLATE,
}
"""The engines there are, with the template of each."""

_WAYS = "embedding, embedding:PATH_OR_ID, nli:PATH_OR_ID or sagemaker:ENDPOINT"
"""What is worth choosing; `null` is for trials of load and failure, and whoever makes one knows its name."""

_PLACES = {"embedding": "a folder or a hub id", "nli": "a folder or a hub id", "sagemaker": "an endpoint's name"}
"""What stands behind the colon."""

_EXTRAS = {
    "torch": "local",
    "transformers": "local",
    "safetensors": "local",
    "huggingface_hub": "local",
    "boto3": "aws",
    "botocore": "aws",
}
"""Package that an engine imports -> the extra of Lapwing that brings it."""


class ChoiceError(ModelUnusableError, ValueError):
    """What was written names no engine, no model, or a template that is none; the message shows a right one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """An engine, a model and a template that were chosen, and nothing loaded yet."""

    engine: str
    place: str
    """A folder, a hub id or an endpoint; empty for the engine's default model."""

    template: str
    threads: int = 0
    """How many threads torch may compute on; 0 leaves that to torch."""

    precision: Precision = Precision.FP32

    calibration: Calibration | None = None
    """Of an embedding model, in place of the one it is known to have."""

    access: Access = field(default_factory=Access)
    """How endpoints are reached."""

    behind: tuple["Choice", ...] = ()
    """What answers while this engine is down, the next best first."""

    def each(self) -> "tuple[Choice, ...]":
        """This engine alone, then those behind it."""
        return (replace(self, behind=()), *self.behind)

    def load(self) -> Classifier:
        """The classifier, ready to answer. Blocks for seconds. Raises ModelUnusableError.

        Where engines stand behind it, all are loaded: one that cannot be had is found now, not in the first outage.
        """
        if self.behind:
            from classifier.chain import ChainClassifier  # noqa: PLC0415

            return ChainClassifier([choice.load() for choice in self.each()])
        try:
            return self._load()
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package not in _EXTRAS:
                raise
            extra = _EXTRAS[package] if self.place else "embedded"
            raise ModelUnusableError(
                f"the engine {self.engine} needs the package {package}, which is not installed: "
                f"pip install 'lapwing[{extra}]'"
            ) from error

    def _load(self) -> Classifier:
        if self.engine == "null":
            from classifier.null import NullClassifier  # noqa: PLC0415

            return NullClassifier(template=self.template)
        if self.engine == "sagemaker":
            from classifier.sagemaker.engine import SageMakerClassifier  # noqa: PLC0415

            return SageMakerClassifier(parse(self.place), self.access, template=self.template)
        from classifier import models  # noqa: PLC0415

        if self.threads:
            models.use_threads(self.threads)
        if self.engine == "nli":
            from classifier.nli import NliClassifier  # noqa: PLC0415

            return NliClassifier(self.place, template=self.template, precision=self.precision)
        from classifier.embedding import EmbeddingClassifier  # noqa: PLC0415

        return EmbeddingClassifier(
            self.place, template=self.template, calibration=self.calibration, precision=self.precision
        )


def choose(
    written: str,
    *,
    template: str = "",
    threads: int = 0,
    access: Access | None = None,
    precision: Precision = Precision.FP32,
    calibration: Calibration | None = None,
) -> Choice:
    """What was written, understood. Of several engines with commas between them the first is the choice, the others
    stand behind it. `template` replaces the first one's own where it is given, `calibration` that of the first
    embedding engine. Raises ChoiceError.
    """
    first, *others = _calibrated(
        [
            replace(one, threads=threads, access=access or Access(), precision=precision)
            for one in _engines(written, template)
        ],
        calibration,
    )
    chosen = replace(first, behind=tuple(others))
    names = [(one.engine, one.place) for one in chosen.each()]
    if len(set(names)) < len(names):
        raise ChoiceError(f"{written!r} names an engine twice: one that is down cannot stand in for itself")
    return chosen


def _calibrated(choices: list[Choice], calibration: Calibration | None) -> list[Choice]:
    """A calibration is one model's: another's thresholds would mean nothing with it."""
    for place, choice in enumerate(choices):
        if choice.engine == "embedding":
            return [*choices[:place], replace(choice, calibration=calibration), *choices[place + 1 :]]
    return choices


def _engines(written: str, template: str) -> Iterator[Choice]:
    """Each that is named; the template is the first one's."""
    for place, one in enumerate(written.split(",")):
        yield _choose(one, "" if place else template)


def _choose(written: str, template: str) -> Choice:
    engine, colon, place = (part.strip() for part in written.partition(":"))
    if engine not in _TEMPLATES:
        near = difflib.get_close_matches(engine.lower(), _TEMPLATES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ChoiceError(f"there is no engine {engine!r}: {hint}Write {_WAYS}")
    if engine == "null" and colon:
        raise ChoiceError(f"{written!r} names a model, and null has none: write null alone")
    if not place and (colon or engine in {"nli", "sagemaker"}):
        raise ChoiceError(f"{written!r} names no model: write {engine}: and {_PLACES[engine]}")
    try:
        check_template(template or _TEMPLATES[engine])
        if engine == "sagemaker":
            parse(place)
    except ValueError as error:
        raise ChoiceError(str(error)) from error
    return Choice(engine=engine, place=place, template=template or _TEMPLATES[engine])
