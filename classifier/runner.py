"""A model made ready for this machine, behind batches of token rows. The same way on a CPU and on a GPU."""

import inspect
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classifier import packing
from classifier.linear import pack_linears
from classifier.positions import remember_positions
from classifier.rows import Padding, Row
from classifier.types import ClassifierError, ModelUnusableError, Precision

log = logging.getLogger(__name__)

_BUDGETS = {"cpu": 512, "cuda": 16_384}
"""Tokens a batch. On a CPU with packed weights more gains nothing and leaves the caches; a GPU wants to be filled."""

_OUT_OF_MEMORY = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")

DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}

Reading = Callable[[Any, Mapping[str, Tensor]], Tensor]
"""A model's outputs and the inputs they are of -> what is wanted of them, [rows, ...]."""


class Runner:
    """Rows of tokens -> what the model says of them. One call at a time."""

    def __init__(self, model: nn.Module, padding: Padding, *, most_rows: int | None = None) -> None:
        """Take over the model: move it to the GPU where there is one, and rework its layers in place.

        Raises ModelUnusableError where the GPU has no room for it.
        """
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = _moved(model, self._device)
        pack_linears(self._model)
        _let_go_of_the_file(self._model)
        remember_positions(self._model)
        self._padding = padding
        self._most_rows = most_rows
        self._options = _no_cache(model)
        self._budget = _BUDGETS[self._device.type]

    @torch.inference_mode()
    def run(self, rows: Sequence[Row], read: Reading) -> NDArray[np.float32]:
        """Shape [rows, ...], for at least one row, none of them without tokens.

        Where memory does not suffice for a batch, it is halved, and so are those after it, in this call and later
        ones. Raises ClassifierError where a single row is too much.
        """
        lengths = [len(row.tokens) for row in rows]
        waiting = deque(packing.batches(lengths, self._budget, most_rows=self._most_rows))
        places: list[int] = []
        answers: list[Tensor] = []
        while waiting:
            batch = waiting.popleft()
            tokens = len(batch) * max(lengths[place] for place in batch)
            if len(batch) > 1 and tokens > self._budget:
                half = (len(batch) + 1) // 2
                waiting.extendleft((batch[half:], batch[:half]))
                continue
            answer = self._answer([rows[place] for place in batch], read)
            if answer is None:
                self._shrink(len(batch), tokens)
                waiting.appendleft(batch)
                continue
            places += batch
            answers.append(answer)
        joined = torch.cat(answers).float().cpu().numpy()  # one wait for the GPU, at the end
        return np.asarray(joined[np.argsort(places)], dtype=np.float32)

    def _answer(self, rows: Sequence[Row], read: Reading) -> Tensor | None:
        """What the model says of a batch; None where memory does not suffice."""
        try:
            inputs = {
                name: tensor.to(self._device, non_blocking=True) for name, tensor in self._padding.inputs(rows).items()
            }
            return read(self._model(**inputs, **self._options), inputs)
        except RuntimeError as error:
            if not _lacks_memory(error):
                raise
            return None  # what the failed batch holds is free only once its error is gone

    def _shrink(self, rows: int, tokens: int) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if rows == 1:
            raise ClassifierError(
                f"the memory does not suffice for one text of {tokens} tokens: free some of it, or choose a smaller "
                "model or a lower precision"
            )
        self._budget = max(1, tokens // 2)
        log.warning("halved batch tokens=%d reason=out of memory", self._budget)


def _lacks_memory(error: RuntimeError) -> bool:
    """torch's allocator has an error of its own; CUDA and its libraries, which take memory beside it, only say so."""
    return isinstance(error, torch.OutOfMemoryError) or any(said in str(error) for said in _OUT_OF_MEMORY)


def _moved(model: nn.Module, device: torch.device) -> nn.Module:
    try:
        return model.to(device)
    except RuntimeError as error:
        if not _lacks_memory(error):
            raise
        raise ModelUnusableError(
            f"the GPU's memory does not suffice for the model ({error}): free some of it, choose a smaller model or a "
            "lower precision, or hide the GPU with CUDA_VISIBLE_DEVICES=-1"
        ) from error


def _let_go_of_the_file(model: nn.Module) -> None:
    """Copy what is left of the weights as they were read: a single view keeps all of the file in memory, packed layers
    included, and a file that changes under a view ends the process."""
    for parameter in model.parameters():
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def _no_cache(model: nn.Module) -> dict[str, bool]:
    """A decoder's cache is of no use to one answer and costs memory."""
    return {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}
