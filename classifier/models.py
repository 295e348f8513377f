"""A model's files: where they are, what pins them, and how they are read, without noise and without running code.

For the engines only: reading brings in transformers and torch.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.types import AnswerUnusableError, HypothesisTooLongError, Model, ModelUnusableError, Precision

_FETCHED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
"""What a model needs. Never pickles, which can run code, and no second copy of the weights in another format."""

_NOT_FETCHED = ["onnx/*", "openvino/*", "*/onnx/*", "*/openvino/*"]

_PINNING = frozenset({".safetensors", ".json", ".txt", ".model", ".jinja"})
"""Files that can change a logit; a README cannot."""

_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")

_DAMAGED = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError)
"""What transformers raises on a folder that is incomplete, damaged, or needs code or packages of its own."""

_LONGEST_UNSTATED = 512
"""Tokens, for a model that states no length. Without a limit a text of 100 kB would take all memory."""


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A folder that holds a model's configuration and safetensors weights."""

    name: str
    """A hub id, or the folder's own name: the same wherever the folder is moved to."""

    folder: Path

    def weights_sha256(self) -> str:
        """What the weights are known by; of weights in several files, the checksum of their checksums."""
        sums = [checksum for name, checksum in self._checksums.items() if name.endswith(".safetensors")]
        return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()

    def sha256(self) -> str:
        """A checksum over every file that can change a logit: weights, tokenizer, configuration."""
        lines = [f"{name} {checksum}\n" for name, checksum in self._checksums.items()]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @cached_property
    def _checksums(self) -> dict[str, str]:
        """File, as a path within the folder -> sha256, in the order of the names. Reads 0.5 GB a second, once."""
        paths = sorted(path for path in self.folder.rglob("*") if path.suffix in _PINNING and path.is_file())
        return {path.relative_to(self.folder).as_posix(): _sha256(path) for path in paths}


def find(place: str) -> ModelFiles:
    """The model in a folder, or the one with this hub id: "owner/name" or "owner/name@revision".

    A hub id that is not in the local cache is fetched. Raises ModelUnusableError.
    """
    folder = Path(place).expanduser()
    if folder.is_dir():
        return ModelFiles(name=folder.resolve().name, folder=folder)
    if folder.exists() or folder.is_absolute() or place.startswith((".", "~")) or place.count("/") > 1:
        raise ModelUnusableError(f"there is no folder {place}: name a folder with a model's files, or a hub id")
    return ModelFiles(name=place, folder=_fetch(place))


def check_files(folder: Path) -> None:
    """Raise ModelUnusableError unless the folder has a configuration, safetensors weights and a vocabulary."""
    if not (folder / "config.json").is_file():
        raise ModelUnusableError(f"{folder} is not a model: it has no config.json. Name the folder with the weights")
    if not any(folder.glob("*.safetensors")):
        raise ModelUnusableError(
            f"{folder} has no weights in the safetensors format, the only one that cannot run code: "
            "convert them with transformers' save_pretrained"
        )
    if not any(any(folder.glob(name)) for name in _VOCABULARIES):  # transformers would make do with an empty one
        raise ModelUnusableError(
            f"{folder} has no tokenizer (tokenizer.json or a vocabulary). Bring it from where the model is from"
        )


def read_json(path: Path) -> Any:
    """The content of a JSON file of a model. Raises ModelUnusableError naming the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnusableError(f"{path} cannot be read: {error}. Bring the model's files again") from error


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model. Raises ModelUnusableError."""
    from transformers import AutoTokenizer  # noqa: PLC0415

    with _quiet(), _blaming(folder):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_weights(auto_class: Any, folder: Path, *, unused: str = "", **options: Any) -> Any:
    """The model as `auto_class` reads it, ready to answer. Raises ModelUnusableError.

    A part without weights would silently be filled with random numbers, so it is refused, but for parts whose name
    starts with `unused`.
    """
    check_files(folder)
    with _quiet(), _blaming(folder):
        model, report = auto_class.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    missing = sorted(name for name in report["missing_keys"] if not (unused and name.startswith(unused)))
    if missing:
        raise ModelUnusableError(
            f"{folder} has no weights for {missing[0]} ({len(missing)} parts in all): it is not a complete "
            f"{type(model).__name__}. Choose a model that was trained for this"
        )
    return model.eval()


def longest(model: Any, tokenizer: Any) -> int:
    """How many tokens the model takes, special ones included: the least that its tokenizer or its positions allow."""
    stated = [tokenizer.model_max_length]
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions and positions > 0:  # XLNet says -1
        stated.append(positions - _reserved_positions(model))
    least = min(stated)
    return least if least < 10**9 else _LONGEST_UNSTATED  # a tokenizer that knows no limit says 10**30


def check_hypothesis(tokenizer: Any, hypothesis: str, read_as: str, room: int) -> None:
    """Raise HypothesisTooLongError where a hypothesis takes more than `room` tokens: it would be cut.

    `read_as`: what the tokenizer is given for it.
    """
    read = tokenizer(read_as, add_special_tokens=False, split_special_tokens=True, verbose=False)  # we say it better
    tokens = len(read["input_ids"])
    if tokens > room:
        raise HypothesisTooLongError(hypothesis, tokens=tokens, room=room)


def check_answers(answers: NDArray[np.float32], model: Model) -> None:
    """Raise AnswerUnusableError unless all answers are numbers: NaN would be taken for "not asked" further on."""
    if not np.isfinite(answers).all():
        raise AnswerUnusableError(
            f"{model} answered with what is not a number: its weights are damaged, or overflow their precision. "
            "Bring the model's files again, or choose another model"
        )


def revision(files: ModelFiles, precision: Precision) -> str:
    """What pins the files and the precision they are computed in; that of fp32 is the files' alone."""
    pinned = files.sha256()[:16]
    return pinned if precision is Precision.FP32 else f"{pinned}-{precision}"


def use_threads(count: int) -> None:
    """Let torch compute on this many threads, in the whole process."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(count)


def _fetch(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    name, _, revision = hub_id.partition("@")
    try:
        with _quiet():
            return Path(
                snapshot_download(
                    name, revision=revision or None, allow_patterns=_FETCHED, ignore_patterns=_NOT_FETCHED
                )
            )
    except (OSError, ValueError) as error:
        raise ModelUnusableError(
            f"{hub_id} is neither a folder here nor to be had from the model hub ({_first_line(error)}). Without a "
            "way to the hub, download the model elsewhere, copy its folder to this machine and name the folder"
        ) from error


def _reserved_positions(model: Any) -> int:
    """RoBERTa and its kin count positions from behind the padding token's: two of its 514 are never used."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return int(module.padding_idx) + 1
    return 0


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no advice on standard error: what matters of it is checked, and raised."""
    from transformers.utils import logging  # noqa: PLC0415

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _blaming(folder: Path) -> Iterator[None]:
    from safetensors import SafetensorError  # noqa: PLC0415

    try:
        yield
    except (*_DAMAGED, SafetensorError) as error:
        raise ModelUnusableError(
            f"{folder} cannot be loaded: {_first_line(error)}. Bring the model's files again, or choose another model"
        ) from error


def _first_line(error: BaseException) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return _shortened(lines[0], 200).rstrip(".") if lines else type(error).__name__


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnusableError(f"{path} cannot be read: {error}") from error
