"""From what people write, "embedding", "embedding:PATH", "nli:PATH" or "null", to a Classifier.

The only place that names concrete engines. Choosing is cheap; torch is imported when a choice is loaded.
"""

import difflib
from dataclasses import dataclass

from classifier.hypothesis import EMBEDDING_TEMPLATE, NLI_TEMPLATE, NULL_TEMPLATE, check_template
from classifier.types import Classifier, ModelUnusableError, Precision

_TEMPLATES = {"embedding": EMBEDDING_TEMPLATE, "nli": NLI_TEMPLATE, "null": NULL_TEMPLATE}
"""The engines there are, with the template of each."""

_WAYS = "embedding, embedding:PATH_OR_ID or nli:PATH_OR_ID"
"""What is worth choosing; `null` is for trials of load and failure, and whoever makes one knows its name."""

_EXTRAS = {"torch": "local", "transformers": "local", "safetensors": "local", "huggingface_hub": "local"}
"""Package that an engine imports -> the extra of Lapwing that brings it."""


class ChoiceError(ModelUnusableError, ValueError):
    """What was written names no engine, no model, or a template that is none; the message shows a right one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """An engine, a model and a template that were chosen, and nothing loaded yet."""

    engine: str
    place: str
    """A folder or a hub id; empty for the engine's default model."""

    template: str
    threads: int = 0
    """How many threads torch may compute on; 0 leaves that to torch."""

    precision: Precision = Precision.FP32

    def load(self) -> Classifier:
        """The classifier, ready to answer. Blocks for seconds. Raises ModelUnusableError."""
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
        from classifier import models  # noqa: PLC0415

        if self.threads:
            models.use_threads(self.threads)
        if self.engine == "nli":
            from classifier.nli import NliClassifier  # noqa: PLC0415

            return NliClassifier(self.place, template=self.template, precision=self.precision)
        from classifier.embedding import EmbeddingClassifier  # noqa: PLC0415

        return EmbeddingClassifier(self.place, template=self.template, precision=self.precision)


def choose(written: str, *, template: str = "", threads: int = 0, precision: Precision = Precision.FP32) -> Choice:
    """What was written, understood; `template` replaces the engine's own where it is given. Raises ChoiceError."""
    engine, colon, place = (part.strip() for part in written.partition(":"))
    if engine not in _TEMPLATES:
        near = difflib.get_close_matches(engine.lower(), _TEMPLATES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ChoiceError(f"there is no engine {engine!r}: {hint}Write {_WAYS}")
    if engine == "null" and colon:
        raise ChoiceError(f"{written!r} names a model, and null has none: write null alone")
    if not place and (colon or engine == "nli"):
        raise ChoiceError(f"{written!r} names no model: write {engine}: and a folder or a hub id")
    try:
        check_template(template or _TEMPLATES[engine])
    except ValueError as error:
        raise ChoiceError(str(error)) from error
    return Choice(
        engine=engine,
        place=place,
        template=template or _TEMPLATES[engine],
        threads=threads,
        precision=precision,
    )
