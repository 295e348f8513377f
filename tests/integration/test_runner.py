"""A model behind batches of token rows, when there is memory and when there is not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from classifier.rows import Padding, Row
from classifier.runner import Runner
from classifier.types import ClassifierError, ModelUnusableError


class Sums(nn.Module):
    """A model that adds up each row's tokens, on a device with memory for so many tokens."""

    def __init__(self, memory: int = 10**6, lacking: RuntimeError | None = None) -> None:
        super().__init__()
        self.memory = memory
        self.lacking = lacking or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.seen: list[tuple[int, int]] = []

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        self.seen.append((input_ids.shape[0], input_ids.shape[1]))
        if input_ids.numel() > self.memory:
            raise self.lacking
        return SimpleNamespace(sums=(input_ids * attention_mask).sum(dim=1, keepdim=True))


def padding(side: str = "right") -> Padding:
    return Padding(
        SimpleNamespace(
            model_input_names=["input_ids", "attention_mask"],
            pad_token_id=9_999,
            pad_token_type_id=0,
            padding_side=side,
        )
    )


def sums(outputs: Any, _inputs: Any) -> Tensor:
    found: Tensor = outputs.sums
    return found


def rows(*lengths: int) -> list[Row]:
    return [Row(tokens=list(range(length))) for length in lengths]


def total(length: int) -> int:
    return length * (length - 1) // 2


LENGTHS = [3, 50, 7, 50, 49, 1, 8, 120, 50, 48]


@pytest.mark.parametrize("side", ["left", "right"])
def test_answers_stand_in_the_order_of_the_rows(side: str) -> None:
    answers = Runner(Sums(), padding(side)).run(rows(*LENGTHS), sums)

    assert answers[:, 0].tolist() == [total(length) for length in LENGTHS]


@pytest.mark.parametrize("memory", [120, 130, 200, 400])
def test_where_memory_does_not_suffice_the_batch_is_halved_and_everything_answered(memory: int) -> None:
    model = Sums(memory)

    answers = Runner(model, padding()).run(rows(*LENGTHS * 3), sums)

    assert answers[:, 0].tolist() == [total(length) for length in LENGTHS * 3]
    assert any(count * longest > memory for count, longest in model.seen)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_memory_that_lacks_beside_torchs_own_halves_the_batch_too(said: str) -> None:
    model = Sums(120, RuntimeError(said))

    assert Runner(model, padding()).run(rows(*LENGTHS), sums)[:, 0].tolist() == [total(length) for length in LENGTHS]
    assert any(count * longest > model.memory for count, longest in model.seen)


def test_what_did_not_fit_once_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    model = Sums(memory=200)
    runner = Runner(model, padding())
    runner.run(rows(*[50] * 20), sums)
    failed = sum(count * longest > model.memory for count, longest in model.seen)
    model.seen.clear()

    runner.run(rows(*[50] * 20), sums)

    assert failed == len(caplog.messages) == 2  # 500 tokens, then 250
    assert all(count * longest <= model.memory for count, longest in model.seen)


def test_a_single_row_that_does_not_fit_is_an_error_that_says_so() -> None:
    runner = Runner(Sums(memory=100), padding())

    with pytest.raises(ClassifierError, match=r"does not suffice for one text of 120 tokens: free some"):
        runner.run(rows(*LENGTHS), sums)

    assert runner.run(rows(50, 20), sums)[:, 0].tolist() == [total(50), total(20)], "and the next is answered"


def test_a_model_that_the_gpu_has_no_room_for_is_refused_with_a_way_out() -> None:
    class Large(Sums):
        def to(self, *_: Any, **__: Any) -> Any:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    with pytest.raises(ModelUnusableError, match=r"does not suffice for the model \(CUDA.*lower precision"):
        Runner(Large(), padding())


def test_rows_of_equal_length_and_no_padding_share_a_batch() -> None:
    model = Sums()
    Runner(model, padding()).run(rows(*[50] * 20), sums)

    assert model.seen == [(10, 50), (10, 50)]


def test_an_error_that_is_not_of_memory_is_not_taken_for_one() -> None:
    class Broken(Sums):
        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        Runner(Broken(), padding()).run(rows(3), sums)


def test_answers_are_fp32_whatever_the_model_computes_in() -> None:
    def halves(outputs: Any, _inputs: Any) -> Tensor:
        return sums(outputs, _inputs).to(torch.bfloat16)

    assert Runner(Sums(), padding()).run(rows(3, 4), halves).dtype == np.float32
