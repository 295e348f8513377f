"""The app's commands: what Discord takes when they are written in bulk, and what it keeps."""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.discord.errors import Form
from tests.fakes.discord.world import APP_ID, Json

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
MOST = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
_NAME = re.compile(r"^[-_'\w]{1,32}$")  # docs: ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$
_KEPT = ("name", "description", "options", "default_member_permissions", "nsfw", "dm_permission", "contexts",
         "integration_types")  # fmt: skip


class Registry:
    """Commands by scope: "" for global ones, else a guild's id. A command written again keeps its id."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._by_scope: dict[str, list[Json]] = {}
        self.writes = 0  # bulk writes so far

    def all(self, scope: str = "") -> list[Json]:
        return self._by_scope.get(scope, [])

    def shown(self, guild: str, kind: int, name: str) -> Json | None:
        """The command of that kind and name as a person in the guild meets it; the guild's own goes first."""
        for command in [*self.all(guild), *self.all()]:
            if command["type"] == kind and command["name"] == name:
                return command
        return None

    def write(self, scope: str, commands: Any) -> list[Json]:
        """Replace all of a scope. Raises DiscordRefusalError, and then nothing has changed."""
        check_commands(commands)
        before = {(command["type"], command["name"]): command for command in self.all(scope)}
        self._by_scope[scope] = [self._kept(scope, command, before) for command in commands]
        self.writes += 1
        return self._by_scope[scope]

    def _kept(self, scope: str, command: Json, before: dict[tuple[int, str], Json]) -> Json:
        kind = command.get("type", CHAT)
        old = before.get((kind, command["name"]))
        new: Json = {"type": kind, "application_id": APP_ID, "description": "", "nsfw": False, "dm_permission": True}
        new |= {name: command[name] for name in _KEPT if command.get(name) is not None}
        new.setdefault("contexts", None)
        new.setdefault("integration_types", [0])
        permissions = command.get("default_member_permissions")
        new["default_member_permissions"] = None if permissions is None else str(permissions)
        new |= {"name_localizations": None, "description_localizations": None}
        if scope:
            new["guild_id"] = scope
        same = old is not None and {**old, "id": "", "version": ""} == {**new, "id": "", "version": ""}
        new["id"] = old["id"] if old else self._new_id()
        new["version"] = old["version"] if old and same else self._new_id()
        return new


def check_commands(commands: Any) -> None:
    """Raises DiscordRefusalError for what Discord refuses, each fault by its path."""
    form = Form()
    if not isinstance(commands, list):
        form.wrong("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        form.raise_if_wrong()
    seen: set[tuple[int, str]] = set()
    for number, command in enumerate(commands):
        kind = command.get("type", CHAT)
        _check_command(form, command, kind, str(number))
        key = (kind, command.get("name", ""))
        if key in seen:
            form.wrong(
                f"{number}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        seen.add(key)
    for kind, most in MOST.items():
        if sum(command.get("type", CHAT) == kind for command in commands) > most:
            form.wrong("_all", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    form.raise_if_wrong()


def _check_command(form: Form, command: Json, kind: int, path: str) -> None:
    name = command.get("name")
    if kind not in MOST:
        form.wrong(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
        return
    for localized in ("name_localizations", "description_localizations"):
        if command.get(localized):
            form.wrong(f"{path}.{localized}", "NOT_SUPPORTED_HERE", "This local Discord keeps no localizations.")
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdecimal():
        form.wrong(f"{path}.default_member_permissions", "NUMBER_TYPE_COERCE", f"{permissions!r} is not an integer.")
    if kind == CHAT:
        _check_name(form, name, f"{path}.name")
        form.too_long(f"{path}.description", command.get("description"), 100, least=1)
        _check_options(form, command.get("options") or [], path, depth=0)
        if _characters(command) > 8000:
            form.wrong(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    else:
        form.too_long(f"{path}.name", name, 32, least=1)
        if command.get("description") or command.get("options"):
            form.wrong(f"{path}.description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET",
                       "Context menu commands cannot have descriptions or options")  # fmt: skip


def _check_name(form: Form, name: object, path: str) -> None:
    if not isinstance(name, str) or not _NAME.match(name) or name != name.lower():
        form.wrong(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(form: Form, options: list[Json], path: str, depth: int) -> None:
    if len(options) > 25:
        form.wrong(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names = [option.get("name") for option in options]
    if len(set(names)) < len(names):
        form.wrong(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
    nested = [option.get("type") in (SUBCOMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        form.wrong(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                   "Sub-command and sub-command group option types exclude all other types")  # fmt: skip
    optional_seen = False
    for number, option in enumerate(options):
        here = f"{path}.options.{number}"
        _check_name(form, option.get("name"), f"{here}.name")
        form.too_long(f"{here}.description", option.get("description"), 100, least=1)
        if option.get("type") in (SUBCOMMAND, GROUP):
            if depth + (option["type"] == GROUP) > 1:
                form.wrong(f"{here}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Too deeply nested")
            _check_options(form, option.get("options") or [], here, depth + 1)
            continue
        if option.get("required") and optional_seen:
            form.wrong(f"{here}.required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                       "Required options must be placed before non-required options")  # fmt: skip
        optional_seen |= not option.get("required")
        _check_option(form, option, here)


def _check_option(form: Form, option: Json, path: str) -> None:
    if option.get("type") not in range(STRING, ATTACHMENT + 1):
        form.wrong(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, …, 11}.")
    choices = option.get("choices") or []
    if len(choices) > 25:
        form.wrong(f"{path}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, choice in enumerate(choices):
        form.too_long(f"{path}.choices.{number}.name", choice.get("name"), 100, least=1)
        if option.get("type") == STRING:
            form.too_long(f"{path}.choices.{number}.value", choice.get("value"), 100)
    if choices and option.get("autocomplete"):
        form.wrong(f"{path}.autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
                   "autocomplete cannot be true while there are choices")  # fmt: skip
    if option.get("autocomplete") and option.get("type") not in (STRING, INTEGER, NUMBER):
        form.wrong(f"{path}.autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID_OPTION_TYPE",
                   "Only string, integer and number options complete")  # fmt: skip
    for name in ("min_length", "max_length"):
        if name in option and not 0 <= option[name] <= 6000:
            form.wrong(f"{path}.{name}", "NUMBER_TYPE_MAX", "int value should be 0 to 6000.")


def _characters(it: Json) -> int:
    """Name, description and choice values of a command with all its options."""
    total = len(str(it.get("name", ""))) + len(str(it.get("description", "")))
    total += sum(len(str(choice.get("value", ""))) for choice in it.get("choices") or [])
    return total + sum(_characters(option) for option in it.get("options") or [])
