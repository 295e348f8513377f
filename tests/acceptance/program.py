"""Runs the real program in a process of its own, as a person would."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT_S = 110
ALERT = re.compile(r"^ALERT (\d+) (.+?) (\d+)% (@\S+): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def alerts(self) -> list[int]:
        """The numbers of the alerts shown, in order."""
        return [int(found[1]) for found in ALERT.finditer(self.out)]


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with these settings and none of its own."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {"HF_HUB_OFFLINE": "1"} | {name.upper(): str(value) for name, value in settings.items()}


def lapwing(*arguments: str, typed: str = "", settings: Mapping[str, object] | None = None) -> Ended:
    """Run `lapwing` to its end with these lines typed into it."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=typed.encode("utf-8", "surrogateescape"),
        capture_output=True,
        timeout=TIME_LIMIT_S,
        env=environment(**(settings or {})),
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def write_posts(path: Path, posts: Iterable[Mapping[str, object]]) -> Path:
    """A replay file of these posts."""
    path.write_text("".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8")
    return path
