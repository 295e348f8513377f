"""Rows of tokens, and how some of them become the tensors that a model takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What a model reads as one: the tokens, special ones included, and of each the part it belongs to."""

    tokens: Sequence[int]
    kinds: Sequence[int] = ()
    """`token_type_ids`; empty where the model wants none."""


class Padding:
    """How a tokenizer wants rows of unequal length made equal."""

    def __init__(self, tokenizer: Any) -> None:
        self._names = tuple(tokenizer.model_input_names)
        self._token, self._kind = tokenizer.pad_token_id, tokenizer.pad_token_type_id
        self._left = tokenizer.padding_side == "left"

    def inputs(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """What the model takes by name, each of shape [rows, tokens of the longest]."""
        made = {
            "input_ids": self._filled([row.tokens for row in rows], self._token),
            "attention_mask": self._filled([[1] * len(row.tokens) for row in rows], 0),
        }
        if "token_type_ids" in self._names:
            made["token_type_ids"] = self._filled([row.kinds for row in rows], self._kind)
        return {name: made[name] for name in self._names}

    def _filled(self, rows: Sequence[Sequence[int]], filling: int) -> Tensor:
        longest = max(map(len, rows))
        gaps = [[filling] * (longest - len(row)) for row in rows]
        return torch.tensor([[*gap, *row] if self._left else [*row, *gap] for gap, row in zip(gaps, rows, strict=True)])
