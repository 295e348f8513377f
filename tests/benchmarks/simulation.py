"""A day of faults in seconds: three seeds, every invariant asked at the end of each.

    python -m tests.benchmarks.simulation [--seed N] [--hours H]

Exit status 1 when an invariant does not hold or a day takes longer than 20 s. `--seed` lives one day again, the same as
it was but for the keys of its deliveries; what was wrong is told on standard error. The database lies in memory where
there is a place for it (/dev/shm), with `synchronous=OFF`: the time is that of the program, not of a disk.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.report import Figure, finish
from tests.fakes.simulation.day import Plan, live
from tests.fakes.simulation.verdict import judge

SEEDS = (1, 2, 3)
HOURS = 24.0
POSTS_AN_HOUR = 20_400 / HOURS
MOST_S = 20.0
_IN_MEMORY = Path("/dev/shm")


def main() -> int:
    """Live the days, report."""
    parser = argparse.ArgumentParser(description="A day of faults in seconds.")
    parser.add_argument("--seed", type=int, help="live this day only")
    parser.add_argument("--hours", type=float, default=HOURS)
    asked = parser.parse_args()
    figures, days = [], {}
    for seed in SEEDS if asked.seed is None else (asked.seed,):
        plan = Plan(seed=seed, hours=asked.hours, posts=round(POSTS_AN_HOUR * asked.hours))
        with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
            started, worked = time.monotonic(), time.process_time()
            day = live(plan, Path(folder) / "lapwing.db")
            took_s, worked_s = time.monotonic() - started, time.process_time() - worked
            verdict = judge(day)
        if verdict.problems:
            sys.stderr.write(f"seed {seed}:\n{verdict}\n")
        figures += [
            Figure(name=f"a day of seed {seed}, s", value=took_s, ceiling=MOST_S),
            Figure(name=f"invariants broken with seed {seed}", value=len(verdict.problems), ceiling=0),
            Figure(name=f"posts with seed {seed}", value=verdict.figures["posts"], floor=plan.posts),
        ]
        days[f"seed {seed}"] = {**verdict.figures, "processor_s": round(worked_s, 1)}
    return finish("simulation", figures, **days)


if __name__ == "__main__":
    sys.exit(main())
