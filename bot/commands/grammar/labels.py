"""/labels and /threshold."""

import re

from bot.commands import values
from bot.commands.catalogue import example
from bot.commands.errors import UsageError, did_you_mean, shown
from bot.commands.grammar.words import alone, first, group, label_name, missing, valued
from bot.commands.types import (
    AddLabels,
    Command,
    DescribeLabel,
    ListLabels,
    ListThresholds,
    RemoveLabels,
    ResetThreshold,
    SetLabels,
    SetMode,
    SetThreshold,
)
from classifier.types import Label, Mode

_QUOTED_NAME = re.compile(r'("(?:[^"]|"")*+")(?!\S)(.*)', re.DOTALL)
_QUOTED_TEXT = re.compile(r'([^"]+)(?<!\S)("(?:[^"]|"")*+")')


def _set(text: str) -> Command:
    return SetLabels(labels=tuple(Label(name=name) for name in _names(text, "/labels set")))


def _add(text: str) -> Command:
    return AddLabels(labels=tuple(Label(name=name) for name in _names(text, "/labels add")))


def _remove(text: str) -> Command:
    return RemoveLabels(names=_names(text, "/labels remove"))


def _names(text: str, form: str) -> tuple[str, ...]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(values.label_names(text))
        values.check_names(names)
        return names

    return valued(read, text, form)


def _describe(text: str) -> Command:
    """A label and what the classifier is told: `x "text"`, `"a b" text`, or without quotes one word and the rest."""
    form = "/labels describe"
    typed, told = _name_and_description(text)
    if not typed:
        raise missing("A label", form)
    if not told:
        raise missing(f"A description of {shown(typed)}", form)
    return DescribeLabel(name=label_name(typed, form), description=valued(_description, told, form))


def _name_and_description(text: str) -> tuple[str, str]:
    line = values.straight_quotes(text)
    found = _QUOTED_NAME.fullmatch(line) or _QUOTED_TEXT.fullmatch(line)
    return (found[1].strip(), found[2].strip()) if found else first(line)


def _description(text: str) -> str:
    if text.count('"') % 2:
        raise ValueError(f"In {shown(text)} a quote is not closed.")
    description = values.unquoted(text)
    values.check_description(description)
    return description


def _mode(text: str) -> Command:
    if not text:
        raise UsageError("A mode is missing: independent or exclusive.", example("/labels mode"))
    try:
        return SetMode(mode=Mode(text.casefold()))
    except ValueError:
        hint = did_you_mean(text, list(Mode)) or f" There are {' and '.join(Mode)}."
        raise UsageError(f'"{shown(text)}" is not a mode.{hint}', example("/labels mode")) from None


def _set_threshold(text: str) -> Command:
    form = "/threshold set"
    number, typed = first(text)
    if not number:
        raise missing("A percentage", form)
    return SetThreshold(threshold=valued(values.percentage, number, form), label=label_name(typed, form))


def _reset_threshold(text: str) -> Command:
    return ResetThreshold(label=label_name(text, "/threshold reset"))


labels = group(
    "/labels",
    {
        "list": alone("/labels list", ListLabels()),
        "set": _set,
        "add": _add,
        "remove": _remove,
        "describe": _describe,
        "mode": _mode,
    },
    bare="list",
)

threshold = group(
    "/threshold",
    {"list": alone("/threshold list", ListThresholds()), "set": _set_threshold, "reset": _reset_threshold},
    bare="list",
)
