"""Sixty alerts at once for one channel; the full pace is in tests/benchmarks/slack_flood.py."""

from pathlib import Path

from tests.benchmarks.slack_flood import figures, flood


async def test_a_flood_is_paced_in_order_and_whole_and_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    came = await flood(tmp_path, alerts=60, within_s=1.0, pace_s=0.1)

    missed = [figure for figure in figures(came, alerts=60, within_s=1.0, pace_s=0.1) if not figure.holds]
    assert missed == []
