"""What every benchmark says at its end: figures beside their limits, as one JSON object on the last line, and an exit
status that a script can go by: 1 when a limit is missed."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"
"""Real posts, beside the checkout: never committed, and absent on most machines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A measured number, and the least or the most that it may be."""

    name: str
    value: float
    floor: float | None = None
    ceiling: float | None = None

    @property
    def holds(self) -> bool:
        above = self.floor is None or self.value >= self.floor
        return above and (self.ceiling is None or self.value <= self.ceiling)

    def row(self) -> dict[str, Any]:
        limits = {"floor": self.floor, "ceiling": self.ceiling}
        stated = {name: limit for name, limit in limits.items() if limit is not None}
        return {"value": round(self.value, 4), **stated, "holds": self.holds}


def finish(benchmark: str, figures: Sequence[Figure], **information: Any) -> int:
    """Print the result and return the exit status. `information` is for people and limits nothing."""
    holds = all(figure.holds for figure in figures)
    rows = {figure.name: figure.row() for figure in figures}
    sys.stdout.write(json.dumps({"benchmark": benchmark, "holds": holds, "figures": rows, **information}) + "\n")
    return 0 if holds else 1


def skip(benchmark: str, reason: str) -> int:
    """Say that nothing was measured, which is no failure, and return the exit status."""
    sys.stderr.write(f"{benchmark}: skipped, {reason}\n")
    sys.stdout.write(json.dumps({"benchmark": benchmark, "skipped": reason}) + "\n")
    return 0


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of one set of the shared data."""
    with (SHARED_DATA / name / "dev.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
