"""The work of `lapwing classify`: lines in, one row a text out, bad lines named and passed over."""

import json
import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bot.cards import percent
from bot.chat.plain import one_line
from bot.cli.asked import asked_engine, asked_labels
from bot.commands import values
from bot.lines import read_in_thread
from classifier.hypothesis import render
from classifier.premise import encodable, has_text
from classifier.registry import Choice
from classifier.scoring import score_labels
from classifier.types import Classifier, Label, Mode

_MOST_AT_ONCE = 32
"""Few enough that a slow model shows its first rows soon, enough to fill a batch."""

_TABLE = "{id:<20} {label:<24} {score:>5}  {alert:<5}  {text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What was asked for."""

    labels: tuple[Label, ...]
    choice: Choice
    mode: Mode
    threshold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text to classify, with the id it came with, or its line's number."""

    id: str | int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that is not blank, with its number in the file."""

    number: int
    raw: bytes
    is_jsonl: bool


class BadLineError(Exception):
    """A line that holds no text; the message says why."""


def prepare(
    *, labels: str, described: Sequence[str], engine: str, mode: str, template: str, threshold: str, dtype: str
) -> Task:
    """The task that the options name. Raises ValueError or ClassifierError saying which option is wrong."""
    return Task(
        labels=asked_labels(labels, described),
        choice=asked_engine(engine, template=template, dtype=dtype),
        mode=Mode(mode),
        threshold=values.percentage(threshold),
    )


def run(task: Task, path: str, out: TextIO, *, as_jsonl: bool) -> None:
    """Classify everything at `path` (- is standard input) in order; says on standard error what was passed over."""
    _warn(task)
    classifier = task.choice.load()
    done = skipped = 0
    if not as_jsonl:
        out.write(_TABLE.format(id="id", label="label", score="score", alert="alert", text="text") + "\n")
    with _progress(path) as advance:
        for lines in _batches(path):
            texts = list(_texts(lines))
            rows = zip(texts, _rows(task, classifier, texts), strict=True)
            out.writelines(
                f"{json.dumps(row, ensure_ascii=False) if as_jsonl else _table_line(text, row)}\n" for text, row in rows
            )
            out.flush()
            done += len(texts)
            skipped += len(lines) - len(texts)
            advance(len(lines))
    if skipped:
        sys.stderr.write(f"lapwing: {done} classified, {skipped} skipped\n")


def _warn(task: Task) -> None:
    """In exclusive mode a threshold of 1/n or less lets every text through."""
    labels = len(task.labels)
    if task.mode is Mode.EXCLUSIVE and labels > 1 and task.threshold <= 1 / labels:
        sys.stderr.write(
            f"lapwing: of {labels} labels that share 100% the top one always has {1 / labels:.0%} or more, so every "
            f"text alerts at {task.threshold:.0%}. Ask for more with --threshold.\n"
        )


def _rows(task: Task, classifier: Classifier, texts: Sequence[Text]) -> Iterator[dict[str, Any]]:
    hypotheses = [render(label, classifier.template) for label in task.labels]
    worth = [text for text in texts if has_text(text.text)]
    logits = classifier.logits([text.text for text in worth], hypotheses).tolist() if worth else []
    found = dict(zip(map(id, worth), logits, strict=True))
    for text in texts:
        pairs = found.get(id(text))
        yield _row(task, text, score_labels(pairs, task.mode) if pairs else None)


def _row(task: Task, text: Text, scores: Sequence[float] | None) -> dict[str, Any]:
    """One answer. A text without letters is not scored: its label and score are null and it never alerts."""
    if scores is None:
        return {"id": text.id, "label": None, "score": None, "scores": {}, "alert": False}
    top = max(range(len(scores)), key=scores.__getitem__)
    return {
        "id": text.id,
        "label": task.labels[top].name,
        "score": round(scores[top], 6),
        "scores": {label.name: round(score, 6) for label, score in zip(task.labels, scores, strict=True)},
        "alert": scores[top] > task.threshold,
    }


def _table_line(text: Text, row: dict[str, Any]) -> str:
    return _TABLE.format(
        id=one_line(str(text.id), 20),
        label=one_line(row["label"] or "-", 24),
        score="-" if row["score"] is None else percent(row["score"]),
        alert="yes" if row["alert"] else "no",
        text=one_line(text.text, 60),
    ).rstrip()


def _texts(lines: Sequence[Line]) -> Iterator[Text]:
    """The texts in these lines; each line without one is named on standard error."""
    for line in lines:
        try:
            yield _jsonl_text(line) if line.is_jsonl else _plain_text(line)
        except BadLineError as error:
            sys.stderr.write(f"lapwing: line {line.number} is skipped: {error}\n")


def _jsonl_text(line: Line) -> Text:
    try:
        found = json.loads(line.raw)
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"it is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise BadLineError("it is JSON, but not an object")
    if not isinstance(found.get("text"), str):
        raise BadLineError('it has no "text" that is a string')
    name = found.get("id", line.number)
    if not isinstance(name, str | int) or isinstance(name, bool):
        raise BadLineError('its "id" is neither a string nor a number')
    if encodable(str(name)) != str(name):
        raise BadLineError('its "id" holds half a character')
    return Text(id=name, text=found["text"])


def _plain_text(line: Line) -> Text:
    try:
        return Text(id=line.number, text=line.raw.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        raise BadLineError(f"it is not UTF-8 ({error.reason} at byte {error.start})") from None


def _batches(path: str) -> Iterator[list[Line]]:
    """Whatever lines are there, up to a batch: a pipe that trickles is answered as it trickles. Raises OSError."""
    waiting: queue.Queue[bytes | OSError | None] = queue.Queue(_MOST_AT_ONCE * 8)
    with _opened(path) as descriptor:
        read_in_thread(descriptor, waiting.put)
        numbered = _Numbered(path)
        going_on = True
        while going_on:
            batch: list[Line] = []
            while going_on and len(batch) < _MOST_AT_ONCE and not (batch and waiting.empty()):
                raw = waiting.get()
                if isinstance(raw, OSError):
                    raise raw
                going_on = raw is not None
                batch.extend(numbered.line(raw) if raw is not None else ())
            if batch:
                yield batch


@contextmanager
def _opened(path: str) -> Iterator[int]:
    if path == "-":
        yield 0
        return
    with Path(path).open("rb") as file:
        yield file.fileno()


class _Numbered:
    """Gives lines their numbers, and says whether they are JSONL: their file's name says so, or their first begins
    with {."""

    def __init__(self, path: str) -> None:
        self._count = 0
        self._is_jsonl = Path(path).suffix in {".jsonl", ".ndjson"}
        self._first = True

    def line(self, raw: bytes) -> Iterator[Line]:
        """The line, unless it is blank."""
        self._count += 1
        text = raw.removeprefix(b"\xef\xbb\xbf") if self._count == 1 else raw
        if not text.strip():
            return
        self._is_jsonl = self._is_jsonl or (self._first and text.lstrip().startswith(b"{"))
        self._first = False
        yield Line(number=self._count, raw=text, is_jsonl=self._is_jsonl)


@contextmanager
def _progress(path: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal and the end is known; nothing elsewhere."""
    if path == "-" or not sys.stderr.isatty():
        yield lambda _lines: None
        return
    from rich.console import Console  # noqa: PLC0415  (only a terminal needs it)
    from rich.progress import Progress  # noqa: PLC0415

    with Path(path).open("rb") as file:
        total = sum(1 for line in file if line.strip())
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("classifying", total=total)
        yield lambda lines: bar.advance(task, lines)
