"""Weather: what is wrong when. Scripted from a seed before the day begins, so that a failing day can be lived again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0

FINE_UNTIL_S = 2 * MINUTE_S
"""Nothing goes wrong before: people set their channels up."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One kind of trouble, from one second of the day to another, both at whole microseconds."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Climate:
    """How often a kind of trouble comes in a day of 24 hours, and how long it stays."""

    kind: str
    times: int
    shortest_s: float
    longest_s: float


class Weather:
    """Spells of trouble; where several meet, the first of them counts."""

    def __init__(self, spells: Sequence[Spell]) -> None:
        self.spells = tuple(spells)

    def at(self, second: float) -> str:
        """The kind of trouble there is; empty while the weather is fine."""
        return next((spell.kind for spell in self.spells if spell.start_s <= second < spell.end_s), "")

    def next_start(self, second: float) -> float:
        """When the next spell begins after this one; infinity when none does."""
        return min((spell.start_s for spell in self.spells if spell.start_s > second), default=float("inf"))


def forecast(climates: Sequence[Climate], *, chance: random.Random, day_s: float) -> Weather:
    """Spells between `FINE_UNTIL_S` and the end of a day; a shorter day has fewer of them, but one of each kind."""
    spells = []
    for climate in climates:
        for _ in range(max(1, round(climate.times * day_s / (24 * HOUR_S)))):
            lasts = min(chance.uniform(climate.shortest_s, climate.longest_s), day_s / 3)
            start = round(chance.uniform(FINE_UNTIL_S, day_s - lasts), 6)
            spells.append(Spell(climate.kind, start, round(start + lasts, 6)))
    return Weather(spells)
