"""The dialogs of Discord: what they ask, and the line that comes back."""

from typing import Any

import discord
import pytest

from bot.chat.discord.modals import ask_reason, ask_yaml, filled_in
from bot.commands.grammar import parse
from bot.commands.types import ImportConfig, Judge
from storage.types import AlertId, Judged
from tests.fakes.discord.components import check_modal, inputs
from tests.fakes.discord.errors import Form


def entered(dialog: discord.ui.Modal, text: str) -> tuple[str, list[dict[str, Any]]]:
    """What Discord sends of a dialog with this text in its only field."""
    (field,) = inputs(dialog.to_dict())
    return dialog.custom_id, [{"type": 18, "component": {"type": 4, "custom_id": field["custom_id"], "value": text}}]


@pytest.mark.parametrize("dialog", [lambda: ask_reason(AlertId(10**17)), ask_yaml])
async def test_discord_takes_them(dialog: Any) -> None:
    form = Form()
    check_modal(form, dialog().to_dict())
    form.raise_if_wrong()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a drill", "a drill"), ("  two\nlines ", "two lines"), ("x" * 300, "x" * 300), ("", ""), ("7 or so", "7 or so")],
)
async def test_a_reason_comes_back_as_a_judgement_with_words(text: str, reason: str) -> None:
    line = filled_in(*entered(ask_reason(AlertId(7)), text))
    assert line is not None
    assert parse(line) == Judge(alert=AlertId(7), judged=Judged.NOT_RELEVANT, reason=reason)


async def test_settings_of_many_lines_keep_their_lines() -> None:
    yaml = "lapwing: 1\nlabels:\n- name: a\n  description: b"
    line = filled_in(*entered(ask_yaml(), yaml))
    assert line is not None
    assert parse(line) == ImportConfig(yaml=yaml)


@pytest.mark.parametrize("custom_id", ["", "reason", "lw1|relevant|7|key", "lw1|share|abc"])
def test_other_dialogs_are_none_of_ours(custom_id: str) -> None:
    assert filled_in(custom_id, []) is None
