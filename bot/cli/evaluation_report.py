"""What `lapwing evaluate` found, as tables and as JSON, and whether it is good enough."""

import difflib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from bot.cards import exact_percent
from bot.chat.plain import one_line
from bot.cli.evaluating import Result, Task
from bot.wording import counted

_FLOORS = ("macro_precision", "macro_recall", "macro_f1", "macro_average_precision", "macro_auc", "top1")
_CEILINGS = ("calibration_error", "false_alerts")
_COSTS = {"texts_per_s": True, "memory_mib": False, "load_s": False}
"""Figure -> whether more of it is better."""

_ENGINES = {
    "macro P": "macro_precision",
    "macro R": "macro_recall",
    "macro F1": "macro_f1",
    "macro AP": "macro_average_precision",
    "macro AUC": "macro_auc",
    "top-1": "top1",
    "cal. error": "calibration_error",
    "false alerts": "false_alerts",
}
_LABELS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "AP": "average_precision",
    "AUC": "auc",
}
_LONGEST_NAME = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """A figure, and the value that it must reach, or must not exceed."""

    figure: str
    value: float

    @property
    def is_floor(self) -> bool:
        return self.figure in _FLOORS or _COSTS.get(self.figure, False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A requirement, held against one engine."""

    requirement: Requirement
    engine: str
    value: float | None

    @property
    def met(self) -> bool:
        """A figure that is not defined meets nothing."""
        if self.value is None:
            return False
        return (
            self.value >= self.requirement.value if self.requirement.is_floor else self.value <= self.requirement.value
        )

    def __str__(self) -> str:
        found = "not defined" if self.value is None else f"{self.value:.4g}"
        side = "at least" if self.requirement.is_floor else "at most"
        return f"{self.requirement.figure} of {self.engine} is {found}, wanted {side} {self.requirement.value:g}"


def requirement(written: str) -> Requirement:
    """What "macro_f1=0.7" asks for. Raises ValueError."""
    known = [*_FLOORS, *_CEILINGS, *_COSTS]
    figure, _, number = (part.strip() for part in written.partition("="))
    if figure not in known:
        near = difflib.get_close_matches(figure, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        raise ValueError(f'--require "{written}" names no figure: {hint}')
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'--require "{written}" needs a number: --require {figure}=0.7')
    return Requirement(figure=figure, value=value)


def check(results: Sequence[Result], requirements: Sequence[Requirement]) -> list[Checked]:
    """Every requirement against every engine."""
    return [
        Checked(requirement=wanted, engine=result.engine, value=_value(result, wanted.figure))
        for result in results
        for wanted in requirements
    ]


def as_json(task: Task, results: Sequence[Result], checked: Sequence[Checked]) -> str:
    """One JSON object; a figure that is not defined is null."""
    found = {
        "file": task.path.name,
        "labels": {label.name: label.description for label in task.labels},
        "mode": task.mode,
        "threshold": task.threshold,
        "engines": [_engine(result) for result in results],
        "required": [
            {
                "engine": one.engine,
                "figure": one.requirement.figure,
                "value": one.value,
                "floor" if one.requirement.is_floor else "ceiling": one.requirement.value,
                "met": one.met,
            }
            for one in checked
        ],
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def as_table(task: Task, results: Sequence[Result], checked: Sequence[Checked]) -> str:
    """The engines side by side, then each one's labels."""
    return "\n".join(
        [*_engines(task, results), *(line for one in results for line in _labels(one)), *_met(checked), ""]
    )


def _engine(result: Result) -> dict[str, Any]:
    found = asdict(result)
    figures = found.pop("figures")
    return {**found, **figures}


def _engines(task: Task, results: Sequence[Result]) -> Iterator[str]:
    posts = f"{counted(len(task.posts), 'post')} of {one_line(task.path.name, 60)}"
    yield f"{posts}, {counted(len(task.labels), 'label')}, {task.mode}, alerts above {exact_percent(task.threshold)}"
    if task.fit:
        yield "Scale and bias are fitted to every second post; the figures are those of the others."
    if without := max((result.without_text for result in results), default=0):
        yield f"{without} of them have no letter: they are put to no model, and count as scored 0."
    yield ""
    if not results:
        return
    width = max(len("engine"), *(len(_short(result.engine)) for result in results))
    yield f"{'engine':<{width}}  {'  '.join(_ENGINES)}  texts/s  MiB"
    for result in results:
        cells = [_cell(getattr(result.figures, name), len(head)) for head, name in _ENGINES.items()]
        costs = f"{result.texts_per_s:>7.1f}  {result.memory_mib:>3.0f}"
        yield f"{_short(result.engine):<{width}}  {'  '.join(cells)}  {costs}"


def _labels(result: Result) -> Iterator[str]:
    yield ""
    revision = f", revision {result.model.revision}" if result.model.revision else ""
    yield f'{result.model}{revision}, template "{one_line(result.template, 80)}"'
    if result.calibration is not None:
        yield f'fitted: CLASSIFIER_CALIBRATION="{result.calibration}"'
    width = max(len("label"), *(len(_short(label.name)) for label in result.figures.labels))
    yield f"{'label':<{width}}  posts  alerts  {'  '.join(f'{head:>5}' for head in _LABELS)}"
    for label in result.figures.labels:
        cells = [_cell(getattr(label, name), max(len(head), 5)) for head, name in _LABELS.items()]
        yield f"{_short(label.name):<{width}}  {label.posts:>5}  {label.alerts:>6}  {'  '.join(cells)}"


def _met(checked: Sequence[Checked]) -> Iterator[str]:
    if checked:
        yield ""
    for one in checked:
        yield f"{'met' if one.met else 'MISSED'}: {one}"


def _value(result: Result, figure: str) -> float | None:
    value: float | None = attrgetter(figure)(result if figure in _COSTS else result.figures)
    return value


def _cell(value: float | None, width: int) -> str:
    return f"{'-' if value is None else f'{value:.3f}':>{width}}"


def _short(name: str) -> str:
    return one_line(name, _LONGEST_NAME)
