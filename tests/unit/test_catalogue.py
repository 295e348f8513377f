"""The catalogue of commands and the grammar say the same, and /help shows all of it."""

import re

import pytest

from bot.commands import types as commands
from bot.commands.catalogue import CATALOGUE, Entry, entry, table
from bot.commands.errors import UsageError
from bot.commands.grammar import parse
from bot.commands.handlers.questions import show_help

USAGES = [usage for one in CATALOGUE for usage in one.usages]
FILLED_IN = {
    "<@account>": "@vendor_sec",
    "[@account …]": "@awscloud",
    "<label, label, …>": "security, database",
    "<percent>": "60%",
    "[label]": "security",
    "<text>": "a text",
    "<alert>": "7",
    "[command]": "labels",
}


def typed(usage: str) -> str:
    """A usage with every placeholder filled in."""
    return re.sub(r"<[^>]*>|\[[^\]]*\]", lambda place: FILLED_IN[place.group()], usage)


@pytest.mark.parametrize("usage", USAGES)
def test_what_a_usage_promises_can_be_typed(usage: str) -> None:
    parse(typed(usage))


@pytest.mark.parametrize("usage", USAGES)
def test_what_stands_in_brackets_can_be_left_out(usage: str) -> None:
    parse(typed(re.sub(r" \[[^\]]*\]", "", usage)))


@pytest.mark.parametrize("usage", [usage for usage in USAGES if "<" in usage])
def test_what_stands_in_angles_cannot_be_left_out(usage: str) -> None:
    bare = usage.partition(" <")[0]
    if bare == "/watch":
        assert parse(bare) == commands.ListWatches()  # left out, it is the other usage
        return
    with pytest.raises(UsageError):
        parse(bare)


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_the_example_of_a_command_is_one_of_it(one: Entry) -> None:
    parse(one.example)

    assert entry(one.example.split()[0]) == one
    assert any(one.example.startswith(usage) for usage in one.completions)


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_a_command_can_be_asked_about(one: Entry) -> None:
    asked = parse(f"/help {one.word.removeprefix('/')}")
    assert isinstance(asked, commands.Help)

    answer = show_help(asked).text
    assert all(usage in answer.splitlines() for usage in one.usages)
    assert one.meaning in answer
    assert one.example in answer


def test_help_shows_every_usage_and_every_meaning() -> None:
    lines = show_help(commands.Help()).text.splitlines()

    assert [line.partition("  ")[0] for line in lines] == USAGES
    assert all(any(line.endswith(one.meaning) for line in lines) for one in CATALOGUE)


def test_help_is_for_the_one_who_asked() -> None:
    assert not show_help(commands.Help()).public


def test_judging_not_relevant_is_explained_with_judging_relevant() -> None:
    assert entry("-1") == entry("+1") is not None


def test_a_word_that_is_no_command_has_no_entry() -> None:
    assert entry("/weather") is None


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_a_completion_ends_where_a_persons_own_words_begin(one: Entry) -> None:
    assert all(usage.startswith(done) for usage, done in zip(one.usages, one.completions, strict=True))
    assert not re.search(r"[<\[>\]…]", "".join(one.completions))


def test_the_table_has_a_row_of_two_cells_for_every_command() -> None:
    head, rule, *rows = table().splitlines()

    assert (head, rule) == ("| command | meaning |", "|---|---|")
    assert [row.count("|") for row in rows] == [3] * len(CATALOGUE)
    assert all(f"`{usage}`" in table() for usage in USAGES)
