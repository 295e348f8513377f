"""The commands as Discord is told them, and when it is told."""

import json
from collections.abc import Iterator
from typing import Any

import discord
import pytest

from bot.chat.discord.tree import Tree, same, told
from bot.commands.catalogue import CATALOGUE
from tests.fakes.discord.commands import Registry, check_commands

Json = dict[str, Any]
MANAGE_CHANNELS = 1 << 4


@pytest.fixture
def ours() -> list[Json]:
    return told(Tree(discord.Client(intents=discord.Intents.none())))


def each(commands: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every command and every option with the words that lead to it."""
    for one in commands:
        yield one["name"], one
        for path, inner in each(one.get("options") or []):
            yield f"{one['name']} {path}", inner


def test_discord_takes_them(ours: list[Json]) -> None:
    check_commands(json.loads(json.dumps(ours)))


def test_every_command_of_the_catalogue_is_one_of_discords(ours: list[Json]) -> None:
    slashes = {f"/{one['name']}" for one in ours if one["type"] == 1}
    assert slashes == {one.word for one in CATALOGUE if one.word.startswith("/")}
    verbs = {path for path, one in each(ours) if one["type"] == 1 and " " in path}
    catalogued = {f"{one.word.removeprefix('/')} {verb}" for one in CATALOGUE for verb in one.verbs}
    assert verbs - catalogued == {"config apply", "config unlock"}  # /config import apply, /config lock off
    assert catalogued <= verbs


def test_the_menus_are_named_as_people_know_them(ours: list[Json]) -> None:
    assert [one["name"] for one in ours if one["type"] == 3] == ["Classify this", "Why this alert?"]


def test_all_are_for_servers_only_and_one_for_managers(ours: list[Json]) -> None:
    assert all(one["contexts"] == [0] and one["integration_types"] == [0] for one in ours)
    needed = {one["name"]: one["default_member_permissions"] for one in ours}
    assert {name for name, permissions in needed.items() if permissions is not None} == {"unwatch"}
    assert needed["unwatch"] == MANAGE_CHANNELS


def test_every_option_says_what_it_is_for(ours: list[Json]) -> None:
    assert [path for path, one in each(ours) if one.get("description") == "…"] == []


def test_descriptions_are_the_catalogues(ours: list[Json]) -> None:
    by_path = {path: one.get("description") for path, one in each(ours)}
    assert by_path["labels add"] == "look for these, too"
    assert by_path["config unlock"] == "everyone in the channel may again"
    assert by_path["alerts"] == "the last alerts; or deliver, stop, or pause them"


def test_what_discord_keeps_of_them_is_the_same(ours: list[Json]) -> None:
    numbers = iter(range(1, 10_000))
    kept = Registry(lambda: str(next(numbers))).write("", json.loads(json.dumps(ours)))
    assert same(kept, ours)
    assert same(reversed(kept), ours)


def test_what_discord_does_not_say_of_an_option_is_what_is_usual(ours: list[Json]) -> None:
    terse = json.loads(json.dumps(ours))
    for _, one in each(terse):
        for name in [name for name, value in one.items() if value in (False, None, []) and name != "options"]:
            del one[name]
    assert same(terse, ours)


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another"},
        {"default_member_permissions": "8"},
        {"contexts": [0, 1]},
        {"options": []},
        {"name": "watches"},
    ],
)
def test_any_difference_is_seen(ours: list[Json], change: Json) -> None:
    assert not same([ours[0] | change, *ours[1:]], ours)


def test_another_order_of_options_and_another_option_are_differences(ours: list[Json]) -> None:
    watch = ours[0]
    turned = watch | {"options": list(reversed(watch["options"]))}
    assert not same([turned, *ours[1:]], ours)
    required = watch | {"options": [watch["options"][0] | {"required": True}, *watch["options"][1:]]}
    assert not same([required, *ours[1:]], ours)
    assert not same(ours[1:], ours)
    assert not same([], ours)
