"""Small random models, written to a folder the way a real one is: no hub, no download, the same every time."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoConfig,
    BartConfig,
    BartForSequenceClassification,
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2ForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

MNLI_LABELS = {"contradiction": 0, "neutral": 1, "entailment": 2}
"""The label order of bart-large-mnli."""

SPREAD = 0.2
"""Of random weights: 0.02 leaves all logits about equal, which proves nothing; 0.5 makes noise of rounding."""

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_READ = ["This example is {}.", "The river broke its banks, and the road to the harbour is under water tonight."]


def write_bart(folder: Path, labels: Mapping[str, int] = MNLI_LABELS, *, most_tokens: int = 64) -> Path:
    """A BART of two layers with a random classification head for these labels."""
    torch.manual_seed(1)
    tokenizer = make_tokenizer("<s> $A </s>", "<s> $A </s> </s> $B </s>", most_tokens)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=most_tokens,
        init_std=SPREAD,
        classifier_dropout=0.0,
        **label_maps(labels),
    )
    return write_model(folder, BartForSequenceClassification(config), tokenizer)


def write_gpt2(folder: Path, labels: Mapping[str, int] = MNLI_LABELS, *, most_tokens: int = 64) -> Path:
    """A GPT-2 of two layers with a random classification head, and no padding token, as GPT-2 has none."""
    torch.manual_seed(2)
    tokenizer = make_tokenizer("$A", "$A </s> $B </s>", most_tokens, padding=False)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=most_tokens,
        initializer_range=SPREAD,
        bos_token_id=0,
        eos_token_id=2,
        **label_maps(labels),
    )
    return write_model(folder, GPT2ForSequenceClassification(config), tokenizer)


def write_roberta(folder: Path, *, most_tokens: int = 64, states_length: bool = False) -> Path:
    """A RoBERTa, whose positions start behind the padding token's, and whose tokenizer need not state its length."""
    torch.manual_seed(4)
    stated = most_tokens if states_length else None
    tokenizer = make_tokenizer("<s> $A </s>", "<s> $A </s> </s> $B </s>", stated)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=most_tokens + 2,
        type_vocab_size=1,
        initializer_range=SPREAD,
        pad_token_id=1,
        **label_maps(MNLI_LABELS),
    )
    return write_model(folder, RobertaForSequenceClassification(config), tokenizer)


def write_bert(folder: Path, *, most_tokens: int = 64, special: bool = True) -> Path:
    """A plain BERT of two layers, without anything that sentence-transformers adds."""
    torch.manual_seed(3)
    tokenizer = make_tokenizer(*(("<s> $A </s>", "<s> $A </s> $B </s>") if special else ("$A", "$A $B")), most_tokens)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=most_tokens,
        initializer_range=SPREAD,
        pad_token_id=1,
    )
    return write_model(folder, BertModel(config), tokenizer)


def write_sentence_bert(
    folder: Path,
    pooling: Mapping[str, Any],
    *,
    modules: tuple[str, ...] = ("Transformer", "Pooling", "Normalize"),
    settings: Mapping[str, Any] | None = None,
    prompts: Mapping[str, Any] | None = None,
) -> Path:
    """The same BERT as a sentence-transformers model whose pooling has this configuration."""
    write_bert(folder)
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    kinds = [
        {
            "idx": index,
            "name": str(index),
            "path": paths.get(kind, kind),
            "type": f"sentence_transformers.models.{kind}",
        }
        for index, kind in enumerate(modules)
    ]
    _write_json(folder / "modules.json", kinds)
    _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 32, **pooling})
    if settings is not None:
        _write_json(folder / "sentence_bert_config.json", settings)
    if prompts is not None:
        _write_json(folder / "config_sentence_transformers.json", prompts)
    return folder


def relabel(folder: Path, labels: Mapping[str, int]) -> Path:
    """Change the label map in a model's configuration and nothing else, as people do by hand."""
    config = AutoConfig.from_pretrained(folder)
    config.update(label_maps(labels))
    config.save_pretrained(folder)
    return folder


def make_tokenizer(single: str, pair: str, most_tokens: int | None, *, padding: bool = True) -> Any:
    """Byte-level, so that every text has tokens, and trained on next to nothing, so that words have several."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=300, special_tokens=_SPECIAL, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(_READ, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(single=single, pair=pair, special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
        **({"pad_token": "<pad>"} if padding else {}),
        **({"model_max_length": most_tokens} if most_tokens else {}),
    )


def label_maps(labels: Mapping[str, int]) -> dict[str, Any]:
    """A configuration's two maps for these labels."""
    return {"label2id": dict(labels), "id2label": {place: label for label, place in labels.items()}}


def write_model(folder: Path, model: Any, tokenizer: Any) -> Path:
    """Both in one folder, as they are published."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
