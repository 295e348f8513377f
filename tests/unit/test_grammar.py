"""What people may type, and what they are told when it is no command."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import types as commands
from bot.commands.errors import RefusedError, UsageError, did_you_mean
from bot.commands.grammar import LONGEST_TEST, parse
from bot.commands.types import Command
from classifier.types import Label, Mode
from sources.types import Handle
from storage.types import AlertId, Judged

ANYTHING = st.text(st.characters())  # lone surrogates and control characters included
WORDS = ("/watch", "/unwatch", "/labels", "/threshold", "/alerts", "/test", "+1", "-1", "/health", "/help")
BEGINNINGS = (*WORDS, "/labels set", "/labels mode", "/labels list", "/threshold set", "/threshold set 60%")


def watching(*names: str) -> commands.AddWatches:
    return commands.AddWatches(handles=tuple(Handle(source="x", name=name) for name in names))


def labels(*names: str) -> commands.SetLabels:
    return commands.SetLabels(labels=tuple(Label(name=name) for name in names))


def threshold(share: float, label: str = "") -> commands.SetThreshold:
    return commands.SetThreshold(threshold=share, label=label)


def judge(alert: int, judged: Judged) -> commands.Judge:
    return commands.Judge(alert=AlertId(alert), judged=judged)


def refusal(typed: str) -> str:
    with pytest.raises(UsageError) as refused:
        parse(typed)
    return str(refused.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/watch", commands.ListWatches()),
        ("/watch @vendor_sec", watching("vendor_sec")),
        ("/watch @a @b @c", watching("a", "b", "c")),
        ("/watch @a, @b,@c", watching("a", "b", "c")),
        ("/watch ,@a,", watching("a")),
        ("/watch https://x.com/vendor_sec", watching("vendor_sec")),
        ("/watch @a @a x:a", watching("a")),
        ("/watch @Vendor @vendor", watching("Vendor")),
        (
            "/watch @a @team.bsky.social",
            commands.AddWatches(
                handles=(Handle(source="x", name="a"), Handle(source="bluesky", name="team.bsky.social"))
            ),
        ),
        ("/unwatch @a, @b", commands.RemoveWatches(handles=watching("a", "b").handles)),
        ("/labels", commands.ListLabels()),
        ("/labels list", commands.ListLabels()),
        ("/labels set security", labels("security")),
        ("/labels set security, database", labels("security", "database")),
        ("/labels set supply chain, database", labels("supply chain", "database")),
        ('/labels set "supply chain", "mergers, acquisitions"', labels("supply chain", "mergers, acquisitions")),
        ("/labels set “supply chain”, „mergers, acquisitions“", labels("supply chain", "mergers, acquisitions")),
        ('/labels set "supply chain" , database', labels("supply chain", "database")),
        ("/labels set  a ,  b  c ,", labels("a", "b c")),
        ("/labels set a {} b, 100% cotton", labels("a {} b", "100% cotton")),
        ("/labels mode exclusive", commands.SetMode(mode=Mode.EXCLUSIVE)),
        ("/labels mode INDEPENDENT", commands.SetMode(mode=Mode.INDEPENDENT)),
        ("/threshold set 60%", threshold(0.6)),
        ("/threshold set 60", threshold(0.6)),
        ("/threshold set 0.6", threshold(0.6)),
        ("/threshold set 60% security", threshold(0.6, "security")),
        ("/threshold set 60%  supply   chain", threshold(0.6, "supply chain")),
        ('/threshold set 60% "supply chain"', threshold(0.6, "supply chain")),
        ("/threshold set 60% “supply chain”", threshold(0.6, "supply chain")),
        ("/alerts", commands.ListAlerts()),
        ("/alerts list", commands.ListAlerts()),
        ("/test Critical RCE, patch now", commands.TryText(text="Critical RCE, patch now")),
        ("/test two\nlines  and “quotes”", commands.TryText(text="two\nlines  and “quotes”")),
        ("+1 7", judge(7, Judged.RELEVANT)),
        ("-1 7", judge(7, Judged.NOT_RELEVANT)),
        ("-1 #7", judge(7, Judged.NOT_RELEVANT)),
        ("/health", commands.ShowHealth()),
        ("/help", commands.Help()),
        ("/help labels", commands.Help(topic="/labels")),
        ("/help /labels", commands.Help(topic="/labels")),
        ("/help -1", commands.Help(topic="-1")),
        ("  /WATCH   @a  ", watching("a")),
        ("/Labels Set A", labels("A")),
        ("/labels\tset\na", labels("a")),
        ("/watch\u00a0@a", watching("a")),
    ],
)
def test_a_line_means_this_command(typed: str, meant: Command) -> None:
    assert parse(typed) == meant


@pytest.mark.parametrize(
    ("typed", "told", "example"),
    [
        pytest.param("", '"" is not a command. I know /watch, /unwatch,', "/help", id="nothing was typed"),
        pytest.param(
            "/lables set a", '"/lables" is not a command. Did you mean /labels?', "/help", id="a misspelt command"
        ),
        pytest.param("watch @a", '"watch" is not a command. Did you mean /watch?', "/help", id="the slash is missing"),
        pytest.param("+17", '"+17" is not a command. Did you mean +1?', "/help", id="the space after +1 is missing"),
        pytest.param("/weather", '"/weather" is not a command.', "/help", id="a command of somebody else"),
        pytest.param("good morning", '"good" is not a command. I know', "/help", id="no command at all"),
        pytest.param("/watch ,", "An account is missing.", "/watch @vendor_sec", id="a comma for an account"),
        pytest.param("/watch vendor", '"vendor" has neither an @ nor https:// in front.', "/watch @vendor", id="no @"),
        pytest.param(
            "/watch @a -retweets", '"-retweets" has neither', "/watch @awscloud", id="a filter beside an account"
        ),
        pytest.param("/watch @a @no-such", '"@no-such" is not an X handle', "/watch @awscloud", id="no possible name"),
        pytest.param(
            "/watch https://x.com/home", "is not the page of an account", "/watch https://x.com/awscloud", id="no page"
        ),
        pytest.param("/unwatch", "An account is missing.", "/unwatch @vendor_sec", id="unwatch whom"),
        pytest.param("/unwatch all @a", '"all" has neither', "/unwatch @all", id="unwatch all and one"),
        pytest.param("/unwatch @a -lable:y", '"-lable:y" has neither', "/unwatch @awscloud", id="junk at unwatch"),
        pytest.param(
            "/labels lst", '/labels has no "lst". Did you mean list?', "/labels set security, database", id="labels lst"
        ),
        pytest.param(
            "/labels drop x",
            '/labels has no "drop". It takes: list, set, mode.',
            "/labels set security, database",
            id="labels drop",
        ),
        pytest.param(
            "/labels list all", '/labels list takes nothing more, but "all" followed.', "/labels list", id="labels list"
        ),
        pytest.param("/labels set", "Labels are missing.", "/labels set security, database", id="set to what"),
        pytest.param("/labels set , ,", "Labels are missing.", "/labels set security, database", id="commas only"),
        pytest.param('/labels set ""', "Labels are missing.", "/labels set security, database", id="empty quotes"),
        pytest.param(
            '/labels set "supply chain',
            'In "supply chain a quote is not closed, or stands inside a word.',
            "/labels set security, database",
            id="an open quote",
        ),
        pytest.param(
            "/labels set Storm, storm",
            '"storm" and "Storm" differ only in case.',
            "/labels set security, database",
            id="only in case",
        ),
        pytest.param(
            "/labels set a, on", '"on" is a reserved word', "/labels set security, database", id="a reserved word"
        ),
        pytest.param("/labels mode", "A mode is missing:", "/labels mode independent", id="which mode"),
        pytest.param(
            "/labels mode exclusiv",
            '"exclusiv" is not a mode. Did you mean exclusive?',
            "/labels mode independent",
            id="a misspelt mode",
        ),
        pytest.param(
            "/labels mode exclusive now",
            '"exclusive now" is not a mode. Did you mean exclusive?',
            "/labels mode independent",
            id="more than a mode",
        ),
        pytest.param("/threshold", "/threshold needs one of: set.", "/threshold set 60% security", id="bare threshold"),
        pytest.param(
            "/threshold 60%", '/threshold has no "60%". It takes: set.', "/threshold set 60% security", id="without set"
        ),
        pytest.param(
            "/threshold ste 60%", "Did you mean set?", "/threshold set 60% security", id="a misspelt threshold set"
        ),
        pytest.param("/threshold set", "A percentage is missing.", "/threshold set 60% security", id="set how high"),
        pytest.param(
            "/threshold set high",
            '"high" is not a percentage.',
            "/threshold set 60% security",
            id="a word for a percentage",
        ),
        pytest.param(
            "/threshold set security 60%",
            '"security" is not a percentage.',
            "/threshold set 60% security",
            id="the other way round",
        ),
        pytest.param("/threshold set 1", "1% or 100%?", "/threshold set 60% security", id="one or all"),
        pytest.param(
            "/threshold set 150%",
            "150% is not possible. Use 1% to 99%.",
            "/threshold set 60% security",
            id="more than all",
        ),
        pytest.param(
            '/threshold set 60% ""', '"" is not a label.', "/threshold set 60% security", id="a threshold for no label"
        ),
        pytest.param("/alerts ls", '/alerts has no "ls". Did you mean list?', "/alerts", id="a misspelt list"),
        pytest.param("/alerts off", '/alerts has no "off". It takes: list.', "/alerts", id="alerts off"),
        pytest.param(
            "/alerts list security",
            '/alerts list takes nothing more, but "security" followed.',
            "/alerts list",
            id="alerts list of",
        ),
        pytest.param("/test", "A text is missing.", "/test Critical RCE in ExampleDB, patch now", id="test what"),
        pytest.param(
            "/test " + "x" * 10_001, "10000 characters at most", "/test Critical RCE in ExampleDB, patch now", id="long"
        ),
        pytest.param("+1", "The number of an alert is missing.", "-1 7", id="judge what"),
        pytest.param("-1 seven", '"seven" is not the number of an alert.', "-1 7", id="a word for a number"),
        pytest.param("-1 7 8", '"7 8" is not the number of an alert.', "-1 7", id="two alerts at once"),
        pytest.param("-1 -7", '"-7" is not the number of an alert.', "-1 7", id="a negative number"),
        pytest.param("+1 ٧", '"٧" is not the number of an alert.', "-1 7", id="a digit of another script"),
        pytest.param("+1 " + "9" * 16, "is not the number of an alert.", "-1 7", id="a number beyond all counting"),
        pytest.param(
            "/health now", '/health takes nothing more, but "now" followed.', "/health", id="more than health"
        ),
        pytest.param(
            "/help lables", '"lables" is not a command. Did you mean /labels?', "/help labels", id="help misspelt"
        ),
        pytest.param("/help weather", '"weather" is not a command.', "/help labels", id="help with something else"),
    ],
)
def test_a_refusal_names_the_bad_part_and_gives_one_right_example(typed: str, told: str, example: str) -> None:
    message = refusal(typed)

    assert told in message
    assert message.endswith(f" Nothing was changed. Example: {example}")
    assert message.count("Example:") == message.count("Nothing was changed.") == 1
    parse(example)  # would raise


@pytest.mark.parametrize("typed", ["/foo", "/help foo", "/labels drop x", "/alerts off"])
def test_no_word_is_suggested_where_none_is_near(typed: str) -> None:
    assert "Did you mean" not in refusal(typed)


@pytest.mark.parametrize(
    "typed",
    [
        f"/{'x' * 100_000}",
        f"/watch {'x' * 100_000}",
        f"/labels {'x' * 100_000}",
        f"/labels set {'x' * 100_000}",
        f'/labels set "{"x" * 9_000}',
        f"/labels mode {'x' * 100_000}",
        f"/threshold set {'x' * 100_000}",
        f"/alerts {'x' * 100_000}",
        f"+1 {'x' * 100_000}",
        f"/help {'x' * 100_000}",
    ],
    ids=lambda typed: typed[:16],
)
def test_a_long_bad_part_is_cut_in_the_answer(typed: str) -> None:
    assert len(refusal(typed)) < 350


@pytest.mark.parametrize("length", [1, LONGEST_TEST])
def test_a_text_to_test_may_be_long(length: int) -> None:
    assert parse(f"/test {'x' * length}") == commands.TryText(text="x" * length)


@given(ANYTHING | st.builds("{} {}".format, st.sampled_from(BEGINNINGS), ANYTHING))
def test_no_text_makes_parsing_raise_anything_but_a_usage_error(typed: str) -> None:
    with suppress(UsageError):
        parse(typed)


@given(
    st.sampled_from(["/watch", "/labels", "/labels list", "/alerts", "/alerts list", "/health", "/help"]),
    st.text(st.characters(), min_size=1).filter(lambda junk: bool(junk.strip())),
)
def test_invalid_arguments_never_count_as_no_arguments(bare: str, junk: str) -> None:
    try:
        meant = parse(f"{bare} {junk}")
    except UsageError:
        return
    assert meant != parse(bare) or junk.strip().casefold() == "list"


@given(st.text(st.characters(), min_size=1).filter(lambda junk: bool(junk.strip())))
def test_an_invalid_label_never_sets_the_whole_channels_threshold(junk: str) -> None:
    try:
        meant = parse(f"/threshold set 60% {junk}")
    except UsageError:
        return
    assert isinstance(meant, commands.SetThreshold)
    assert meant.label


@given(st.sampled_from(["@ok", "@fine @ok"]), st.sampled_from(["-lable:y", "all", "ok", "@", "@a-b", "+keyword:"]))
def test_one_bad_account_refuses_the_whole_line(good: str, bad: str) -> None:
    assert f'"{bad}"' in refusal(f"/unwatch {good} {bad}")
    assert f'"{bad}"' in refusal(f"/watch {bad} {good}")


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("securty", ["security", "database"], " Did you mean security?"),
        ("cves", ["CVE", "storm"], " Did you mean CVE?"),
        ("STORMS", ["Storm"], " Did you mean Storm?"),
        ("zebra", ["security"], ""),
        ("", ["security"], ""),
        ("security", [], ""),
    ],
)
def test_the_nearest_word_is_suggested_as_it_is_written(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint


def test_what_is_refused_later_is_not_changed_either() -> None:
    assert str(RefusedError("There is no alert 7.")) == "There is no alert 7. Nothing was changed."
