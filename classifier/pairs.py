"""From texts and hypotheses to rows of tokens, as the tokenizer makes them of pairs, but each text read only once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from classifier.rows import Row

_PROBE = ("The river rose.", "It is a flood.")

_MOST_HYPOTHESES = 4_096
"""Kept as tokens: labels stay while posts come and go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """What a tokenizer puts around the two parts of a pair."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    kinds: tuple[int, ...]
    """Of the five stretches: before, text, between, hypothesis, after."""

    def row(self, text: Sequence[int], hypothesis: Sequence[int]) -> Row:
        parts = (self.before, text, self.between, hypothesis, self.after)
        return Row(
            tokens=[token for part in parts for token in part],
            kinds=[kind for part, kind in zip(parts, self.kinds, strict=True) for _ in part],
        )


class PairTokenizer:
    """(text, hypothesis) -> Row. What exceeds the model is cut from the text, never from the hypothesis."""

    def __init__(self, tokenizer: Any, most_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._most_tokens = most_tokens
        self.room = most_tokens - tokenizer.num_special_tokens_to_add(pair=True)
        """Tokens for a text and a hypothesis together."""

        self.hypothesis = lru_cache(_MOST_HYPOTHESES)(self._part)
        """A hypothesis -> its tokens."""

        self._frame = self._find_frame()

    def rows(self, pairs: Sequence[tuple[str, str]]) -> list[Row]:
        """A row for each pair."""
        if self._frame is None:
            return self._whole(pairs)
        texts = {text: self._part(text) for text in dict.fromkeys(text for text, _ in pairs)}
        return [
            self._frame.row(self._cut(texts[text], len(self.hypothesis(hypothesis))), self.hypothesis(hypothesis))
            for text, hypothesis in pairs
        ]

    def _cut(self, text: Sequence[int], hypothesis: int) -> Sequence[int]:
        most = self.room - hypothesis
        if len(text) <= most:
            return text
        return text[-most:] if self._tokenizer.truncation_side == "left" else text[:most]

    def _part(self, text: str) -> tuple[int, ...]:
        """The tokens of one part; more than the model takes need not be known."""
        encoded = self._tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, truncation=True, max_length=self._most_tokens
        )
        return tuple(encoded["input_ids"])

    def _whole(self, pairs: Sequence[tuple[str, str]]) -> list[Row]:
        if not pairs:
            return []
        encoded = self._tokenizer(
            [text for text, _ in pairs],
            [hypothesis for _, hypothesis in pairs],
            truncation="only_first",
            max_length=self._most_tokens,
            split_special_tokens=True,
        )
        kinds = encoded.get("token_type_ids") or [()] * len(pairs)
        return [Row(tokens=row, kinds=kind) for row, kind in zip(encoded["input_ids"], kinds, strict=True)]

    def _find_frame(self) -> _Frame | None:
        """What stands around the parts of a pair, seen on one; None where a pair is not simply its parts, framed.

        A tokenizer written in Rust reads each part by itself and then frames them. Of others nobody knows.
        """
        if not self._tokenizer.is_fast:
            return None
        text, hypothesis = map(self._part, _PROBE)
        (whole,) = self._whole([_PROBE])
        first = _place(text, whole.tokens, 0)
        second = _place(hypothesis, whole.tokens, first + len(text))
        if min(first, second) < 0:
            return None
        ends = (0, first, first + len(text), second, second + len(hypothesis), len(whole.tokens))
        stretches = [slice(start, end) for start, end in pairwise(ends)]
        frame = _Frame(
            before=tuple(whole.tokens[stretches[0]]),
            between=tuple(whole.tokens[stretches[2]]),
            after=tuple(whole.tokens[stretches[4]]),
            kinds=tuple((*whole.kinds[stretch], 0)[0] for stretch in stretches),
        )
        remade = frame.row(text, hypothesis)
        same = list(remade.tokens) == list(whole.tokens) and (not whole.kinds or remade.kinds == list(whole.kinds))
        return frame if same else None


def _place(part: Sequence[int], tokens: Sequence[int], start: int) -> int:
    """Where the part stands in the tokens, from `start` on; -1 where it does not."""
    size = len(part)
    return next((at for at in range(start, len(tokens) - size + 1) if tuple(tokens[at : at + size]) == tuple(part)), -1)
