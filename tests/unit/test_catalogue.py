"""The catalogue of commands, the grammar and the design say the same, and /help shows all of it."""

import re
from pathlib import Path

import pytest

from bot.commands import types as commands
from bot.commands import values
from bot.commands.catalogue import CATALOGUE, FILTERS, Entry, Form, entry, example, help_text, table, usage_line
from bot.commands.errors import UsageError
from bot.commands.grammar import parse

FORMS = [form for one in CATALOGUE for form in one.forms]
USAGES = [usage for one in CATALOGUE for usage in one.usages]
FILLED_IN = {
    "[reason]": "it was a drill",
    "<@account>": "@vendor_sec",
    "[@account …]": "@awscloud",
    "[filters]": "-retweets lang:en",
    "<label, label, …>": "security, database",
    "<label, …>": "security",
    "<label>": "security",
    "<percent>": "60%",
    "[label]": "security",
    "<duration>": "2h",
    "[@account or label]": "@vendor_sec",
    "<text>": "a text",
    "<alert>": "7",
    "<alert, message link or post link>": "https://example.com/posts/7",
    "[days]": "30",
    "<YAML>": "lapwing: 1",
    "<code>": "7f3a",
    "[change]": "12",
    "<@user>": "@ann",
    "[@user …]": "@bob",
    "[command]": "labels",
}

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design" / "commands.md"
with_design = pytest.mark.skipif(not DESIGN.is_file(), reason="the design in ../shared/design/commands.md is not here")


def typed(usage: str) -> str:
    """A usage with every placeholder filled in."""
    return re.sub(r"<[^>]*>|\[[^\]]*\]", lambda place: FILLED_IN[place.group()], usage)


@pytest.mark.parametrize("usage", USAGES)
def test_what_a_usage_promises_can_be_typed(usage: str) -> None:
    parse(typed(usage))


@pytest.mark.parametrize("usage", [usage for usage in USAGES if "[" in usage])
def test_what_stands_in_brackets_can_be_left_out_and_means_something(usage: str) -> None:
    assert parse(typed(re.sub(r" \[[^\]]*\]", "", usage))) != parse(typed(usage))


@pytest.mark.parametrize("usage", [usage for usage in USAGES if "<" in usage])
def test_what_stands_in_angles_cannot_be_left_out(usage: str) -> None:
    bare = re.sub(r' "?<.*', "", usage)
    if bare == "/watch":
        assert parse(bare) == commands.ListWatches()  # left out, it is the other form
        return
    with pytest.raises(UsageError):
        parse(bare)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.usages[0])
def test_the_ways_to_type_a_form_are_one_command_and_so_is_its_example(form: Form) -> None:
    kinds = {type(parse(text)) for text in (*map(typed, form.usages), form.example)}
    assert len(kinds) == 1


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_the_example_of_a_command_is_one_of_it(one: Entry) -> None:
    parse(one.example)

    assert entry(one.example.split()[0]) == one
    assert any(one.example.startswith(usage) for usage in one.completions)


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_the_example_of_a_form_is_one_of_it(one: Entry) -> None:
    assert example(one.word) == one.example
    for usage, beginning in zip(one.usages, one.completions, strict=True):
        if beginning != one.word:
            assert type(parse(example(beginning))) is type(parse(typed(usage)))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.usages[0])
def test_changes_are_for_managers_and_nothing_but_changes_and_judgements_is_answered_in_public(form: Form) -> None:
    meant = parse(form.example)
    changes = isinstance(meant, commands.FOR_MANAGERS)

    assert form.managers or not changes
    assert not form.public or changes or isinstance(meant, commands.Judge)
    assert form.public == isinstance(meant, commands.FOR_ALL_TO_SEE)


def test_the_catalogue_knows_every_command_there_is() -> None:
    known = {type(parse(typed(usage))) for usage in USAGES}
    assert known == set(commands.Command.__args__)


@pytest.mark.parametrize("word", ["/labels", "/threshold", "/alerts", "/config"])
def test_a_group_said_bare_can_be_told_what_it_takes_in_one_line(word: str) -> None:
    line = usage_line(word)
    one = entry(word)

    assert one is not None
    assert one.verbs
    assert line == f"{word} takes: {', '.join(one.verbs)}. {word} help tells more."
    for verb in one.verbs:
        with pytest.raises(UsageError, match=rf'^{word} has no "x{verb}x"\. Did you mean {verb}\?'):
            parse(f"{word} x{verb}x")


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_only_groups_take_verbs(one: Entry) -> None:
    assert (
        bool(one.verbs) == (one.word in {"/labels", "/threshold", "/alerts", "/config"}) == bool(usage_line(one.word))
    )


@pytest.mark.parametrize("one", [*CATALOGUE, FILTERS], ids=lambda one: one.word)
def test_help_tells_all_about_one_command(one: Entry) -> None:
    for asked in (parse(f"/help {one.word.removeprefix('/')}"), parse(f"{one.word} help")):
        assert isinstance(asked, commands.Help)
        answer = help_text(asked.topic)
        assert all(usage in answer.splitlines() for usage in one.usages)
        assert all(form.meaning in answer for form in one.forms)
        assert one.example in answer


