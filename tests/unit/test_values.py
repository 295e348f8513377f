"""Percentages, durations, labels and filters, as people type them."""

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.values import (
    FILTERS,
    LONGEST_DESCRIPTION,
    LONGEST_LABEL,
    MOST_LABELS,
    FilterError,
    check_description,
    check_names,
    duration,
    filter_words,
    filters,
    filters_of,
    is_account,
    is_filter,
    label_names,
    percentage,
    quoted,
    straight_quotes,
    unquoted,
    words,
)
from sources.types import PostKind
from storage.types import Filters

ANYTHING = st.text(st.characters())  # lone surrogates and control characters included
VISIBLE = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="“”„‟«»")
KEYWORDS = (
    st.lists(st.text(VISIBLE, min_size=1, max_size=8), min_size=1, max_size=4)
    .map(" ".join)
    .filter(
        lambda words: any(unicodedata.category(one)[0] not in "CMZ" for one in words)  # a mark alone is nothing to see
    )
)
LABELS = st.sampled_from(
    ["security", "supply chain", "mergers, acquisitions", 'so "big"', '5" disks', "it's", "lang:en"]
)
LANGUAGES = st.sampled_from(["en", "de", "pt", "zh", "yue"])


@st.composite
def some_filters(draw: st.DrawFn) -> Filters:
    """Any filters that can be typed: no value on both sides, each once."""

    def both(values: st.SearchStrategy[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = tuple(draw(st.lists(values, max_size=4, unique_by=str.casefold)))
        cut = draw(st.integers(0, len(found)))
        return found[:cut], found[cut:]

    labels, not_labels = both(LABELS)
    keywords, not_keywords = both(KEYWORDS)
    return Filters(
        labels=labels,
        not_labels=not_labels,
        keywords=keywords,
        not_keywords=not_keywords,
        without=draw(st.frozensets(st.sampled_from(PostKind))),
        langs=tuple(draw(st.lists(LANGUAGES, unique=True))),
        minimum=draw(st.none() | st.integers(1_000_000, 99_000_000).map(lambda number: number / 100_000_000)),
    )


@pytest.mark.parametrize("typed", ["60", "60%", "0.6", "60.0", "0,6", "60,0%", " 60% ", "60 %", "0.60"])
def test_all_ways_to_write_sixty_percent_are_the_same(typed: str) -> None:
    assert percentage(typed) == 0.6


@pytest.mark.parametrize(("typed", "share"), [("1%", 0.01), ("99", 0.99), ("0.01", 0.01), ("99%", 0.99), ("2", 0.02)])
def test_percentages_reach_from_one_to_ninety_nine(typed: str, share: float) -> None:
    assert percentage(typed) == share


@given(st.integers(100, 9_900))
def test_a_percentage_and_its_share_are_one_number_to_the_last_digit(hundredths: int) -> None:
    assert percentage(f"{hundredths / 100:.2f}%") == percentage(f"{hundredths / 10_000:.4f}") == hundredths / 10_000


@given(st.integers(1, 99))
def test_every_whole_percentage_is_read_as_its_share(percent: int) -> None:
    assert percentage(f"{percent}%") == percent / 100 == percentage(f"0.{percent:02}")


@pytest.mark.parametrize("typed", ["0", "0%", "100", "100%", "150%", "0.5%", "99.5%", "999999", "0.001", "0.995"])
def test_what_would_always_or_never_alert_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r" is not possible\. Use 1% to 99%\.$"):
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
    ("typed", "span"),
    [
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("3w", timedelta(days=21)),
        ("2H", timedelta(hours=2)),
        (" 90m ", timedelta(minutes=90)),
        ("1m", timedelta(minutes=1)),
        ("52w", timedelta(weeks=52)),
        ("364d", timedelta(weeks=52)),
    ],
)
def test_a_duration_is_a_number_of_minutes_hours_days_or_weeks(typed: str, span: timedelta) -> None:
    assert duration(typed) == span


