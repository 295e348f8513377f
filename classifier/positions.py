"""What DeBERTa computes anew for every batch though it never changes: the projections of its relative positions.

Each layer of DeBERTa-v2 and -v3 sends a table of positions (512 rows in v3-base) through its linear layers, which for
a tweet is more work than the tweet. Here every layer has its table projected once. And of the table only the rows are
handed on whose distances occur in the batch, as DeBERTa's first version does: 80 for 40 tokens. Scores stay the same.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

_PROJECTIONS = ("query_proj", "key_proj", "pos_query_proj", "pos_key_proj")


class _Projection(nn.Module):
    """A linear layer that knows its answer for a table of positions and for any run of the table's rows."""

    def __init__(self, linear: nn.Module, table: Tensor) -> None:
        super().__init__()
        self._linear = linear
        self._table = table  # kept, so that its memory is never another tensor's
        self._answers = linear(table)

    def forward(self, rows: Tensor) -> Tensor:
        """[..., rows, in] -> [..., rows, out]. Who writes into the answer writes into the table."""
        if rows.untyped_storage().data_ptr() != self._table.untyped_storage().data_ptr():
            answer: Tensor = self._linear(rows)
            return answer
        first = rows.storage_offset() // self._table.shape[1]
        known: Tensor = self._answers[first : first + rows.shape[-2]]
        return known.reshape(*rows.shape[:-1], -1)


class _Positions:
    """In an encoder's place for `get_rel_pos` and `get_rel_embedding`, which it calls in this order a batch."""

    def __init__(self, encoder: Any, table: Tensor, attentions: list[Any]) -> None:
        self._distances = encoder.get_rel_pos
        self._table = table
        self._attentions = attentions
        self._span = table.shape[0] // 2
        """Distances up to this one have a row of their own on either side of the table's middle."""

        self._needed = self._span

    def distances(self, *states: Any, **options: Any) -> Tensor:
        """The distance between any two tokens of a batch; what follows is narrowed to those that occur."""
        found: Tensor = self._distances(*states, **options)
        self._needed = min(self._span, found.shape[-1])
        for attention in self._attentions:
            attention.pos_ebd_size = self._needed
        return found

    def rows(self) -> Tensor:
        """The part of the table for the batch at hand."""
        return self._table[self._span - self._needed : self._span + self._needed]


def remember_positions(model: nn.Module) -> int:
    """Give each DeBERTa-v2 or -v3 encoder in the model its projected tables, and return how many encoders it has.

    Call it when the model is where it will run, in the precision it will run in, and with its linear layers packed.
    """
    found = list(_encoders(model))
    with torch.inference_mode():
        for encoder in found:
            _remember(encoder)
    return len(found)


def _encoders(model: nn.Module) -> Iterator[Any]:
    """The first version is left as it is: it divides its projections in place, and narrows them by itself."""
    from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2Encoder  # noqa: PLC0415

    for module in model.modules():
        if isinstance(module, DebertaV2Encoder) and module.relative_attention:
            yield module


def _remember(encoder: Any) -> None:
    attentions = [layer.attention.self for layer in encoder.layer]
    table = encoder.get_rel_embedding().detach()[: 2 * attentions[0].pos_ebd_size].clone()
    for attention in attentions:
        for name in _PROJECTIONS:
            if hasattr(attention, name) and (attention.share_att_key or name.startswith("pos_")):
                setattr(attention, name, _Projection(getattr(attention, name), table))
    positions = _Positions(encoder, table, attentions)
    encoder.get_rel_pos, encoder.get_rel_embedding = positions.distances, positions.rows
