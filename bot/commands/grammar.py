"""What people type -> Command. Pure: nobody is asked, nothing is looked up.

A line is a command or a UsageError, never half a command: invalid arguments do not count as no arguments.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from bot.commands import values
from bot.commands.catalogue import CATALOGUE, entry
from bot.commands.errors import UsageError, did_you_mean, shown
from bot.commands.types import (
    AddWatches,
    Command,
    Help,
    Judge,
    ListAlerts,
    ListLabels,
    ListWatches,
    RemoveWatches,
    SetLabels,
    SetMode,
    SetThreshold,
    ShowHealth,
    TryText,
)
from classifier.types import Label, Mode
from sources.accounts import fold, parse_handle
from sources.types import Handle
from storage.types import AlertId, Judged

LONGEST_TEST = 10_000

_ALERT_NUMBER = re.compile(r"#?([0-9]{1,15})")

T = TypeVar("T")
V = TypeVar("V")


def parse(text: str) -> Command:
    """The command in a line. Raises UsageError, and nothing else, on any text."""
    word, rest = _first(text)
    folded = word.casefold()
    if folded not in _PARSERS:
        known = ", ".join(one.word for one in CATALOGUE)
        hint = did_you_mean(folded, _PARSERS) or f" I know {known}."
        raise UsageError(f'"{shown(word)}" is not a command.{hint}', "/help")
    return _PARSERS[folded](rest)


def _watch(rest: str) -> Command:
    return AddWatches(handles=_handles(rest, "/watch")) if rest else ListWatches()


def _unwatch(rest: str) -> Command:
    if not rest:
        raise UsageError("An account is missing.", _example("/unwatch"))
    return RemoveWatches(handles=_handles(rest, "/unwatch"))


def _labels(rest: str) -> Command:
    verb, arguments = _first(rest)
    match verb.casefold():
        case "" | "list":
            _nothing_more(arguments, "/labels list")
            return ListLabels()
        case "set":
            return _set_labels(arguments)
        case "mode":
            return SetMode(mode=_mode(arguments))
    raise _unknown_verb("/labels", verb, ("list", "set", "mode"))


def _set_labels(text: str) -> Command:
    names = _valued(values.label_names, text, "/labels")
    _valued(values.check_names, names, "/labels")
    return SetLabels(labels=tuple(Label(name=name) for name in names))


def _mode(text: str) -> Mode:
    try:
        return Mode(text.casefold())
    except ValueError:
        hint = did_you_mean(text, [mode.value for mode in Mode])
        example = "/labels mode independent"
        problem = f'"{shown(text)}" is not a mode.{hint}' if text else "A mode is missing: independent or exclusive."
        raise UsageError(problem, example) from None


def _threshold(rest: str) -> Command:
    verb, arguments = _first(rest)
    if verb.casefold() != "set":
        raise _unknown_verb("/threshold", verb, ("set",))
    number, typed = _first(arguments)
    if not number:
        raise UsageError("A percentage is missing.", _example("/threshold"))
    share = _valued(values.percentage, number, "/threshold")
    label = " ".join(values.straight_quotes(typed).strip(' "').split())
    if typed and not label:  # empty quotes are no wish to change the whole channel
        raise UsageError(f"{shown(typed)} is not a label.", _example("/threshold"))
    return SetThreshold(threshold=share, label=label)


def _alerts(rest: str) -> Command:
    verb, arguments = _first(rest)
    if verb.casefold() not in {"", "list"}:
        raise _unknown_verb("/alerts", verb, ("list",))
    _nothing_more(arguments, "/alerts list")
    return ListAlerts()


def _test(rest: str) -> Command:
    if not rest:
        raise UsageError("A text is missing.", _example("/test"))
    if len(rest) > LONGEST_TEST:
        raise UsageError(f"The text is too long: {LONGEST_TEST} characters at most.", _example("/test"))
    return TryText(text=rest)


def _judge(judged: Judged) -> Callable[[str], Command]:
    def parse_number(rest: str) -> Command:
        found = _ALERT_NUMBER.fullmatch(rest)
        if not found:
            problem = (
                f'"{shown(rest)}" is not the number of an alert.' if rest else "The number of an alert is missing."
            )
            raise UsageError(problem, _example("+1"))
        return Judge(alert=AlertId(int(found[1])), judged=judged)

    return parse_number


def _health(rest: str) -> Command:
    _nothing_more(rest, "/health")
    return ShowHealth()


def _help(rest: str) -> Command:
    if rest and entry(_topic(rest)) is None:
        hint = did_you_mean(_topic(rest), [one.word for one in CATALOGUE])
        raise UsageError(f'"{shown(rest)}" is not a command.{hint}', "/help labels")
    return Help(topic=_topic(rest) if rest else "")


_PARSERS: dict[str, Callable[[str], Command]] = {
    "/watch": _watch,
    "/unwatch": _unwatch,
    "/labels": _labels,
    "/threshold": _threshold,
    "/alerts": _alerts,
    "/test": _test,
    "+1": _judge(Judged.RELEVANT),
    "-1": _judge(Judged.NOT_RELEVANT),
    "/health": _health,
    "/help": _help,
}


def _first(text: str) -> tuple[str, str]:
    """The first word and the rest, at whatever white space divides them; empty where there is none."""
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0].strip() if rest else ""


def _handles(text: str, word: str) -> tuple[Handle, ...]:
    """Each account once, in the spelling it was first given."""
    handles: dict[Handle, Handle] = {}
    for part in filter(None, re.split(r"[\s,]+", text)):
        handle = _handle(part, word)
        handles.setdefault(fold(handle), handle)
    if not handles:
        raise UsageError("An account is missing.", _example(word))
    return tuple(handles.values())


def _handle(part: str, word: str) -> Handle:
    try:
        return parse_handle(part)
    except ValueError as error:
        problem, _, example = str(error).rpartition(" Example: ")  # one example is enough: theirs, as a whole command
        raise UsageError(problem, f"{word} {example}") from None


def _valued(read: Callable[[V], T], text: V, word: str) -> T:
    """What `read` makes of a value, its ValueError told as the usage error of a command."""
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(str(error), _example(word)) from None


def _unknown_verb(word: str, verb: str, verbs: tuple[str, ...]) -> UsageError:
    if not verb:
        return UsageError(f"{word} needs one of: {', '.join(verbs)}.", _example(word))
    hint = did_you_mean(verb, verbs) or f" It takes: {', '.join(verbs)}."
    return UsageError(f'{word} has no "{shown(verb)}".{hint}', _example(word))


def _nothing_more(rest: str, usage: str) -> None:
    if rest:
        raise UsageError(f'{usage} takes nothing more, but "{shown(rest)}" followed.', usage)


def _topic(text: str) -> str:
    word = text.split(maxsplit=1)[0].casefold()
    return word if word[0] in "/+-" else f"/{word}"


def _example(word: str) -> str:
    found = entry(word)
    assert found is not None, f"{word} is missing in the catalogue"
    return found.example
