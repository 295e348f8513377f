"""Percentages and lists of labels, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.values import LONGEST_LABEL, MOST_LABELS, check_names, label_names, percentage, straight_quotes
from bot.wording import quoted


@pytest.mark.parametrize("typed", ["60", "60%", "0.6", "60.0", "0,6", "60,0%", " 60% ", "60 %", "0.60"])
def test_all_ways_to_write_sixty_percent_are_the_same(typed: str) -> None:
    assert percentage(typed) == 0.6


@pytest.mark.parametrize(("typed", "share"), [("1%", 0.01), ("99", 0.99), ("0.01", 0.01), ("99%", 0.99), ("2", 0.02)])
def test_percentages_reach_from_one_to_ninety_nine(typed: str, share: float) -> None:
    assert percentage(typed) == share


@given(st.integers(1, 99))
def test_every_whole_percentage_is_read_as_its_share(percent: int) -> None:
    assert percentage(f"{percent}%") == percent / 100 == percentage(f"0.{percent:02}")


@pytest.mark.parametrize("typed", ["0", "0%", "100", "100%", "150%", "0.5%", "99.5%", "999999", "0.001", "0.995"])
def test_what_would_always_or_never_alert_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not possible\. Use 1% to 99%\."):
        percentage(typed)


@pytest.mark.parametrize("typed", ["1", "1.0", "1,00"])
def test_a_bare_one_can_be_read_in_two_ways(typed: str) -> None:
    with pytest.raises(ValueError, match="1% or 100%"):
        percentage(typed)


@pytest.mark.parametrize(
    "typed", ["", "%", "sixty", "-60%", "60%%", "6e1", "６０", "60% security", "nan", "inf", "1/2"]
)
def test_what_is_no_percentage_is_repeated_and_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a percentage\.") as refused:
        percentage(typed)
    assert f'"{typed}"' in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("security, database", ["security", "database"]),
        ("supply chain", ["supply chain"]),
        (" a ,, b , ", ["a", "b"]),
        ('"a, b", c', ["a, b", "c"]),
        ('"a, b" , c', ["a, b", "c"]),
        ("„a, b“, c", ["a, b", "c"]),
        ("«a, b», c", ["a, b", "c"]),
        ('"say ""hi"", Ann", c', ['say "hi", Ann', "c"]),
        ("it’s on fire", ["it’s on fire"]),
        ("a\tb\nc", ["a b c"]),
        ("", []),
        ('""', []),
        (" , ", []),
    ],
)
def test_labels_are_divided_by_commas_outside_quotes(typed: str, names: list[str]) -> None:
    assert label_names(typed) == names


@pytest.mark.parametrize("typed", ['"a', 'a, "b', '"a"b, c', "“a"])
def test_a_quote_that_is_not_closed_is_told(typed: str) -> None:
    with pytest.raises(ValueError, match="a quote is not closed, or stands inside a word"):
        label_names(typed)


def test_a_list_of_labels_beyond_all_measure_is_refused_for_its_length() -> None:
    with pytest.raises(ValueError, match="too long: 10000 characters at most"):
        label_names("x, " * 100_000)


@given(st.lists(st.sampled_from(["security", "mergers, acquisitions", 'so "big", so bad', '"quoted"', "it's"])))
def test_labels_can_be_typed_back_as_they_are_shown(names: list[str]) -> None:
    assert label_names(", ".join(quoted(name) for name in names)) == names


@given(st.text(st.characters()))
def test_no_list_of_labels_raises_anything_but_a_value_error(typed: str) -> None:
    try:
        names = label_names(typed)
    except ValueError:
        return
    assert all(name == " ".join(name.split()) != "" for name in names)


@pytest.mark.parametrize(
    "names",
    [
        ["security"],
        [str(number) for number in range(MOST_LABELS)],
        ["x" * LONGEST_LABEL],
        ["2026"],
        ["🔥 fire"],
        ["a {} b"],
        ["online", "helpful", "listing"],
        ["👩‍🚒 brigade"],
        ["Überschwemmung", "洪水", "می‌خواهم"],
    ],
    ids=lambda names: names[0][:20],
)
def test_these_can_be_labels(names: list[str]) -> None:
    check_names(names)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        pytest.param([], "Labels are missing.", id="none at all"),
        pytest.param(["storm", "storm"], '"storm" stands twice.', id="the same twice"),
        pytest.param(
            ["Storm", "fire", "STORM"], '"STORM" and "Storm" differ only in case.', id="only the case differs"
        ),
        pytest.param(["Straße", "STRASSE"], '"STRASSE" and "Straße" differ only in case.', id="the case of a sharp s"),
        pytest.param([str(number) for number in range(21)], "21 labels are too many: 20 a channel", id="twenty-one"),
        pytest.param(["x" * 61], "is too long: 60 characters at most.", id="sixty-one characters"),
        pytest.param(["ok", "!?"], '"!?" is not a label: it has no letter.', id="no letter"),
        pytest.param(["sec\x1b[2Jurity"], "has a control character.", id="an escape sequence"),
        pytest.param(["sec\ud800urity"], "has a control character.", id="half a surrogate pair"),
        pytest.param(["a", "List"], '"List" is a reserved word', id="a reserved word in any case"),
        *(pytest.param([word], "is a reserved word", id=word) for word in ("list", "all", "help", "on", "off")),
    ],
)
def test_these_cannot_be_labels(names: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        check_names(names)
    assert told in str(refused.value)


def test_quotes_are_all_that_is_straightened() -> None:
    assert straight_quotes("“a” „b‟ «c» it’s 5″") == '"a" "b" "c" it’s 5″'
