"""How fast the sources read, each figure beside its limit: python -m tests.benchmarks.sources [PART ...]

Without a name all parts are measured, one after the other, about a minute. Exit status 1 when a limit is missed.
"""

import argparse
import asyncio
import importlib
import sys
import time

from tests.benchmarks.report import Figure, finish

PARTS = ("jetstream", "feeds", "x_stream")
"""Modules of this package. Each has `async measure() -> list[Figure]`."""


def main() -> int:
    """Measure what was asked for, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sources", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; all when none is named")
    asked = parser.parse_args().parts or PARTS
    if unknown := set(asked) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: name any of {', '.join(PARTS)}")
    figures: list[Figure] = []
    took_s: dict[str, float] = {}
    for part in asked:
        started = time.monotonic()
        figures += (found := asyncio.run(importlib.import_module(f"{__package__}.{part}").measure()))
        took_s[part] = round(time.monotonic() - started, 1)
        for figure in found:
            sys.stderr.write(f"{part}: {figure.name}: {figure.row()}\n")
    return finish("sources", figures, took_s=took_s)


if __name__ == "__main__":
    sys.exit(main())
