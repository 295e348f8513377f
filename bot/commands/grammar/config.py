"""/config: all settings at once, their history, and who may change them."""

import re
from textwrap import dedent

from bot.commands.catalogue import example
from bot.commands.errors import UsageError, shown
from bot.commands.grammar.words import alone, first, group, missing
from bot.commands.types import (
    ApplyImport,
    Command,
    ExportConfig,
    ImportConfig,
    Lock,
    ShowConfig,
    ShowLog,
    Undo,
)
from storage.types import Manager

_CODE = re.compile(r"[0-9A-Za-z]{1,32}")
_CHANGE = re.compile(r"#?([1-9][0-9]{0,14})")
_FENCE = "```"
_PEOPLE = re.compile(r"<[^<>]*>|[^\s,]+")
_MENTION = re.compile(r"<@!?([0-9A-Za-z]{1,64})(?:\|([^<>]{0,80}))?>")
_AT_NAME = re.compile(r"@([^\s,@<>]{1,80})")


def config(rest: str) -> Command:
    verb, _ = first(rest)
    if verb.casefold() == "import":
        return _import(rest[len(verb) :])  # with its white space: YAML means something by it
    return _others(rest)


def _import(text: str) -> Command:
    word, more = first(text)
    if word.casefold() == "apply":
        return ApplyImport(code=_code(more))
    yaml = _unfenced(_dedented(text))
    if not yaml:
        raise missing("YAML, as /config export shows it,", "/config import")
    return ImportConfig(yaml=yaml)


def _dedented(text: str) -> str:
    """YAML that begins on a line of its own loses what indents all of it; one that begins on the command's does not."""
    lead = text[: len(text) - len(text.lstrip())]
    return dedent(text if "\n" in lead else text.lstrip()).strip()


def _unfenced(text: str) -> str:
    """Without the fence in which chats show code, and with which it is pasted."""
    if len(text) < 2 * len(_FENCE) or not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return text
    inside = text[len(_FENCE) : -len(_FENCE)]
    language, _, lines = inside.partition("\n")
    return dedent(lines if language.strip() in {"", "yaml", "yml"} else inside).strip()


def _code(text: str) -> str:
    form = "/config import apply"
    if not text:
        raise missing("The code that the import showed", form)
    if not _CODE.fullmatch(text):
        raise UsageError(f'"{shown(text)}" is not the code of an import.', example(form))
    return text


def _undo(text: str) -> Command:
    if not text:
        return Undo()
    found = _CHANGE.fullmatch(text)
    if not found:
        raise UsageError(f'"{shown(text)}" is not the number of a change: /config log.', example("/config undo"))
    return Undo(change=int(found[1]))


def _lock(text: str) -> Command:
    if text.casefold() == "off":
        return Lock(managers=())
    managers: dict[str, Manager] = {}
    for part in _PEOPLE.findall(text):
        one = _manager(part)
        managers.setdefault(one.id, one)
    if not managers:
        raise missing("Someone who may change settings", "/config lock")
    return Lock(managers=tuple(managers.values()))


def _manager(part: str) -> Manager:
    """A person as a platform writes a mention, or by a bare name, which then stands for the id."""
    if found := _MENTION.fullmatch(part):
        return Manager(id=found[1], name=(found[2] or "").strip() or found[1])
    if found := _AT_NAME.fullmatch(part):
        return Manager(id=found[1], name=found[1])
    raise UsageError(f'"{shown(part)}" is not a person: they are named with an @.', example("/config lock"))


_others = group(
    "/config",
    {
        "show": alone("/config show", ShowConfig()),
        "export": alone("/config export", ExportConfig()),
        "import": _import,
        "log": alone("/config log", ShowLog()),
        "undo": _undo,
        "lock": _lock,
    },
    bare="show",
)
