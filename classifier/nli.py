"""Engine "nli": any transformers sequence classifier trained on natural language inference.

Both modes equal transformers' `zero-shot-classification` pipeline wherever that is right. It is not

- for label orders such as (neutral, entailment, contradiction): the pipeline takes the first or the last class for the
  contradiction without looking at its name; here it is found by name;
- for a post that spells out a special token ("</s>"): the pipeline lets the post end itself; here it is text;
- for a tokenizer that states no length: the pipeline reads the whole text, until the model breaks or memory does; here
  the text is cut at the positions that the model has.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModelForSequenceClassification

from classifier import models
from classifier.hypothesis import NLI_TEMPLATE, check_template
from classifier.memory import Memory, Pair
from classifier.pairs import PairTokenizer
from classifier.premise import encodable
from classifier.rows import Padding
from classifier.runner import DTYPES, Runner
from classifier.types import CONTRADICTION, ENTAILMENT, Model, ModelUnusableError, Precision

_MOST_REMEMBERED = 16_384
"""Pairs: 800 posts under 20 hypotheses, in about 5 MB."""


class NliClassifier:
    """See Classifier. An empty text makes a pair of nothing with the hypothesis: finite logits that mean little.

    The same text under the same hypothesis is scored once, in one call and, while it is remembered, in later ones.
    """

    separable = True

    def __init__(
        self,
        place: str,
        *,
        template: str = NLI_TEMPLATE,
        precision: Precision = Precision.FP32,
        most_remembered: int = _MOST_REMEMBERED,
    ) -> None:
        """Read the model in a folder or with a hub id. Blocks for seconds.

        Raises ModelUnusableError, and ValueError for a template without exactly one bare `{}`.
        """
        check_template(template)
        self.template = template
        files = models.find(place)
        models.check_files(files.folder)
        self._tokenizer = models.load_tokenizer(files.folder)
        model = models.load_weights(AutoModelForSequenceClassification, files.folder, dtype=DTYPES[precision])
        self._columns = find_columns(files.name, _labels(model.config))
        most_rows = None if _can_pad(model, self._tokenizer) else 1
        self._pairs = PairTokenizer(self._tokenizer, models.longest(model, self._tokenizer))
        self._runner = Runner(model, Padding(self._tokenizer), most_rows=most_rows)
        self._memory = Memory(most_remembered)
        self.model = Model(engine="nli", name=files.name, revision=models.revision(files, precision))

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, hypotheses, 2]. Raises HypothesisTooLongError, and AnswerUnusableError."""
        premises, asked = [encodable(text) for text in texts], [encodable(hypothesis) for hypothesis in hypotheses]
        room = self._pairs.room - 1  # one for the post
        for hypothesis, read_as in zip(hypotheses, asked, strict=True):
            if len(self._pairs.hypothesis(read_as)) > room:
                models.check_hypothesis(self._tokenizer, hypothesis, read_as, room)
        wanted = list(product(premises, asked))
        said = self._memory.recall(wanted)
        new = [pair for pair in dict.fromkeys(wanted) if pair not in said]
        if new:
            answers = self._ask(new)
            said |= dict(zip(new, answers, strict=True))
        return np.array([said[pair] for pair in wanted], dtype=np.float32).reshape(len(texts), len(hypotheses), 2)

    def _ask(self, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
        """Entailment and contradiction of each pair, by the model, and remembered."""
        answers = self._runner.run(self._pairs.rows(pairs), self._read)
        models.check_answers(answers, self.model)
        said = [(float(entailment), float(contradiction)) for entailment, contradiction in answers]
        self._memory.keep(zip(pairs, said, strict=True))
        return said

    def _read(self, outputs: Any, _inputs: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([outputs.logits[:, column] for column in self._columns], dim=1)  # no index to bring to a GPU


def _can_pad(model: Any, tokenizer: Any) -> bool:
    """Whether pairs of unequal length can share a batch. Where not, they go one by one, as in the pipeline."""
    if tokenizer.pad_token is not None:
        return model.config.pad_token_id is not None
    tokenizer.pad_token = tokenizer.eos_token
    return False


def _labels(config: Any) -> Mapping[str, int]:
    """Each label's column. transformers makes neither map from the other, and a config.json may have id2label alone."""
    return config.label2id or {label: column for column, label in config.id2label.items()}


def find_columns(name: str, label2id: Mapping[str, int]) -> list[int]:
    """The model's columns for entailment and contradiction, in the order of Logits. Raises ModelUnusableError.

    Entailment is the first label whose name starts with "entail"; contradiction the one that starts with "contra", or,
    of two, the other (an "entailment / not_entailment" head).
    """
    named = {label.lower(): column for label, column in label2id.items()}
    entailment = [column for label, column in named.items() if label.startswith("entail")]
    others = [label for label, column in named.items() if column not in entailment[:1]]
    contradiction = [named[label] for label in others if label.startswith("contra") or len(named) == 2]
    if entailment and contradiction:
        columns = {ENTAILMENT: entailment[0], CONTRADICTION: contradiction[0]}
        return [columns[place] for place in sorted(columns)]
    lacking = 'with "contra"' if entailment else 'with "entail"'
    raise ModelUnusableError(
        f"{name} has no label whose name starts {lacking}; its labels are {', '.join(label2id)}. Choose a model "
        "trained on natural language inference, or, if it is one, name its labels in its config.json, both in id2label "
        "and in label2id"
    )
