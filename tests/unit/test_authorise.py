"""Who may give which command."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.commands import types as commands
from bot.commands.authorise import authorise
from bot.commands.errors import RefusedError
from bot.commands.types import FOR_MANAGERS, Actor, Command
from classifier.types import Label, Mode
from sources.types import Handle
from storage.types import AlertId, AlertState, Judged, Manager
from tests.fakes.builders import a_channel

ANN = Actor(id="U1", name="Ann")
OPEN = a_channel()
LOCKED = a_channel(managers=(Manager(id="U2", name="Bob"), Manager(id="U3", name="Cem")))

VENDOR = Handle(source="x", name="vendor_sec")

CHANGES: list[Command] = [
    commands.AddWatches(handles=(VENDOR,)),
    commands.RemoveWatches(handles=(VENDOR,)),
    commands.RemoveAllWatches(sure=True),
    commands.SetLabels(labels=(Label(name="storm"),)),
    commands.AddLabels(labels=(Label(name="storm"),)),
    commands.RemoveLabels(names=("storm",)),
    commands.DescribeLabel(name="storm", description="gusts"),
    commands.SetMode(mode=Mode.EXCLUSIVE),
    commands.SetThreshold(threshold=0.6),
    commands.ResetThreshold(),
    commands.SetAlerts(state=AlertState.OFF),
    commands.PauseAlerts(duration=timedelta(hours=2)),
    commands.ResumeAlerts(),
    commands.ImportConfig(yaml="lapwing: 1"),
    commands.ApplyImport(code="7f3a"),
    commands.Undo(),
    commands.Lock(managers=()),
]
EXPORT: Command = commands.ExportConfig()
READS: list[Command] = [
    commands.ListWatches(),
    commands.ListLabels(),
    commands.ListThresholds(),
    commands.ListAlerts(),
    commands.Judge(alert=AlertId(1), judged=Judged.RELEVANT),
    commands.TryText(text="storm"),
    commands.AskWhy(alert=AlertId(1)),
    commands.ShowStats(),
    commands.ShowHealth(),
    commands.ShowConfig(),
    commands.ShowLog(),
    commands.Help(),
]


def named(command: Command) -> str:
    return type(command).__name__


def test_every_command_is_for_managers_or_for_all() -> None:
    known = {type(command) for command in (*CHANGES, EXPORT, *READS)}

    assert known == set(get_args(Command))
    assert {type(command) for command in (*CHANGES, EXPORT)} == set(FOR_MANAGERS)


@pytest.mark.parametrize("command", [*CHANGES, EXPORT], ids=named)
def test_in_a_locked_channel_only_managers_and_admins_change_settings(command: Command) -> None:
    with pytest.raises(RefusedError) as refused:
        authorise(ANN, command, LOCKED)

    assert str(refused.value).startswith(
        "Only managers may change settings here: Bob, Cem. You can still use /test, /why, /stats."
    )
    authorise(replace(ANN, id="U3"), command, LOCKED)
    authorise(replace(ANN, admin=True), command, LOCKED)


@pytest.mark.parametrize("command", [*CHANGES, EXPORT], ids=named)
def test_in_an_open_channel_all_members_change_settings(command: Command) -> None:
    authorise(ANN, command, OPEN)


@pytest.mark.parametrize("command", [*CHANGES, EXPORT], ids=named)
@pytest.mark.parametrize("actor", [replace(ANN, member=False), replace(ANN, id="U2", member=False)])
def test_a_guest_changes_no_settings_not_even_one_who_was_named_manager(command: Command, actor: Actor) -> None:
    for channel in (OPEN, LOCKED):
        with pytest.raises(RefusedError, match=r"^Guests may not change settings here\. You can still use /test"):
            authorise(actor, command, channel)


def test_whoever_could_be_given_the_right_is_told_what_it_takes() -> None:
    stranger = replace(ANN, member=False, lacks="the permission Manage Channels")
    with pytest.raises(RefusedError, match=r"^You may not .*: that takes the permission Manage Channels\."):
        authorise(stranger, CHANGES[0], OPEN)


@pytest.mark.parametrize("command", READS, ids=named)
@pytest.mark.parametrize("actor", [ANN, replace(ANN, member=False)], ids=["a member", "a guest"])
def test_reading_and_judging_is_everyones(command: Command, actor: Actor) -> None:
    authorise(actor, command, OPEN)
    authorise(actor, command, LOCKED)


def test_a_manager_is_known_by_id_and_not_by_name() -> None:
    with pytest.raises(RefusedError):
        authorise(Actor(id="U9", name="Bob"), commands.Undo(), LOCKED)
