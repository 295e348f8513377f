"""Bytes of the stream -> lines -> what they say. Pure."""

import json
from dataclasses import dataclass

from sources.types import Deletion
from sources.x.objects import Known, Tweet, read
from sources.x.problems import Problem, problem_in

MOST_BYTES = 2**20
"""How long a line may be; X's longest have some 100 kB."""

_SHOWN = 40  # bytes of a line that cannot be read


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What a line of the stream said; nothing at all for a keep-alive."""

    tweets: tuple[Tweet, ...] = ()
    deleted: tuple[Deletion, ...] = ()
    problem: Problem | None = None
    skipped: tuple[str, ...] = ()
    """What could not be read of it, and why."""

    broken: bool = False
    """Whether a post may have stood in it that X can give again."""


class Lines:
    """Cuts what arrives into lines. What is left when the connection ends is half a line: nobody can read it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._rest = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that are whole now, without their ends; a keep-alive is an empty one, one too long is b"?"."""
        *whole, rest = chunk.split(b"\n")
        lines = [self._finish(piece) for piece in whole]
        self._keep(rest)
        return lines

    def _finish(self, piece: bytes) -> bytes:
        self._keep(piece)
        line = b"?" if self._too_long else bytes(self._rest).strip()
        self._rest.clear()
        self._too_long = False
        return line

    def _keep(self, piece: bytes) -> None:
        if self._too_long or len(self._rest) + len(piece) > self._most_bytes:
            self._too_long = True
            self._rest.clear()
        else:
            self._rest += piece


def read_line(line: bytes, known: Known | None = None) -> Line:
    """What a whole line says. Never raises: what cannot be read is named in `skipped`."""
    if not line:
        return Line()
    try:
        payload = json.loads(line)
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, and thousands of brackets
        return Line(skipped=(f"a line that is no JSON: {line[:_SHOWN]!r}",), broken=True)
    found = read(payload, known)
    if found.tweets or found.deleted:
        return Line(tweets=found.tweets, deleted=found.deleted)
    if problem := problem_in(payload):
        return Line(problem=problem, skipped=found.skipped)
    return Line(skipped=found.skipped or ("a line without data",))
