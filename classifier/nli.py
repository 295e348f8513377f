"""Engine "nli": any transformers sequence classifier trained on natural language inference.

Both modes equal transformers' `zero-shot-classification` pipeline wherever that is right. It is not

- for label orders such as (neutral, entailment, contradiction): the pipeline takes the first or the last class for the
  contradiction without looking at its name; here it is found by name;
- for a post that spells out a special token ("</s>"): the pipeline lets the post end itself; here it is text;
- for a tokenizer that states no length: the pipeline reads the whole text, until the model breaks or memory does; here
  the text is cut at the positions that the model has.
"""

import inspect
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification

from classifier import models
from classifier.hypothesis import NLI_TEMPLATE, check_template
from classifier.premise import encodable
from classifier.types import CONTRADICTION, ENTAILMENT, Model, ModelUnusableError

_PAIRS_A_BATCH = 8


class NliClassifier:
    """See Classifier. An empty text makes a pair of nothing with the hypothesis: finite logits that mean little."""

    separable = True

    def __init__(self, place: str, *, template: str = NLI_TEMPLATE) -> None:
        """Read the model in a folder or with a hub id. Blocks for seconds.

        Raises ModelUnusableError, and ValueError for a template without exactly one bare `{}`.
        """
        check_template(template)
        self.template = template
        files = models.find(place)
        models.check_files(files.folder)
        self._tokenizer = models.load_tokenizer(files.folder)
        self._model = models.load_weights(AutoModelForSequenceClassification, files.folder)
        self._columns = find_columns(files.name, self._model.config.label2id)
        self._most_tokens = models.longest(self._model, self._tokenizer)
        self._batch_size = _PAIRS_A_BATCH if self._can_pad() else 1
        self._options = _no_cache(self._model)
        self.model = Model(engine="nli", name=files.name, revision=files.sha256()[:16])

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, hypotheses, 2]. Raises ClassifierError for a hypothesis that the model cannot read whole."""
        premises, asked = [encodable(text) for text in texts], [encodable(hypothesis) for hypothesis in hypotheses]
        room = self._most_tokens - self._tokenizer.num_special_tokens_to_add(pair=True) - 1  # one for the post
        for hypothesis in asked:
            models.check_hypothesis(self._tokenizer, hypothesis, room)
        answers = self._answers(list(product(premises, asked)))
        models.check_answers(answers, self.model)
        return answers.reshape(len(texts), len(hypotheses), 2)

    @torch.inference_mode()
    def _answers(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Shape [pairs, 2]."""
        answers = np.empty((len(pairs), 2), dtype=np.float32)
        if not pairs:
            return answers
        encoded = self._tokenizer(
            [premise for premise, _ in pairs],
            [hypothesis for _, hypothesis in pairs],
            truncation="only_first",
            max_length=self._most_tokens,
            split_special_tokens=True,
        )
        for places, inputs in models.padded(self._tokenizer, encoded, self._batch_size):
            known = {name: inputs[name] for name in self._tokenizer.model_input_names}
            answers[places] = self._model(**known, **self._options).logits[:, self._columns].float().numpy()
        return answers

    def _can_pad(self) -> bool:
        """Whether pairs of unequal length can share a batch. Where not, they go one by one, as in the pipeline."""
        if self._tokenizer.pad_token is not None:
            return self._model.config.pad_token_id is not None
        self._tokenizer.pad_token = self._tokenizer.eos_token
        return False


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
        "trained on natural language inference, or, if it is one, name its labels in label2id of its config.json"
    )


def _no_cache(model: torch.nn.Module) -> dict[str, bool]:
    """A decoder's cache is of no use to one answer and costs memory."""
    return {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}
