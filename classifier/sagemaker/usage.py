"""What an endpoint was asked so far: each call costs money."""

import threading
from collections import Counter

from classifier.sagemaker.faults import Fault

_UNUSABLE = "unusable"


class Usage:
    """Counts since the start. Shared by the threads that call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._texts = 0
        self._failed: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        """Calls that were begun, whatever came of them."""
        return self._calls

    @property
    def texts(self) -> int:
        """Texts that were answered; one that was asked again counts again."""
        return self._texts

    def called(self) -> None:
        with self._lock:
            self._calls += 1

    def answered(self, texts: int) -> None:
        with self._lock:
            self._texts += texts

    def failed(self, fault: Fault) -> None:
        with self._lock:
            self._failed[fault] += 1

    def unusable(self) -> None:
        """An answer came, and nothing could be made of it."""
        with self._lock:
            self._failed[_UNUSABLE] += 1

    def sentence(self) -> str:
        """ "1,204 calls about 602 texts since the start (3 throttled, 1 timed out)."."""
        with self._lock:
            failed = ", ".join(f"{count:,} {what}" for what, count in sorted(self._failed.items()))
            said = f"{_counted(self._calls, 'call')} about {_counted(self._texts, 'text')} since the start"
        return f"{said} ({failed})." if failed else f"{said}."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