@pytest.mark.parametrize("typed", ["", "2", "h", "90 min", "2 h", "1h30m", "-2h", "1.5h", "2s", "1y", "２h", "forever"])
def test_what_is_no_duration_is_repeated_and_told_how_to_write_one(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration\. .* 15m, 2h, 3d, 3w\.") as refused:
        duration(typed)
    assert f'"{typed}"' in str(refused.value)


@pytest.mark.parametrize("typed", ["0m", "0w", "53w", "365d", "999999w"])
def test_a_duration_is_a_minute_at_least_and_52_weeks_at_most(typed: str) -> None:
    with pytest.raises(ValueError, match=rf"^{typed} is not possible\. Use 1m to 52w\.$"):
        duration(typed)


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


@pytest.mark.parametrize("told", ["", "a vulnerability, breach or exploit", "{} 100%", "x" * LONGEST_DESCRIPTION])
def test_these_can_be_descriptions(told: str) -> None:
    check_description(told)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("x" * 201, "is too long: 200 characters at most."),
        ("?!", '"?!" is not a description: it has no letter.'),
        ("a\x07bell", "has a control character."),
    ],
)
def test_these_cannot_be_descriptions(told: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        check_description(told)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("supply  chain", "supply chain"),
        ('"supply chain"', "supply chain"),
        ("“supply chain”", "supply chain"),
        ('"say ""hi"""', 'say "hi"'),
        ('a 5" disk', 'a 5" disk'),
        ('""', ""),
        ("", ""),
    ],
)
def test_a_text_may_stand_in_quotes(typed: str, meant: str) -> None:
    assert unquoted(typed) == meant


@pytest.mark.parametrize("typed", ['"a', '"a" b', '"a" "b"', "“a"])
def test_a_quote_at_the_beginning_is_closed_at_the_end(typed: str) -> None:
    with pytest.raises(ValueError, match="a quote is not closed, or stands inside a word"):
        unquoted(typed)


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("@a @b,@c , @d", ["@a", "@b", "@c", "@d"]),
        ('-keyword:"a, b" @c', ['-keyword:"a, b"', "@c"]),
        ("-keyword:“a b”", ['-keyword:"a b"']),
        ("lang:en,de,@a", ["lang:en,de", "@a"]),
        ("lang:en, de", ["lang:en", "de"]),
        ("-retweets,-replies", ["-retweets", "-replies"]),
        ('+keyword:"say ""hi"""', ['+keyword:"say ""hi"""']),
        ("", []),
        (" ,\n,\t", []),
    ],
)
def test_words_are_divided_by_spaces_and_commas_outside_quotes(typed: str, parts: list[str]) -> None:
    assert words(typed) == parts


@pytest.mark.parametrize("word", ["@a", "@min:60", "x:a", "RSS:feed", "https://e.org/+x", "HTTP://e.org", "x.com/a"])
def test_these_are_meant_for_accounts(word: str) -> None:
    assert is_account(word)
    assert not is_filter(word)


@pytest.mark.parametrize(
    "word", [*FILTERS.values(), "-retwets", "+retweets", "retweets", "label:x", "lnag:en", "-https://x.com", "-"]
)
def test_these_are_meant_for_filters(word: str) -> None:
    assert is_filter(word)
    assert not is_account(word)


@pytest.mark.parametrize("word", ["vendor", "mini", "mastodn:a@b", "ci/cd", '"node.js/npm"', ""])
def test_these_are_meant_for_neither(word: str) -> None:
    assert not is_filter(word)
    assert not is_account(word)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", Filters()),
        ("+label:security", Filters(labels=("security",))),
        ('-label:"supply chain"', Filters(not_labels=("supply chain",))),
        ("+keyword:CVE +keyword:“zero day”", Filters(keywords=("CVE", "zero day"))),
        ('-keyword:"a  b" -keyword:12:30', Filters(not_keywords=("a b", "12:30"))),
        ("-retweets", Filters(without=frozenset({PostKind.RETWEET}))),
        ("-replies -quotes", Filters(without=frozenset({PostKind.REPLY, PostKind.QUOTE}))),
        ("lang:en", Filters(langs=("en",))),
        ("lang:pt-BR lang:EN,zh_Hant", Filters(langs=("pt", "en", "zh"))),
        ("min:60%", Filters(minimum=0.6)),
        ("min:60", Filters(minimum=0.6)),
        ("MIN:0.6 min:60%", Filters(minimum=0.6)),
        ("-RETWEETS -Keyword:A -keyword:a", Filters(without=frozenset({PostKind.RETWEET}), not_keywords=("A",))),
        ("-retweets, lang:en", Filters(without=frozenset({PostKind.RETWEET}), langs=("en",))),
    ],
)
def test_these_are_filters(typed: str, meant: Filters) -> None:
    assert filters(typed) == meant


