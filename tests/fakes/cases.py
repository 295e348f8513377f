"""Texts and labels as nobody would think of them, drawn, and the same every time."""

import random
from dataclasses import dataclass

from classifier.types import Mode

_WORDS = (
    *("the", "river", "broke", "its", "banks", "harbour", "road", "water", "tonight", "goal", "patch", "login", "a,"),
    *("RT", "@news", "https://example.org/x", "#Hochwasser", "Überschwemmung", "наводнение", "洪水", "في", "दिल्ली"),
    *("🌊", "👩\u200d🚒", "e\u0301", "\u200b", "{}", "{0}", "100%", "ＡＢＣ", "𝔘𝔫𝔦"),
    *("[MASK]", "<b>", "\t", "\r\n", "«", "\x07"),
)
_CHARACTERS = ["x", ".", "é", "水", "🌊", "\u202e", "ß", "7"]
_LONG = 10_000
_MOST_LABELS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A text for a set of labels."""

    text: str
    labels: tuple[str, ...]
    mode: Mode


def draw(count: int, seed: int) -> list[Case]:
    """So many cases: mostly a post and a few labels, every tenth something extreme."""
    chance = random.Random(seed)
    return [_case(chance, number) for number in range(count)]


def _case(chance: random.Random, number: int) -> Case:
    labels = _MOST_LABELS if number % 50 == 7 else chance.randint(1, 6)
    return Case(
        text=_text(chance, number),
        labels=tuple(dict.fromkeys(_label(chance) for _ in range(labels))),
        mode=chance.choice(list(Mode)),
    )


def _text(chance: random.Random, number: int) -> str:
    if number % 10 == 3:
        return chance.choice(_CHARACTERS)
    if number % 10 == 6:
        return (_words(chance, 200) + " ") * (_LONG // 200) if number % 20 == 6 else chance.choice(_CHARACTERS) * _LONG
    return _words(chance, chance.randint(2, 60))


def _label(chance: random.Random) -> str:
    """Short enough for every model, and never without a letter: the pipeline strips labels, and refuses braces."""
    return "l" + _words(chance, chance.randint(1, 12)).replace("{", "").replace("}", "").strip() + "."


def _words(chance: random.Random, most: int) -> str:
    """Words of together at most so many characters, or one word."""
    found = chance.choice(_WORDS)
    while len(more := f"{found} {chance.choice(_WORDS)}") <= most:
        found = more
    return found
