"""Lapwing's commands as Discord shows them: built once, told to Discord when they differ from what it has.

The commands themselves stand in commands.py and groups.py, what becomes of their options in lines.py.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import app_commands

from bot.chat.discord import commands
from bot.chat.discord.errors import call
from bot.chat.discord.options import Interaction, desk_of

log = logging.getLogger(__name__)

_COMPARED = (
    "type",
    "name",
    "description",
    "required",
    "autocomplete",
    "choices",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "default_member_permissions",
    "contexts",
    "integration_types",
)
_SLASH = 1
_OF_ANOTHER_VERSION = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)


class Tree(app_commands.CommandTree[Any]):
    """Hands every command to the desk. For guilds only: channels that watch something are there."""

    def __init__(self, client: discord.Client) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        for one in commands.every():
            self.add_command(one)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """A command that is none of ours any more, or has other options now. Faults of ours are noted."""
        if isinstance(error, _OF_ANOTHER_VERSION):
            log.warning("old command reason=%r", str(error))
            await desk_of(interaction).outdated(interaction)
        else:
            await super().on_error(interaction, error)


async def sync(tree: Tree) -> bool:
    """Tell Discord the commands if it has others; whether it had. Raises DeliveryError."""
    application = tree.client.application_id
    assert application is not None, "who is logged in knows its application"
    there = await call(tree.client.http.get_global_commands(application))
    ours = told(tree)
    if same(there, ours):
        return False
    await call(tree.client.http.bulk_upsert_global_commands(application, payload=ours))
    log.info("synced commands count=%d", len(ours))
    return True


def told(tree: Tree) -> list[dict[str, Any]]:
    """Our commands and menus as Discord is told them."""
    return [command.to_dict(tree) for command in tree.get_commands()]


def same(there: Iterable[Mapping[str, Any]], ours: Iterable[Mapping[str, Any]]) -> bool:
    """Whether Discord shows what we would tell it: it adds ids and versions, and leaves out what is usual. Pure."""
    return _by_name(there) == _by_name(ours)


def _by_name(commands: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    return {(int(one.get("type") or _SLASH), str(one["name"])): _essence(one) for one in commands}


def _essence(command: Mapping[str, Any]) -> dict[str, Any]:
    """What people notice of a command or an option; the order of options counts, that of contexts does not."""
    found = {name: command[name] for name in _COMPARED if command.get(name) not in (None, False, "", [])}
    for name in ("contexts", "integration_types"):
        if name in found:
            found[name] = sorted(found[name])
    if "default_member_permissions" in found:  # a number of ours, a string of Discord's
        found["default_member_permissions"] = int(found["default_member_permissions"])
    if "choices" in found:
        found["choices"] = [(one["name"], one["value"]) for one in found["choices"]]
    found["type"] = int(command.get("type") or _SLASH)
    found["options"] = [_essence(one) for one in command.get("options") or []]
    return found
