"""A sentence-embedding model: texts -> unit vectors.

Reads what sentence-transformers writes, and gives what it gives, without importing it: that costs 1.1 s more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModel

from classifier import models
from classifier.premise import encodable
from classifier.rows import Padding, Row
from classifier.runner import DTYPES, Runner
from classifier.types import ModelUnusableError, Precision


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)


def _first(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden[torch.arange(len(hidden)), mask.argmax(dim=1)]


def _last(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden[torch.arange(len(hidden)), mask.shape[1] - 1 - mask.flip(1).argmax(dim=1)]


def _max(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)


_POOLINGS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": _mean,
    "cls": _first,
    "max": _max,
    "lasttoken": _last,
}
"""(hidden [texts, tokens, dimensions], mask [texts, tokens] of 0 and 1, a 1 in each text) -> [texts, dimensions]."""

_OLD_NAMES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""How sentence-transformers named the poolings before version 6: a flag each."""

_MODULES = frozenset({"Transformer", "Pooling", "Normalize"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a folder wants its sentence vectors made."""

    transformer: Path
    """Where the transformer's own files are: the folder itself or one within."""

    pooling: str = "mean"
    most_tokens: int | None = None
    lower_case: bool = False
    prompt: str = ""
    """What the model wants before every text."""


def read_recipe(folder: Path) -> Recipe:
    """The recipe in a folder; of a plain transformer, its tokens' mean. Raises ModelUnusableError."""
    modules = _modules(folder)
    transformer = folder / modules.get("Transformer", "")
    settings: Mapping[str, Any] = {}
    for path in sorted(transformer.glob("sentence_*_config.json")):
        settings = models.read_json(path)
    return Recipe(
        transformer=transformer,
        pooling=_pooling(folder / modules["Pooling"] / "config.json") if "Pooling" in modules else "mean",
        most_tokens=settings.get("max_seq_length"),
        lower_case=bool(settings.get("do_lower_case")),
        prompt=_prompt(folder / "config_sentence_transformers.json"),
    )


class SentenceEncoder:
    """Texts -> unit vectors. One call at a time."""

    def __init__(self, folder: Path, precision: Precision = Precision.FP32) -> None:
        """Read the model. Blocks for seconds. Raises ModelUnusableError."""
        self.recipe = read_recipe(folder)
        models.check_files(self.recipe.transformer)
        self._tokenizer = models.load_tokenizer(self.recipe.transformer)
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        model = models.load_weights(
            AutoModel, self.recipe.transformer, unused="pooler.", dtype=DTYPES[precision]
        )  # no pooling that is supported uses a pooler, and many models come without
        self._most_tokens = self.recipe.most_tokens or models.longest(model, self._tokenizer)
        self._dimensions = int(model.config.hidden_size)
        self._runner = Runner(model, Padding(self._tokenizer))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, dimensions], each row of length 1. What exceeds the model is cut.

        A text without a single token, which only a model without special tokens can find, is all zeros.
        """
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        if not texts:
            return vectors
        encoded = self._tokenizer(
            [self._prepared(text) for text in texts],
            truncation=True,
            max_length=self._most_tokens,
            split_special_tokens=True,  # "[SEP]" in a post is five characters, not the end of it
        )
        kinds = encoded.get("token_type_ids") or [()] * len(texts)
        rows = [Row(tokens=row, kinds=kind) for row, kind in zip(encoded["input_ids"], kinds, strict=True)]
        some = [place for place, row in enumerate(rows) if row.tokens]
        if some:
            vectors[some] = self._runner.run([rows[place] for place in some], self._read)
        return vectors

    def check(self, hypothesis: str) -> None:
        """Raise HypothesisTooLongError where the hypothesis is too long to be read whole."""
        room = self._most_tokens - self._tokenizer.num_special_tokens_to_add(pair=False)
        models.check_hypothesis(self._tokenizer, hypothesis, self._prepared(hypothesis), room)

    def _prepared(self, text: str) -> str:
        whole = self.recipe.prompt + encodable(text)
        return whole.lower() if self.recipe.lower_case else whole

    def _read(self, outputs: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        pooled = _POOLINGS[self.recipe.pooling](outputs.last_hidden_state.float(), inputs["attention_mask"])
        return torch.nn.functional.normalize(pooled, dim=-1)


def _modules(folder: Path) -> dict[str, str]:
    """The parts of a sentence-transformers model: kind -> its folder. Empty for a plain transformer."""
    path = folder / "modules.json"
    if not path.is_file():
        return {}
    parts = models.read_json(path)
    if not isinstance(parts, list) or not all(
        isinstance(part, dict) and {"type", "path"} <= part.keys() for part in parts
    ):
        raise ModelUnusableError(f"{path} is not a list of parts with type and path. Bring the model's files again")
    found = {str(part["type"]).rsplit(".", 1)[-1]: str(part["path"]) for part in parts}
    for kind in found:
        if kind not in _MODULES:
            raise ModelUnusableError(
                f"{path} names a part of kind {kind}, which Lapwing cannot run: choose a model whose parts are "
                "Transformer, Pooling and Normalize"
            )
    return found


def _pooling(path: Path) -> str:
    """The one pooling that a Pooling part's configuration names, in the old or the new way."""
    config = models.read_json(path)
    modes = config.get("pooling_mode") or [name for key, name in _OLD_NAMES.items() if config.get(key)] or "mean"
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) == 1 and modes[0] in _POOLINGS and config.get("include_prompt", True):
        return str(modes[0])
    wanted = " and ".join(modes) + ("" if config.get("include_prompt", True) else " without the prompt")
    raise ModelUnusableError(
        f"{path} asks for pooling by {wanted}, which Lapwing cannot do: choose a model that pools by one of "
        f"{', '.join(_POOLINGS)}"
    )


def _prompt(path: Path) -> str:
    """What stands before every text, where the model names a prompt for texts of no stated kind."""
    config = models.read_json(path) if path.is_file() else {}
    name = config.get("default_prompt_name")
    return str(config["prompts"][name]) if name else ""
