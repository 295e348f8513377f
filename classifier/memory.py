"""What the model has said before: retweets, and a post that many copy, are not scored twice."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

Pair = tuple[str, str]
"""A text and a hypothesis."""

Said = tuple[float, float]
"""Entailment and contradiction, in the order of Logits."""


class _Count(threading.local):
    pairs = 0


_recalled = _Count()


def recalled() -> int:
    """How many pairs memories have answered on this thread so far: whoever times a model there must leave them out."""
    return _recalled.pairs


class Memory:
    """The latest used pairs with their logits, at most `most`. One call at a time.

    A text counts by its checksum of 16 bytes, so that a pair takes the same memory however long its text is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._said: OrderedDict[tuple[bytes, str], Said] = OrderedDict()

    def recall(self, pairs: Iterable[Pair]) -> dict[Pair, Said]:
        """Those of the pairs that are known."""
        found: dict[Pair, Said] = {}
        sums: dict[str, bytes] = {}
        for text, hypothesis in pairs:
            if text not in sums:
                sums[text] = _checksum(text)
            key = (sums[text], hypothesis)
            if key in self._said:
                self._said.move_to_end(key)
                found[text, hypothesis] = self._said[key]
        _recalled.pairs += len(found)
        return found

    def keep(self, said: Iterable[tuple[Pair, Said]]) -> None:
        """Remember these, and forget what was not used for longest."""
        for (text, hypothesis), logits in said:
            self._said[_checksum(text), hypothesis] = logits
        while len(self._said) > self._most:
            self._said.popitem(last=False)


def _checksum(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
