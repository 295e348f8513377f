"""Lives of the real program at little cost: forked from a process that has imported everything and started nothing."""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.acceptance.program import environment
from tests.fakes.program import Life, live

ROOT = Path(__file__).parents[2]
BROKE = 70
LONGEST_S = 30
"""A life that takes longer hangs; the signal that ends it shows in its status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a life ended: its exit status, below 0 the signal that killed it, and what it had said."""

    status: int
    said: str


class Nursery:
    """Bears lives, one at a time. It has no threads and no event loop of its own, so that a fork of it is whole."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.nursery"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def live(self, life: Life, settings: Mapping[str, object], said: Path) -> Ended:
        """One life from its start to its end; what it says goes to the file `said`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wish = {"life": asdict(life), "settings": {name: str(value) for name, value in settings.items()}}
        self._process.stdin.write(json.dumps(wish | {"said": str(said)}) + "\n")
        self._process.stdin.flush()
        return Ended(status=int(self._process.stdout.readline()), said=said.read_text(encoding="utf-8"))


def _bear() -> None:
    """A life for each line of standard input; its exit status for a line of standard output."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _live_and_end(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live_and_end(wish: dict[str, Any]) -> None:
    """In the child; never returns."""
    status = BROKE
    try:
        signal.alarm(LONGEST_S)
        _turn_to(wish["said"])
        os.environ.update(environment(**wish["settings"]))
        live(Life(**wish["life"]))
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _turn_to(said: str) -> None:
    """Hear nothing, and say everything into this file."""
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    for stream in (sys.stdout, sys.stderr):
        os.dup2(out, stream.fileno())


if __name__ == "__main__":
    _bear()
