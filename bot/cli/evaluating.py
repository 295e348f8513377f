"""The work of `lapwing evaluate`: each engine is asked in a process of its own, so that its memory is its own."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from bot.cli.asked import asked_engine, asked_labels
from bot.commands import values
from classifier.calibration import Calibration
from classifier.evaluation.engine import Heard, ask, peak_memory_mib
from classifier.evaluation.fitting import CalibrationError, fit
from classifier.evaluation.labelled import LabelledPost, labels_of, read, truth
from classifier.evaluation.metrics import Figures, measure
from classifier.registry import Choice, ChoiceError
from classifier.scoring import scores
from classifier.types import ENTAILMENT, ClassifierError, Label, Mode, Model

_COSINES = Calibration(scale=1.0, bias=0.0)
"""With it an embedding model's entailment is the cosine itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What was asked for."""

    path: Path
    posts: Sequence[LabelledPost]
    labels: tuple[Label, ...]
    choices: Mapping[str, Choice]
    """By what was written."""

    mode: Mode
    threshold: float
    fit: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one engine showed."""

    engine: str
    """As it was written."""

    model: Model
    """With no revision where a calibration was fitted: it is part of one."""

    template: str
    posts: int
    """So many were measured on; with a fit, those that it did not see."""

    without_text: int
    """Of them, those without a letter: they are never put to a model, and never alert."""

    figures: Figures
    calibration: Calibration | None
    """The one that was fitted."""

    texts_per_s: float
    load_s: float
    memory_mib: float
    """The most that the process which did nothing else had resident, Python and libraries included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What the other process found."""

    heard: Heard
    load_s: float
    memory_mib: float


def prepare(
    path: Path,
    *,
    labels: str,
    described: Sequence[str],
    engines: Sequence[str],
    mode: str,
    template: str,
    threshold: str,
    dtype: str,
    threads: int,
    field: str,
    fit: bool,
    all_known: bool,
) -> Task:
    """The task that the options name; `all_known`: a label that no post has is an error.

    Raises ValueError, ClassifierError, LabelledFileError or OSError.
    """
    choices = {
        engine: asked_engine(engine, template=template, dtype=dtype, threads=threads)
        for engine in map(str.strip, engines)
    }
    for written, choice in choices.items():
        if choice.behind:
            raise ChoiceError(f"{written!r} names several engines: measure each by itself, --engine A --engine B")
        if fit and choice.engine != "embedding":
            raise ChoiceError(f"{written!r} has no scale and bias to fit: --fit is for embedding models")
    asked = asked_labels(labels, described) if labels or described else ()
    share = values.percentage(threshold)
    posts = read(path, field)
    having = labels_of(posts)
    if not having:
        raise ValueError(f"no post of {path} has a label: there is nothing to measure on.")
    task = Task(
        path=path,
        posts=posts,
        labels=asked or tuple(Label(name=name) for name in having),
        choices=choices,
        mode=Mode(mode),
        threshold=share,
        fit=fit,
    )
    _check_known(task, having, must_be=all_known)
    return task


def run(task: Task) -> tuple[list[Result], dict[str, str]]:
    """The results of the engines that could be measured, and why others could not. Shows progress on a terminal."""
    results, failed = [], {}
    for written, choice in task.choices.items():
        asked = replace(choice, calibration=_COSINES) if task.fit else choice
        with _progress(written, len(task.posts)) as advance:
            try:
                answer = _elsewhere(asked, task.labels, [post.text for post in task.posts], advance)
                results.append(_result(task, written, answer))
            except (ClassifierError, CalibrationError) as error:
                failed[written] = str(error)
    return results, failed


def _check_known(task: Task, having: Sequence[str], *, must_be: bool) -> None:
    """Say which labels no post has. Raises ValueError where all `must_be` known, or none is."""
    known = {name.casefold() for name in having}
    some = ", ".join(having[:10]) + (", …" if len(having) > 10 else "")
    unknown = [label.name for label in task.labels if label.name.casefold() not in known]
    if unknown and (must_be or len(unknown) == len(task.labels)):
        raise ValueError(f'no post of {task.path} has the label "{unknown[0]}". There are: {some}')
    for name in unknown:
        sys.stderr.write(f'lapwing: no post has the label "{name}", so it has no figures. There are: {some}\n')


def _result(task: Task, written: str, answer: _Answer) -> Result:
    heard = answer.heard
    real = truth(task.posts, [label.name for label in task.labels])
    logits = np.zeros((len(real), len(task.labels), 2))
    logits[heard.scored] = heard.logits
    measured = np.ones(len(real), dtype=bool)
    calibration = None
    if task.fit:
        cosines = logits[..., ENTAILMENT]
        measured[::2] = False
        seen = heard.scored & ~measured
        calibration = fit(cosines[seen], real[seen], task.threshold)
        logits = np.stack(
            [calibration.scale * cosines, np.full_like(cosines, calibration.scale * calibration.bias)], -1
        )
    found = scores(logits, task.mode)
    found[~heard.scored] = 0.0  # decided without a model: no alert
    return Result(
        engine=written,
        model=heard.model if calibration is None else replace(heard.model, revision=""),
        template=heard.template,
        posts=int(measured.sum()),
        without_text=int((measured & ~heard.scored).sum()),
        figures=measure(
            [label.name for label in task.labels], real[measured], found[measured], task.mode, task.threshold
        ),
        calibration=calibration,
        texts_per_s=heard.texts_per_s,
        load_s=answer.load_s,
        memory_mib=answer.memory_mib,
    )


def _elsewhere(
    choice: Choice, labels: Sequence[Label], texts: Sequence[str], advance: Callable[[int], None]
) -> _Answer:
    """Ask in a new process. Raises ClassifierError, also where that process dies."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_ask, args=(there, choice, labels, texts), daemon=True)
    process.start()
    there.close()
    try:
        while True:
            said = here.recv()
            if isinstance(said, _Answer):
                return said
            if isinstance(said, int):
                advance(said)
            else:
                raise ClassifierError(str(said))
    except EOFError:
        process.join()
        raise ClassifierError(
            f"the process that ran it ended with status {process.exitcode}; a status of -9 is what a machine without "
            "enough memory gives"
        ) from None
    finally:
        process.kill()
        process.join()


def _ask(there: Connection, choice: Choice, labels: Sequence[Label], texts: Sequence[str]) -> None:
    """In the other process: says how many more texts are done, and at last an answer, or what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted is the program that started us; it ends us
    threading.Thread(target=_end_with_the_program, daemon=True).start()
    started = time.perf_counter()
    try:
        classifier = choice.load()
        load_s = time.perf_counter() - started
        heard = ask(classifier, labels, texts, there.send)
    except ClassifierError as error:
        there.send(str(error))
    else:
        there.send(_Answer(heard=heard, load_s=load_s, memory_mib=peak_memory_mib()))


def _end_with_the_program() -> None:
    """A program that was killed ends nobody, and a model computes for minutes."""
    program = multiprocessing.parent_process()
    assert program is not None, "only who was started by one calls this"
    program.join()
    os._exit(1)


@contextmanager
def _progress(engine: str, posts: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _posts: None
        return
    from rich.console import Console  # noqa: PLC0415  (only a terminal needs it)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(engine, total=posts)
        yield lambda more: bar.advance(task, more)
