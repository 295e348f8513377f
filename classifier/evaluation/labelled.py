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

_MOST_SHOWN = 100
"""Characters of the names of columns."""

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

    Each line has `text`, and one of FIELDS, or `field`: a label, a list of labels, or {label: share of people}; the
    first of FIELDS where there are several. One that is null was labelled by nobody, and is left out. In CSV a list is
    JSON, or, as `labels`, separated by commas. Raises LabelledFileError, and OSError where the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _csv(file, field) if path.suffix.lower() == ".csv" else _jsonl(file)
            found = (_post(number, line, field) for number, line in lines)
            posts = [post for post in found if post is not None]
    except UnicodeDecodeError as error:
        raise LabelledFileError(f"{path} is not UTF-8 ({error.reason})") from None
    except LabelledFileError as error:
        raise LabelledFileError(f"{path}, {error}") from None
    if not posts:
        raise LabelledFileError(f"{path} holds no labelled posts")
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


def _csv(file: Iterator[str], field: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    rows = csv.DictReader(file, strict=True)
    try:
        columns = rows.fieldnames
        if columns is None:
            return
        _check_columns(columns, field)
        for found in rows:
            if None in found or None in found.values():
                raise LabelledFileError(f"line {rows.line_num}: it has not as many columns as line 1")
            yield rows.line_num, {name: _value(name, value) for name, value in found.items()}
    except csv.Error as error:
        raise LabelledFileError(f"line {rows.line_num}: it is not CSV ({error})") from None


def _check_columns(columns: Sequence[str], field: str) -> None:
    names = ", ".join(columns)
    there = f"the columns are {names if len(names) <= _MOST_SHOWN else names[: _MOST_SHOWN - 1] + '…'}"
    if "text" not in columns:
        raise LabelledFileError(
            f'line 1: no column is called "text", {there}. A CSV file begins with the names of its columns, with '
            'commas between them: "text,label"'
        )
    if not {field} & set(columns) if field else not set(FIELDS) & set(columns):
        raise LabelledFileError(f"line 1: no column is called {_wanted(field)}, {there}. Name one of them with --field")


def _value(name: str, written: str) -> Any:
    """A cell that holds JSON is read as such; several labels may also be separated by commas."""
    if name != "text" and written.lstrip().startswith(("[", "{")):
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            return written
    return written.split(",") if name == "labels" else written


def _wanted(field: str) -> str:
    return f'"{field}"' if field else '"label", "labels" or "fractions"'


def _post(number: int, found: Mapping[str, Any], field: str) -> LabelledPost | None:
    """None where nobody has labelled it."""
    text = found.get("text")
    if not isinstance(text, str):
        raise LabelledFileError(f'line {number}: it has no "text" that is a string')
    named = [name for name in ([field] if field else FIELDS) if name in found]
    if not named:
        raise LabelledFileError(f"line {number}: it has no {_wanted(field)}")
    if found[named[0]] is None:
        return None
    try:
        return LabelledPost(text=text, labels=frozenset(_labels(found[named[0]])))
    except ValueError as error:
        raise LabelledFileError(f'line {number}: its "{named[0]}" {error}') from None


def _labels(value: Any) -> list[str]:
    """An empty label is none. Raises ValueError, with the rest of a sentence about the field."""
    if isinstance(value, dict):
        if not all(isinstance(share, int | float) for share in value.values()):
            raise ValueError("holds a share that is no number")
        return [name.strip() for name, share in value.items() if share >= _FITS_FROM]
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("is neither a label, nor a list of labels, nor labels with shares")
    return [name.strip() for name in names if name.strip()]
