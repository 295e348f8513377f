"""Lines of a file or a pipe as they come, read by a thread that never keeps the program alive."""

import os
import threading
from collections.abc import Callable, Iterator

_CHUNK = 65_536

HandOver = Callable[[bytes | OSError | None], None]
"""Gets each line, then None at the end; in place of the end an OSError when reading fails."""


def read_in_thread(descriptor: int, hand_over: HandOver) -> None:
    """Start reading. `hand_over` is called on the thread, and may block it.

    Reads the descriptor itself: a daemon thread that is inside sys.stdin when the program ends aborts the interpreter.
    """
    threading.Thread(target=_read, args=(descriptor, hand_over), name="reader", daemon=True).start()


def _read(descriptor: int, hand_over: HandOver) -> None:
    try:
        for line in _lines(descriptor):
            hand_over(line)
    except OSError as error:
        hand_over(error)
    else:
        hand_over(None)


def _lines(descriptor: int) -> Iterator[bytes]:
    rest = b""
    while chunk := os.read(descriptor, _CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest
