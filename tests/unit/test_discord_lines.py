"""What people fill into the options of Discord's commands is the line that the grammar knows."""

import pytest

from bot.chat.discord import lines
from bot.commands.grammar import parse
from bot.commands.types import DescribeLabel, ImportConfig, Lock, PauseAlerts, SetThreshold, TryText
from storage.types import Manager
from tests.fakes.hostile import HOSTILE


def test_options_that_are_left_out_leave_nothing() -> None:
    assert lines.line("/watch", None, None) == "/watch"
    assert lines.line("/watch", " @vendor_sec ", None) == "/watch @vendor_sec"
    assert lines.line("/stats", 30) == "/stats 30"


@pytest.mark.parametrize(
    ("label", "text", "meant"),
    [
        ("security", "a breach", ("security", "a breach")),
        ("supply chain", "a breach", ("supply chain", "a breach")),
        ('"supply chain"', '"a breach"', ("supply chain", "a breach")),
        ("one, two", "a, b", ("one, two", "a, b")),
        ("security", 'a "breach" or so', ("security", 'a "breach" or so')),
        ("security", "a “breach” or so", ("security", 'a "breach" or so')),
        ("security", "“a breach”", ("security", "a breach")),
        ("security", 'an inch is 1"', ("security", 'an inch is 1"')),
        ("security", '""', ("security", "")),
        ("it's 5\" long", "a ruler", ("it's 5\" long", "a ruler")),
    ],
)
def test_a_label_and_its_description_run_into_nothing(label: str, text: str, meant: tuple[str, str]) -> None:
    name, description = meant
    assert parse(lines.describe(label, text)) == DescribeLabel(name=name, description=description)


def test_a_label_that_ends_a_line_needs_no_quotes() -> None:
    assert parse(lines.line("/threshold set", "60%", "supply chain")) == SetThreshold(
        threshold=0.6, label="supply chain"
    )
    pause = parse(lines.line("/alerts pause", "2h", "supply chain"))
    assert isinstance(pause, PauseAlerts)
    assert pause.label == "supply chain"


@pytest.mark.parametrize("yaml", ["lapwing: 1\nlabels:\n- name: a\n  description: b", "{lapwing: 1}", "  a: 1\n  b: 2"])
def test_a_file_keeps_what_its_white_space_means(yaml: str) -> None:
    command = parse(lines.imported(yaml))
    assert isinstance(command, ImportConfig)
    assert [line.strip() for line in command.yaml.splitlines()] == [line.strip() for line in yaml.splitlines()]
    indents = [len(line) - len(line.lstrip()) for line in command.yaml.splitlines()]
    typed = [len(line) - len(line.lstrip()) for line in yaml.splitlines()]
    assert indents == [indent - typed[0] for indent in typed]


@pytest.mark.parametrize("name", ["ada", "The <Boss> | of all", "<@2|ben>", "off", "@everyone", "", *HOSTILE])
def test_whatever_people_call_themselves_locks_are_about_their_ids(name: str) -> None:
    command = parse(lines.lock([(17, name), (18, "ben")]))
    assert isinstance(command, Lock)
    assert [manager.id for manager in command.managers] == ["17", "18"]
    assert command.managers[1] == Manager(id="18", name="ben")


def test_one_locked_in_twice_is_one() -> None:
    command = parse(lines.lock([(17, "ada"), (17, "ada")]))
    assert isinstance(command, Lock)
    assert command.managers == (Manager(id="17", name="ada"),)


@pytest.mark.parametrize("text", [text[:6_000].strip() for text in HOSTILE if text.strip()])
def test_a_text_to_try_stays_itself(text: str) -> None:
    assert parse(lines.line("/test", text)) == TryText(text=text)


def test_what_discord_would_not_take_is_not_offered() -> None:
    offered = lines.choices(["", "a" * 101, "🔥" * 51, "b" * 100, *(str(number) for number in range(40))])
    assert offered[0] == "b" * 100
    assert len(offered) == 25
