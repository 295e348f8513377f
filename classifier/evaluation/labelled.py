"""Labelled posts, read from a file: what a classifier is measured on."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = ("label", "labels", "fractions")
"""Where a line says what is true, if nothing else is named."""

_FITS_FROM = 0.5
"""Of `fractions`, the share of people from which on a label is true."""


class LabelledFileError(Exception):
    """A file that cannot be measured on; the message names the line and what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledPost:
    """A text, and the labels that people gave it; none may fit."""

    text: str
    labels: frozenset[str]


def read(path: Path, field: str = "") -> list[LabelledPost]:
    """The labelled posts of a file: JSONL, or CSV with a line of names where the file is called so.

    Each line has `text`, and one of FIELDS, or `field`: a label, a list of labels, or {label: share of people}. Raises
    LabelledFileError, and OSError where the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _csv(file) if path.suffix.lower() == ".csv" else _jsonl(file)
            posts = [_post(number, found, field) for number, found in lines]
    except UnicodeDecodeError as error:
        raise LabelledFileError(f"{path} is not UTF-8 ({error.reason})") from None
    except LabelledFileError as error:
        raise LabelledFileError(f"{path}, {error}") from None
    if not posts:
        raise LabelledFileError(f"{path} holds no posts")
    return posts


def truth(posts: Sequence[LabelledPost], labels: Sequence[str]) -> NDArray[np.bool_]:
    """[posts, labels]: which of the labels each post has, without regard to case."""
    wanted = [label.casefold() for label in labels]
    having = [{label.casefold() for label in post.labels} for post in posts]
    return np.array([[label in found for label in wanted] for found in having], dtype=bool)


def labels_of(posts: Sequence[LabelledPost]) -> list[str]:
    """All labels that these posts have, the most frequent first, each as it is mostly written."""
    spelt = Counter(label for post in posts for label in sorted(post.labels))
    posts_of: Counter[str] = Counter()
    for label, count in spelt.items():
        posts_of[label.casefold()] += count
    mostly = {label.casefold(): label for label, _ in reversed(spelt.most_common())}
    return [mostly[folded] for folded, _ in posts_of.most_common()]


def _jsonl(file: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LabelledFileError(f"line {number}: it is not JSON ({error})") from None
        if not isinstance(found, dict):
            raise LabelledFileError(f"line {number}: it is JSON, but not an object")
        yield number, found


def _csv(file: Iterator[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = csv.DictReader(file, strict=True)
    try:
        if "text" not in (rows.fieldnames or ()):
            raise LabelledFileError('line 1: a CSV file begins with the names of its columns, such as "text,label"')
        for found in rows:
            if None in found or None in found.values():
                raise LabelledFileError(f"line {rows.line_num}: it has not as many columns as line 1")
            yield rows.line_num, found
    except csv.Error as error:
        raise LabelledFileError(f"line {rows.line_num}: it is not CSV ({error})") from None


def _post(number: int, found: Mapping[str, Any], field: str) -> LabelledPost:
    text = found.get("text")
    if not isinstance(text, str):
        raise LabelledFileError(f'line {number}: it has no "text" that is a string')
    named = [name for name in ([field] if field else FIELDS) if name in found]
    if not named:
        wanted = f'"{field}"' if field else '"label", "labels" or "fractions"'
        raise LabelledFileError(f"line {number}: it has no {wanted}")
    try:
        return LabelledPost(text=text, labels=frozenset(_labels(found[named[0]])))
    except ValueError as error:
        raise LabelledFileError(f'line {number}: its "{named[0]}" {error}') from None


def _labels(value: Any) -> list[str]:
    """An empty label is none. Raises ValueError, with the rest of a sentence about the field."""
    if value is None:
        return []
    if isinstance(value, dict):
        if not all(isinstance(share, int | float) for share in value.values()):
            raise ValueError("holds a share that is no number")
        return [name.strip() for name, share in value.items() if share >= _FITS_FROM]
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("is neither a label, nor a list of labels, nor labels with shares")
    return [name.strip() for name in names if name.strip()]
