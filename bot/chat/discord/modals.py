"""The two dialogs there are: why an alert was wrong, and settings of many lines. Pure.

A dialog's id holds the command that its text ends, so that what is filled in is understood after a restart, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import discord

from bot.chat.discord.buttons import Verb, do_id, parse_custom_id
from bot.chat.plain import one_line
from bot.commands.values import LONGEST_REASON
from storage.types import AlertId

MOST_YAML = 4_000
"""Discord takes no more in a field; a file holds more."""

_TEXT = "text"
_LASTS_S = 900.0
"""discord.py remembers an open dialog for so long; we need it to remember none."""

_IMPORT = "/config import"


def ask_reason(alert: AlertId) -> discord.ui.Modal:
    """Asked after the judgement is stored, of whoever wants to say more."""
    return _dialog(
        f"Alert {alert}",
        f"-1 {alert}",
        "What was wrong with it?",
        discord.ui.TextInput(custom_id=_TEXT, max_length=LONGEST_REASON),
    )


def ask_yaml() -> discord.ui.Modal:
    """Settings as `/config export` shows them."""
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=_TEXT, style=discord.TextStyle.paragraph, max_length=MOST_YAML
    )
    return _dialog("Import settings", _IMPORT, "Settings, as /config export shows them", field)


def filled_in(custom_id: str, components: Iterable[Mapping[str, Any]]) -> str | None:
    """What was filled in, as a line that the grammar knows; None where the dialog is none of ours."""
    opened = parse_custom_id(custom_id)
    if opened is None or opened.verb is not Verb.DO:
        return None
    text = _entered(components)
    if opened.command == _IMPORT:
        return f"{_IMPORT}\n{text}"
    return f"{opened.command} {one_line(text, LONGEST_REASON)}"


def _dialog(title: str, command: str, label: str, field: "discord.ui.TextInput[Any]") -> discord.ui.Modal:
    made = discord.ui.Modal(title=title, custom_id=do_id(command), timeout=_LASTS_S)
    made.add_item(discord.ui.Label(text=label, component=field))
    return made


def _entered(components: Iterable[Mapping[str, Any]]) -> str:
    """The text of our field, as Discord sends it: under a label."""
    fields = (part.get("component") or {} for part in components)
    return next((str(field.get("value") or "") for field in fields if field.get("custom_id") == _TEXT), "")
