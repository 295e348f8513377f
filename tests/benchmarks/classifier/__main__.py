"""How fast the engines are against transformers' pipeline: python -m tests.benchmarks.classifier [PART ...]

Reference and engine take turns on the same posts, labels and weights, in one process, on the same threads; a figure is
the median over the rounds of how many times as fast the engine was. The weights are random, in the shapes of the real
models: speed is real, scores only compare. Exit status 1 when a limit is missed.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from classifier import models
from tests.benchmarks.classifier.scene import Scene
from tests.benchmarks.report import Figure, finish

PARTS = ("bart_large", "deberta_v3_base", "minilm", "callers", "growth", "gpu")
"""Modules of this package. Each has `measure(scene) -> (figures, what more there is to know)`."""


def main() -> int:
    """Measure what was asked for, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.classifier", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=7, help="how often reference and engine take turns")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="for both")
    parser.add_argument("--models", type=Path, help="a folder where the made models stay for the next time")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: name any of {', '.join(PARTS)}")
    models.use_threads(asked.threads)
    figures: list[Figure] = []
    known: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(models=asked.models or Path(folder), rounds=asked.rounds)
        for part in asked.parts or PARTS:
            started = time.monotonic()
            found, more = importlib.import_module(f"{__package__}.{part}").measure(scene)
            figures += found
            known[part] = {**more, "took_s": round(time.monotonic() - started, 1)}
            for figure in found:
                sys.stderr.write(f"{part}: {figure.name}: {figure.row()}\n")
            sys.stderr.write(f"{part}: {known[part]}\n")
    return finish("classifier", figures, threads=asked.threads, **known)


if __name__ == "__main__":
    sys.exit(main())