@pytest.mark.parametrize(
    ("typed", "told", "example"),
    [
        ("-retwets", '"-retwets" is not a filter. Did you mean -retweets?', "-retweets"),
        ("+retweets", '"+retweets" is not a filter. Did you mean -retweets?', "-retweets"),
        ("-retweets:no", '"-retweets:no" is not a filter. Did you mean -retweets?', "-retweets"),
        ("-lable:y", '"-lable:y" is not a filter. Did you mean -label:y?', "-label:sports"),
        ("label:y", '"label:y" is not a filter. Did you mean +label:y?', "+label:security"),
        ("language:en", '"language:en" is not a filter. Did you mean lang:en?', "lang:en"),
        ("min", '"min" is not a filter. Did you mean min:60%?', "min:60%"),
        ("-weather", '"-weather" is not a filter. There are +label:security', "-retweets"),
        ("+label:", "+label: has no value.", "+label:security"),
        ('-keyword:""', "-keyword: has no value.", '-keyword:"weekly digest"'),
        ("min:", "min: has no value.", "min:60%"),
        ("lang:", "lang: has no value.", "lang:en"),
        ("lang:english", '"english" is not the code of a language', "lang:en"),
        ("+label:!", '"!" is not a label: it has no letter.', "+label:security"),
        ("-label:list", '"list" is a reserved word', "-label:sports"),
        (f"+keyword:{'x' * 61}", "is too long: 60 characters at most.", "+keyword:CVE"),
        ("+keyword:\u200b", "is not a keyword: it has nothing to see.", "+keyword:CVE"),
        ("+label:x -label:X", "+label:x and -label:x contradict each other.", "+label:security"),
        ('+keyword:"a b" -keyword:"A b"', '+keyword:"a b" and -keyword:"a b" contradict each other.', "+keyword:CVE"),
        ("min:60% min:70%", "min:60% and min:70% contradict each other.", "min:60%"),
        ('+keyword:a"b"', "a quote stands inside a word.", "+keyword:CVE"),
    ],
)
def test_these_are_no_filters_and_one_right_filter_is_named(typed: str, told: str, example: str) -> None:
    with pytest.raises(FilterError) as refused:
        filters(typed)
    assert told in str(refused.value)
    assert refused.value.example == example
    filters(example)  # would raise


def test_the_threshold_of_a_watch_obeys_the_rules_of_thresholds() -> None:
    with pytest.raises(ValueError, match=r"150% is not possible\. Use 1% to 99%\."):
        filters("min:150%")


def test_a_quote_that_is_not_closed_makes_no_filter() -> None:
    with pytest.raises(ValueError, match="a quote is not closed"):
        filters('-retweets -keyword:"a b')


@given(some_filters())
def test_filters_can_be_typed_back_as_they_are_shown(found: Filters) -> None:
    assert filters_of(filter_words(found)) == found
    assert filters(" ".join(filter_words(found))) == found
    assert words(" ".join(filter_words(found))) == filter_words(found), "each is one word"
    assert all(is_filter(word) for word in filter_words(found))


@given(ANYTHING | st.builds("{}{}".format, st.sampled_from(list(FILTERS)), ANYTHING))
def test_no_text_makes_filters_raise_anything_but_a_value_error_and_all_others_can_be_typed_back(typed: str) -> None:
    try:
        found = filters(typed)
    except ValueError:
        return
    assert filters(" ".join(filter_words(found))) == found
    assert found != Filters() or not typed.strip(" ,").strip(), "what was typed is never lost"