def test_help_shows_every_command_in_one_line_and_every_verb() -> None:
    lines = help_text().splitlines()

    assert [line.split()[0] for line in lines[:-1]] == [one.word for one in CATALOGUE]
    for one, line in zip(CATALOGUE, lines, strict=False):
        assert one.meaning in line
        assert all(verb in line for verb in one.verbs)


@pytest.mark.parametrize("topic", ["", "filters", *(one.word for one in CATALOGUE)])
def test_help_fits_into_one_message_of_every_chat(topic: str) -> None:
    assert len(help_text(topic)) <= 2_000  # Discord; Slack takes 3,000


@pytest.mark.parametrize("word", ["-1", "0"])
def test_all_judging_is_explained_with_judging_relevant(word: str) -> None:
    assert entry(word) == entry("+1") is not None


def test_a_word_that_is_no_command_has_no_entry() -> None:
    assert entry("/weather") is None


@pytest.mark.parametrize("form", FILTERS.forms, ids=lambda form: form.usages[0])
def test_every_filter_is_explained_and_can_be_typed_beside_an_account(form: Form) -> None:
    for word in ("/watch", "/unwatch"):
        meant = parse(form.example.replace("/watch", word))
        assert isinstance(meant, commands.AddWatches | commands.RemoveWatches)
        assert values.filter_words(meant.filters) == list(form.usages)


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.word)
def test_a_completion_ends_where_a_persons_own_words_begin(one: Entry) -> None:
    assert all(usage.startswith(done) for usage, done in zip(one.usages, one.completions, strict=True))
    assert not re.search(r'[<\[>\]…"]', "".join(one.completions))


def test_the_table_has_a_row_of_four_cells_for_every_form_and_one_for_filters() -> None:
    head, rule, *rows = table().splitlines()

    assert head == "| command | meaning | who may | answer seen by |"
    assert rule == "|---|---|---|---|"
    assert [row.count("|") for row in rows] == [5] * (len(FORMS) + 1)
    assert all(f"`{usage}`" in table() for usage in (*USAGES, *FILTERS.usages))


def designed_rows() -> list[list[str]]:
    """The cells of the design's table of commands, a row each."""
    if not DESIGN.is_file():
        return []
    _, _, rest = DESIGN.read_text(encoding="utf-8").partition("| Command |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def designed_forms(row: list[str]) -> list[str]:
    """What can be typed, as a row of commands names it: a word that stands alone takes the place of the one before."""
    forms: list[str] = []
    for span in re.findall(r"`([^`]*)`", row[0]):
        before = "" if span.startswith("/") else forms[-1].partition(" [")[0].rsplit(" ", 1)[0] + " "
        forms.append(before + span)
    return forms


def filled(form: str) -> str:
    """A form of the design without what can be left out, and with a number for what cannot."""
    return re.sub(r"<[^>]*>", "7", re.sub(r" ?\[[^\]]*\]", "", form))


DESIGNED = [(form, row) for row in designed_rows() for form in designed_forms(row)]


@with_design
def test_the_designs_table_is_found() -> None:
    forms = {form for form, _ in DESIGNED}

    assert len(DESIGNED) > 30
    assert {"/labels list", "/labels mode exclusive", "/alerts list [label]", "/alerts shadow", "/config lock"} < forms


@with_design
@pytest.mark.parametrize("form", [form for form, _ in DESIGNED])
def test_every_form_of_the_design_can_be_typed_or_is_explained(form: str) -> None:
    try:
        parse(filled(form))
    except UsageError:
        assert any(usage.startswith(f"{form} <") for usage in help_text(form.split(maxsplit=1)[0]).splitlines())


SIMPLE = [(form, row) for form, row in DESIGNED if row[2:] in (["all", "only you"], ["manager", "channel"])]
"""The forms in rows that do not speak of several rights at once."""


@with_design
@pytest.mark.parametrize(("form", "row"), SIMPLE, ids=[form for form, _ in SIMPLE])
def test_the_design_and_the_catalogue_agree_on_who_may_and_who_sees_the_answer(form: str, row: list[str]) -> None:
    kind = type(parse(filled(form)))
    said = [[one.who, one.seen_by] for one in FORMS if type(parse(one.example)) is kind]
    assert said
    assert all(one == row[2:] for one in said)


@with_design
def test_the_filters_of_the_design_are_those_that_can_be_typed() -> None:
    (row,) = (row for row in designed_rows() if row[0] == "filters")
    designed = re.findall(r"`([^`]*)`", row[1])

    assert values.filter_words(values.filters(" ".join(designed).replace("-label:x", "-label:y"))) == [
        one.replace("-label:x", "-label:y") for one in designed
    ]
    assert [re.sub(r":.*", ":", one) for one in designed] == list(values.FILTERS)


@with_design
@pytest.mark.parametrize("word", [one.word for one in CATALOGUE if one.word.startswith("/")])
def test_every_command_stands_in_the_design_but_judging_which_has_buttons(word: str) -> None:
    assert word in {form.split(maxsplit=1)[0] for form, _ in DESIGNED}
