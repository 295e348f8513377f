"""Values that people type: percentages and lists of labels. Pure; raises ValueError whose message is for people."""

import csv
import re
import unicodedata
from collections.abc import Iterable

from bot.commands.errors import shown

MOST_LABELS = 20
LONGEST_LABEL = 60
_LONGEST_LIST = 10_000  # characters; csv gives up at 131,072 with a misleading reason
RESERVED = frozenset({"list", "all", "help", "on", "off"})

_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_NUMBER = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*(%?)")


def straight_quotes(text: str) -> str:
    """Curly quotes count as quotes: telephones type them unasked."""
    return text.translate(_STRAIGHT)


def percentage(text: str) -> float:
    """60, 60% and 0.6 are the same: 0.6."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        raise ValueError(f'"{shown(text)}" is not a percentage.')
    number, sign = float(found[1].replace(",", ".")), found[2]
    if number == 1 and not sign:
        raise ValueError('"1" can be read in two ways: 1% or 100%?')
    share = number if number < 1 and not sign else number / 100
    if not 0.01 <= share <= 0.99:
        raise ValueError(f"{shown(text)} is not possible. Use 1% to 99%.")
    return share


def label_names(text: str) -> list[str]:
    """Names separated by commas, in quotes where a name holds one. They are not checked against each other."""
    line = re.sub('" +,', '",', " ".join(straight_quotes(text).split()))  # csv wants a comma right behind a quote
    if len(line) > _LONGEST_LIST:
        raise ValueError(f"The list of labels is too long: {_LONGEST_LIST} characters at most.")
    try:
        (names,) = csv.reader([line], skipinitialspace=True, strict=True)
    except csv.Error:
        raise ValueError(f"In {shown(text)} a quote is not closed, or stands inside a word.") from None
    return [name.strip() for name in names if name.strip()]


def check_names(names: Iterable[str]) -> None:
    """Whether these can be a channel's labels."""
    seen: dict[str, str] = {}
    for name in names:
        _check_name(name)
        if (other := seen.get(name.casefold())) is not None:
            same = "stands twice" if other == name else f'and "{other}" differ only in case'
            raise ValueError(f'"{name}" {same}.')
        seen[name.casefold()] = name
    if not seen:
        raise ValueError("Labels are missing.")
    if len(seen) > MOST_LABELS:
        raise ValueError(f"{len(seen)} labels are too many: {MOST_LABELS} a channel at most.")


def _check_name(name: str) -> None:
    if not any(character.isalnum() for character in name):
        raise ValueError(f'"{shown(name)}" is not a label: it has no letter.')
    if len(name) > LONGEST_LABEL:
        raise ValueError(f'"{shown(name)}" is too long: {LONGEST_LABEL} characters at most.')
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise ValueError(f'"{shown(name)}" has a control character.')
    if name.casefold() in RESERVED:
        raise ValueError(f'"{name}" is a reserved word and cannot be a label.')
