"""Every alert once: played twice, or killed half-way and started again."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from bot.demo import SAMPLE
from tests.acceptance.program import ALERT, environment, lapwing

STEER = "/watch @vendor_sec @nimbus_status @portkell_fire @westmoor_wx\n/labels set security, outage, fire, storm\n"


def test_the_same_database_played_twice_gives_no_second_alert(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "lapwing.db", "replay_file": SAMPLE, "replay_speed": "max"}

    first = lapwing("run", typed=STEER, settings=settings)
    second = lapwing("run", typed="/wait\n/alerts\n", settings=settings)

    assert (first.status, second.status) == (0, 0), first.err + second.err
    assert len(first.alerts) > 30
    assert second.alerts == []
    assert "The latest 10 alerts here" in second.out


def test_another_file_with_the_same_posts_gives_no_second_alert(tmp_path: Path) -> None:
    """The position in the file is no help here: the posts themselves are known."""
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(b'{"id": "1", "author": "nobody", "text": "A first line that makes this another file."}\n')
    copy.write_bytes(copy.read_bytes() + SAMPLE.read_bytes())
    settings = {"database": tmp_path / "lapwing.db", "replay_file": SAMPLE, "replay_speed": "max"}

    lapwing("run", typed=STEER, settings=settings)
    again = lapwing("run", typed="/wait\n/health\n", settings=settings | {"replay_file": copy})

    assert again.status == 0, again.err
    assert again.alerts == []
    assert ", 0 new posts since the start" in again.out
    assert ", 0 seen before" not in again.out


def test_a_replay_killed_half_way_and_started_again_gives_each_alert_once(tmp_path: Path) -> None:
    settings = {"replay_file": SAMPLE, "replay_speed": "max"}
    whole = lapwing("run", typed=STEER, settings=settings | {"database": tmp_path / "whole.db"})
    broken = settings | {"database": tmp_path / "broken.db"}

    before = kill_after(alerts=20, typed=STEER + "/wait\n", settings=broken)
    after = lapwing("run", typed="/wait\n", settings=broken)

    assert after.status == 0, after.err
    shown = Counter(posts_alerted(before) + posts_alerted(after.out))
    assert shown == Counter(posts_alerted(whole.out))
    assert 20 <= len(posts_alerted(before)) < len(posts_alerted(whole.out)), "it was killed half-way"


def posts_alerted(out: str) -> list[tuple[str, str]]:
    return [(found[4], found[5]) for found in ALERT.finditer(out)]


def kill_after(alerts: int, typed: str, settings: dict[str, object]) -> str:
    """Type, read until so many alerts were shown, then SIGKILL; returns all that was shown."""
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(**settings),
    )
    assert program.stdin is not None
    assert program.stdout is not None
    with program:
        program.stdin.write(typed.encode())
        program.stdin.flush()
        shown = b""
        while shown.count(b"\nALERT ") < alerts:
            line = program.stdout.readline()
            assert line, "the program ended before it was killed"
            shown += line
        program.kill()
        return (shown + program.stdout.read()).decode()
