"""A small random model of every architecture that NLI models come in, with heads of two and of three classes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import (
    DebertaConfig,
    DebertaForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

from tests.fakes.models import (
    MNLI_LABELS,
    SPREAD,
    label_maps,
    make_tokenizer,
    write_bart,
    write_gpt2,
    write_model,
    write_roberta,
)

TWO_CLASSES = {"entailment": 0, "not_entailment": 1}

MOST_TOKENS = 160
"""Enough for a text beside a label; a text of 10,000 characters is cut."""


def write_deberta(folder: Path) -> Path:
    """The first DeBERTa, which divides its projected positions in place."""
    torch.manual_seed(5)
    config = DebertaConfig(**_deberta(), pos_att_type=["c2p", "p2c"], max_relative_positions=-1, **label_maps(_THREE))
    return write_model(folder, DebertaForSequenceClassification(config), _tokenizer())


def write_deberta_v2(folder: Path) -> Path:
    """DeBERTa-v2 as its large models are: a convolution in it, positions with projections of their own."""
    torch.manual_seed(6)
    config = DebertaV2Config(
        **_deberta(), pos_att_type=["c2p", "p2c"], conv_kernel_size=3, share_att_key=False, **label_maps(_THREE)
    )
    return write_model(folder, DebertaV2ForSequenceClassification(config), _tokenizer())


def write_deberta_v3(folder: Path, labels: Mapping[str, int] = TWO_CLASSES) -> Path:
    """DeBERTa-v3: distances in buckets, positions through the layers' own projections. Spans less than its texts."""
    torch.manual_seed(7)
    config = DebertaV2Config(
        **_deberta(),
        pos_att_type="p2c|c2p",
        share_att_key=True,
        position_buckets=16,
        norm_rel_ebd="layer_norm",
        **label_maps(labels),
    )
    return write_model(folder, DebertaV2ForSequenceClassification(config), _tokenizer())


def write_modernbert(folder: Path) -> Path:
    """ModernBERT: most layers see only their neighbourhood, and positions turn."""
    torch.manual_seed(8)
    tokenizer = _tokenizer()
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=MOST_TOKENS,
        local_attention=16,
        initializer_range=SPREAD,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        cls_token_id=0,
        sep_token_id=2,
        **label_maps(_THREE),
    )
    return write_model(folder, ModernBertForSequenceClassification(config), tokenizer)


_THREE = MNLI_LABELS

ARCHITECTURES: Mapping[str, Callable[[Path], Path]] = {
    "bart": lambda folder: write_bart(folder, most_tokens=MOST_TOKENS),
    "bart of two classes": lambda folder: write_bart(folder, TWO_CLASSES, most_tokens=MOST_TOKENS),
    "roberta": lambda folder: write_roberta(folder, most_tokens=MOST_TOKENS, states_length=True),
    "gpt2": lambda folder: write_gpt2(folder, most_tokens=MOST_TOKENS),
    "deberta": write_deberta,
    "deberta-v2": write_deberta_v2,
    "deberta-v3": write_deberta_v3,
    "modernbert": write_modernbert,
}


def _tokenizer() -> Any:
    return make_tokenizer("<s> $A </s>", "<s> $A </s> $B </s>", MOST_TOKENS)


def _deberta() -> dict[str, Any]:
    return {
        "vocab_size": len(_tokenizer()),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": MOST_TOKENS,
        "type_vocab_size": 0,
        "relative_attention": True,
        "position_biased_input": False,
        "initializer_range": SPREAD,
        "pad_token_id": 1,
    }
