"""Scores as bars, each beside the threshold it had to exceed. Pure."""

from collections.abc import Iterable

from bot.cards import percent
from storage.types import LabelScore

WIDTH = 20


def bars(scores: Iterable[LabelScore]) -> list[str]:
    """A line a label: "██████████████████░░ 91% security, above 40%, default"."""
    return [f"{_bar(one.score)} {percent(one.score):>4} {one.label}, {against_threshold(one)}" for one in scores]


def against_threshold(one: LabelScore) -> str:
    """ "above 40%, default" or "not above 60%, set for the label"."""
    return f"{'above' if one.above else 'not above'} {percent(one.threshold)}, {one.threshold_source}"


def _bar(score: float) -> str:
    full = int(score * WIDTH + 1e-9)  # rounded down, as the percentage beside it
    return "█" * full + "░" * (WIDTH - full)
