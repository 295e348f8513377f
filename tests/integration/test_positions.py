"""DeBERTa with its positions remembered against DeBERTa as it is."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from classifier import models
from classifier.linear import pack_linears
from classifier.positions import remember_positions
from tests.fakes.architectures import MOST_TOKENS, write_deberta, write_deberta_v2, write_deberta_v3
from tests.fakes.models import write_bart

LENGTHS = [1, 2, 15, 16, 17, 40, MOST_TOKENS]  # v3 here has 16 buckets a side


def read(folder: Path) -> Any:
    return models.load_weights(AutoModelForSequenceClassification, folder, dtype=torch.float32)


def answer(model: Any, length: int, rows: int = 2) -> torch.Tensor:
    torch.manual_seed(length)
    tokens = torch.randint(3, 200, (rows, length))
    mask = torch.ones_like(tokens)
    mask[-1, length // 2 + 1 :] = 0
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=tokens, attention_mask=mask).logits
    return found


@pytest.mark.parametrize("write", [write_deberta_v2, write_deberta_v3])
@pytest.mark.parametrize("packed", [False, True])
def test_answers_stay_the_same_whatever_the_length_and_the_order(tmp_path: Path, write: Any, packed: bool) -> None:
    models.use_threads(1)
    plain, quick = read(write(tmp_path)), read(tmp_path)
    if packed:
        pack_linears(quick)

    assert remember_positions(quick) == 1
    for length in [*LENGTHS, *LENGTHS[::-1]]:
        torch.testing.assert_close(answer(quick, length), answer(plain, length), atol=2e-6, rtol=0)


def test_where_all_positions_are_needed_the_answer_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    plain, quick = read(write_deberta_v3(tmp_path)), read(tmp_path)
    remember_positions(quick)

    assert torch.equal(answer(quick, MOST_TOKENS), answer(plain, MOST_TOKENS))


def test_the_positions_are_not_projected_again(tmp_path: Path) -> None:
    quick = read(write_deberta_v3(tmp_path))
    remember_positions(quick)
    projected: list[int] = []
    for module in quick.modules():
        if isinstance(module, torch.nn.Linear) and module.in_features == module.out_features:
            module.register_forward_hook(lambda _, inputs, __: projected.append(inputs[0].shape[-2]))

    answer(quick, length=9)

    assert set(projected) <= {9, 2}, "nine tokens, or the two rows of the head"


@pytest.mark.parametrize("write", [write_bart, write_deberta])
def test_other_models_are_left_alone(tmp_path: Path, write: Any) -> None:
    assert remember_positions(read(write(tmp_path))) == 0
