"""What the commands' parsers share: words, verbs, and values whose errors name a right example."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from bot.commands import values
from bot.commands.catalogue import example
from bot.commands.errors import UsageError, nearest, shown
from bot.commands.types import Command
from sources.accounts import parse_handle
from sources.types import Handle
from storage.types import AlertId

Parser = Callable[[str], Command]
"""What follows a command's word, or its verb -> the command. Raises UsageError."""

T = TypeVar("T")

_NUMBER = re.compile(r"#?([0-9]{1,15})")


def first(text: str) -> tuple[str, str]:
    """The first word and the rest, at whatever white space divides them; empty where there is none."""
    word, *rest = text.split(maxsplit=1) or [""]
    return word, rest[0].strip() if rest else ""


def topic(word: str) -> str:
    """A command's word as /help takes it, with or without its slash; filters are a topic, too."""
    folded = word.casefold()
    if folded.removeprefix("/") == "filters":
        return "filters"
    return folded if folded[:1] in {"/", "+", "-"} or folded == "0" else f"/{folded}"


def group(word: str, verbs: Mapping[str, Parser], *, bare: str) -> Parser:
    """The parser of a command with verbs, whose bare word means the verb `bare`."""

    def parse_verb(rest: str) -> Command:
        typed, arguments = first(rest)
        verb = typed.casefold() or bare
        if verb not in verbs:
            near = nearest(verb, verbs)
            hint = f"Did you mean {near}?" if near else f"It takes: {', '.join(verbs)}."
            raise UsageError(f'{word} has no "{shown(typed)}". {hint}', example(f"{word} {near}".rstrip()))
        return verbs[verb](arguments)

    return parse_verb


def alone(form: str, command: Command) -> Parser:
    """The parser of a form that takes nothing more."""

    def parse_nothing(rest: str) -> Command:
        if rest:
            raise UsageError(f'{form} takes nothing more, but "{shown(rest)}" followed.', form)
        return command

    return parse_nothing


def valued(read: Callable[[str], T], text: str, form: str) -> T:
    """What `read` makes of a value, its ValueError told as the usage error of a form."""
    try:
        return read(text)
    except values.PercentageError as error:
        raise UsageError(str(error), example(form), inside=True) from None
    except ValueError as error:
        raise UsageError(str(error), example(form)) from None


def missing(what: str, form: str) -> UsageError:
    """Something that has to stand there."""
    return UsageError(f"{what} is missing.", example(form))


def handle(part: str, beginning: str) -> Handle:
    """An account, told wrong with an example that begins as the command did."""
    try:
        return parse_handle(part)
    except ValueError as error:
        problem, _, right = str(error).rpartition(" Example: ")  # one example is enough: theirs, as a whole command
        raise UsageError(problem, f"{beginning} {right}") from None


def label_name(typed: str, form: str) -> str:
    """The one label that may end a line, in quotes or not; empty where nothing was typed, never for empty quotes."""
    if not typed:
        return ""
    name = valued(values.unquoted, typed, form)
    if not name:
        raise UsageError(f"{shown(typed)} is not a label.", example(form))
    valued(values.check_name, name, form)
    return name


def alert_number(text: str) -> AlertId | None:
    """7 or #7; None where it is neither."""
    found = _NUMBER.fullmatch(text)
    return AlertId(int(found[1])) if found else None
