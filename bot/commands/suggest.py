"""What may come next while somebody types: what a chat offers in a list under the line. Pure."""

from enum import StrEnum

from bot.commands.catalogue import CATALOGUE, FILTERS
from bot.commands.values import quoted
from storage.types import Channel

MOST = 25

_UNITS = "mhdw"
_DURATIONS = ("15m", "30m", "1h", "2h", "4h", "8h", "1d", "3d", "1w", "2w")


class Suggest(StrEnum):
    """What is being typed."""

    ACCOUNTS = "accounts"
    LABEL = "label"
    LABELS = "labels"
    DURATION = "duration"
    TARGET = "target"
    """An account or a label: whose alerts are paused."""

    TOPIC = "topic"


def suggestions(channel: Channel, wanted: Suggest, typed: str) -> list[str]:
    """What this channel has that begins with, or else holds, what was typed; at most 25.

    Of several accounts or labels only the last is completed, and those before it stay and are not offered again.
    """
    match wanted:
        case Suggest.ACCOUNTS:
            return _completed(typed, _accounts(channel))
        case Suggest.LABELS:
            return _completed(typed, _labels(channel))
        case Suggest.LABEL:
            return _fitting(typed, _labels(channel))
        case Suggest.TARGET:
            return _fitting(typed, [*_labels(channel), *_accounts(channel)])
        case Suggest.DURATION:
            return _durations(typed.strip())
        case Suggest.TOPIC:
            return _fitting(typed, [one.word.removeprefix("/") for one in (*CATALOGUE, FILTERS)])


def _durations(typed: str) -> list[str]:
    if typed.isdecimal():
        return [f"{typed}{unit}" for unit in _UNITS]
    whole = typed[:-1].isdecimal() and typed[-1] in _UNITS
    return [typed] if whole else _fitting(typed, list(_DURATIONS))


def _accounts(channel: Channel) -> list[str]:
    return [str(watch.account) for watch in channel.watches]


def _labels(channel: Channel) -> list[str]:
    return [quoted(label.name) for label in channel.labels]


def _completed(typed: str, candidates: list[str]) -> list[str]:
    begun, comma, last = typed.rpartition(",")
    before = f"{begun}{comma} " if comma else ""
    said = {part.strip().lower() for part in begun.split(",")}
    return [f"{before}{one}" for one in _fitting(last, [one for one in candidates if one.lower() not in said])]


def _fitting(typed: str, candidates: list[str]) -> list[str]:
    """Those that begin with it first."""
    sought = typed.strip().strip('"@').lower()
    holding = [one for one in candidates if sought in one.lower()]
    return sorted(holding, key=lambda one: not one.lower().strip('"@').startswith(sought))[:MOST]
