"""Packed linear layers against plain ones."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from classifier.linear import PackedLinear, can_pack, pack_linears

pytestmark = pytest.mark.skipif(not can_pack(torch.float32), reason="torch has no oneDNN for this processor")


@pytest.fixture(autouse=True)
def _no_gradients() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (1, 5), (7, 5), (2, 3, 5), (0, 5)])
def test_a_packed_layer_answers_as_a_plain_one(shape: tuple[int, ...], bias: bool) -> None:
    plain = nn.Linear(5, 3, bias=bias)
    rows = torch.randn(shape)

    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(rows), plain(rows), atol=1e-6, rtol=1e-6)


def test_rows_that_are_a_view_of_something_else_are_read_as_what_they_are() -> None:
    plain = nn.Linear(6, 4)
    rows = torch.randn(6, 9).T[::2]

    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(rows), plain(rows), atol=1e-6, rtol=1e-6)


def test_every_linear_layer_is_swapped_and_its_plain_weights_are_gone() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.GELU(), nn.Linear(8, 2)), nn.LayerNorm(2))

    assert pack_linears(model) == 2
    assert [name for name, _ in model.named_parameters()] == ["2.weight", "2.bias"]


def test_a_layer_that_stands_in_two_places_is_packed_once() -> None:
    shared = nn.Linear(4, 4)
    model = nn.ModuleDict({"first": shared, "second": shared})

    assert pack_linears(model) == 1
    assert model["first"] is model["second"]


def test_kinds_of_linear_layers_whose_weights_others_read_stay() -> None:
    model = nn.ModuleDict({"attention": nn.MultiheadAttention(8, 2)})

    assert pack_linears(model) == 0
    with torch.inference_mode():
        model["attention"](*[torch.randn(3, 1, 8)] * 3)


def test_a_precision_that_cannot_be_packed_stays_plain() -> None:
    model = nn.Sequential(nn.Linear(4, 4, dtype=torch.float64))

    assert pack_linears(model) == 0
    with torch.inference_mode():
        assert model(torch.zeros(1, 4, dtype=torch.float64)).dtype == torch.float64


Wanted = Callable[[nn.Module], object]


@pytest.mark.parametrize("wanted", [lambda layer: layer.weight.dtype, lambda layer: layer.out_features])
def test_what_models_ask_of_a_linear_layer_is_still_there(wanted: Wanted) -> None:
    plain = nn.Linear(4, 8)

    assert wanted(PackedLinear(plain)) == wanted(plain)
