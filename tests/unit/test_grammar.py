"""What people may type, and what they are told when it is no command."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import types as commands
from bot.commands.catalogue import CATALOGUE
from bot.commands.errors import RefusedError, UsageError, did_you_mean
from bot.commands.grammar import parse
from bot.commands.grammar.questions import LONGEST_TEST
from bot.commands.types import Command
from bot.commands.values import straight_quotes
from classifier.types import Label, Mode
from sources.types import Handle, PostKind
from storage.types import AlertId, AlertState, Filters, Judged, Manager

ANYTHING = st.text(st.characters())  # lone surrogates and control characters included
JUNK = st.text(st.characters(), min_size=1).filter(lambda junk: bool(junk.strip()))
DESCRIBE = '/labels describe security "a vulnerability, breach or exploit"'
IMPORT = "/config import {lapwing: 1, labels: [{name: security}]}"
LOCK = "/config lock @ann @bob"
BEGINNINGS = tuple(
    sorted({done for one in CATALOGUE for done in one.completions} | {"/threshold set 60%", "/alerts pause 2h"})
)


def watching(*names: str) -> commands.AddWatches:
    return commands.AddWatches(handles=tuple(Handle(source="x", name=name) for name in names))


def narrowed(name: str, filters: Filters) -> commands.AddWatches:
    return commands.AddWatches(handles=(Handle(source="x", name=name),), filters=filters)


def removing(*names: str, filters: Filters = Filters()) -> commands.RemoveWatches:  # noqa: B008  (frozen)
    return commands.RemoveWatches(handles=tuple(Handle(source="x", name=name) for name in names), filters=filters)


def describing(name: str, description: str) -> commands.DescribeLabel:
    return commands.DescribeLabel(name=name, description=description)


def locked(*managers: tuple[str, str]) -> commands.Lock:
    return commands.Lock(managers=tuple(Manager(id=id_, name=name) for id_, name in managers))


def labels(*names: str) -> commands.SetLabels:
    return commands.SetLabels(labels=tuple(Label(name=name) for name in names))


def threshold(share: float, label: str = "") -> commands.SetThreshold:
    return commands.SetThreshold(threshold=share, label=label)


def judge(alert: int, judged: Judged | None) -> commands.Judge:
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
        ("/watch @a -retweets", narrowed("a", Filters(without=frozenset({PostKind.RETWEET})))),
        ("/watch -retweets, @a", narrowed("a", Filters(without=frozenset({PostKind.RETWEET})))),
        (
            '/watch @a +label:fire -label:“supply chain” +keyword:CVE -keyword:"a b" -replies -quotes lang:en min:6%',
            narrowed(
                "a",
                Filters(
                    labels=("fire",),
                    not_labels=("supply chain",),
                    keywords=("CVE",),
                    not_keywords=("a b",),
                    without=frozenset({PostKind.REPLY, PostKind.QUOTE}),
                    langs=("en",),
                    minimum=0.06,
                ),
            ),
        ),
        ("/unwatch @a, @b", removing("a", "b")),
        ("/unwatch @a lang:en,de", removing("a", filters=Filters(langs=("en", "de")))),
        ("/unwatch all", commands.RemoveAllWatches(sure=False)),
        ("/unwatch ALL yes", commands.RemoveAllWatches(sure=True)),
        ("/unwatch @all", removing("all")),
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
        ("/labels set helpful, listing", labels("helpful", "listing")),
        ("/labels add x", commands.AddLabels(labels=(Label(name="x"),))),
        ('/labels add "supply chain", y', commands.AddLabels(labels=(Label(name="supply chain"), Label(name="y")))),
        ("/labels remove supply chain, y", commands.RemoveLabels(names=("supply chain", "y"))),
        ('/labels describe security "a breach, or exploit"', describing("security", "a breach, or exploit")),
        ("/labels describe security “a breach”", describing("security", "a breach")),
        ('/labels describe supply chain "an attack"', describing("supply chain", "an attack")),
        ('/labels describe "supply chain" "an attack"', describing("supply chain", "an attack")),
        ('/labels describe "supply chain" an attack', describing("supply chain", "an attack")),
        ("/labels describe security a breach,  or exploit", describing("security", "a breach, or exploit")),
        ('/labels describe security a "zero day" hole', describing("security", 'a "zero day" hole')),
        ('/labels describe security "a ""zero day"" hole"', describing("security", 'a "zero day" hole')),
        ('/labels describe security ""', describing("security", "")),
        ("/labels mode exclusive", commands.SetMode(mode=Mode.EXCLUSIVE)),
        ("/labels mode INDEPENDENT", commands.SetMode(mode=Mode.INDEPENDENT)),
        ("/threshold", commands.ListThresholds()),
        ("/threshold list", commands.ListThresholds()),
        ("/threshold reset", commands.ResetThreshold()),
        ("/threshold reset supply chain", commands.ResetThreshold(label="supply chain")),
        ('/threshold reset "supply chain"', commands.ResetThreshold(label="supply chain")),
        ('/threshold set 60% "mergers, ""big"""', threshold(0.6, 'mergers, "big"')),
        ("/threshold set 60%", threshold(0.6)),
        ("/threshold set 60", threshold(0.6)),
        ("/threshold set 0.6", threshold(0.6)),
        ("/threshold set 60% security", threshold(0.6, "security")),
        ("/threshold set 60%  supply   chain", threshold(0.6, "supply chain")),
        ('/threshold set 60% "supply chain"', threshold(0.6, "supply chain")),
        ("/threshold set 60% “supply chain”", threshold(0.6, "supply chain")),
        ("/alerts", commands.ListAlerts()),
        ("/alerts list", commands.ListAlerts()),
        ("/alerts list supply chain", commands.ListAlerts(label="supply chain")),
        ("/alerts on", commands.SetAlerts(state=AlertState.ON)),
        ("/alerts off", commands.SetAlerts(state=AlertState.OFF)),
        ("/alerts Shadow", commands.SetAlerts(state=AlertState.SHADOW)),
        ("/alerts pause 2h", commands.PauseAlerts(duration=timedelta(hours=2))),
        ("/alerts pause 15m security", commands.PauseAlerts(duration=timedelta(minutes=15), label="security")),
        ('/alerts pause 3w "x.com/a"', commands.PauseAlerts(duration=timedelta(weeks=3), label="x.com/a")),
        (
            "/alerts pause 3w @acct",
            commands.PauseAlerts(duration=timedelta(weeks=3), handle=Handle(source="x", name="acct")),
        ),
        (
            "/alerts pause 2h https://x.com/acct",
            commands.PauseAlerts(duration=timedelta(hours=2), handle=Handle(source="x", name="acct")),
        ),
        ("/alerts resume", commands.ResumeAlerts()),
        ("/why 7", commands.AskWhy(alert=AlertId(7))),
        ("/why #7", commands.AskWhy(alert=AlertId(7))),
        ("/why https://x.com/a/status/1?s=20", commands.AskWhy(link="https://x.com/a/status/1?s=20")),
        ("/why <https://x.com/a/status/1>", commands.AskWhy(link="https://x.com/a/status/1")),
        ("/stats", commands.ShowStats(days=7)),
        ("/stats 1", commands.ShowStats(days=1)),
        ("/stats 365", commands.ShowStats(days=365)),
        ("/config", commands.ShowConfig()),
        ("/config show", commands.ShowConfig()),
        ("/config export", commands.ExportConfig()),
        ("/config import lapwing: 1", commands.ImportConfig(yaml="lapwing: 1")),
        ("/config import lapwing: 1\nlabels:\n  - a", commands.ImportConfig(yaml="lapwing: 1\nlabels:\n  - a")),
        ("/config import\n  a: 1\n  b:\n    - 2\n", commands.ImportConfig(yaml="a: 1\nb:\n  - 2")),
        ("/config import ```yaml\na: 1\nb: 2\n```", commands.ImportConfig(yaml="a: 1\nb: 2")),
        ("/config import\n```\n  a:\n    b: 2\n```\n", commands.ImportConfig(yaml="a:\n  b: 2")),
        ("/config import ```a: 1```", commands.ImportConfig(yaml="a: 1")),
        ("/config import apply: 1", commands.ImportConfig(yaml="apply: 1")),
        ("/config import apply 7f3a", commands.ApplyImport(code="7f3a")),
        ("/config log", commands.ShowLog()),
        ("/config undo", commands.Undo()),
        ("/config undo 12", commands.Undo(change=12)),
        ("/config undo #12", commands.Undo(change=12)),
        ("/config lock <@U123>", locked(("U123", "U123"))),
        ("/config lock <@U123|ann> <@!456>,@bob", locked(("U123", "ann"), ("456", "456"), ("bob", "bob"))),
        ("/config lock <@U1|Ann Lee>, <@U1>", locked(("U1", "Ann Lee"))),
        ("/config lock OFF", locked()),
        ("/test Critical RCE, patch now", commands.TryText(text="Critical RCE, patch now")),
        ("/test two\nlines  and “quotes”", commands.TryText(text="two\nlines  and “quotes”")),
        ("+1 7", judge(7, Judged.RELEVANT)),
        ("-1 7", judge(7, Judged.NOT_RELEVANT)),
        ("-1 7 it was a drill", commands.Judge(alert=AlertId(7), judged=Judged.NOT_RELEVANT, reason="it was a drill")),
        ("-1 #7", judge(7, Judged.NOT_RELEVANT)),
        ("0 7", judge(7, None)),
        ("/health", commands.ShowHealth()),
        ("/help", commands.Help()),
        ("/help labels", commands.Help(topic="/labels")),
        ("/help /labels", commands.Help(topic="/labels")),
        ("/help -1", commands.Help(topic="-1")),
        ("/help filters", commands.Help(topic="filters")),
        ("filters help", commands.Help(topic="filters")),
        ("/Labels HELP", commands.Help(topic="/labels")),
        ("labels help", commands.Help(topic="/labels")),
        ("/test help", commands.Help(topic="/test")),
        ("+1 help", commands.Help(topic="+1")),
        ("/help help", commands.Help(topic="/help")),
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
            "/watch @acct -retwets",
            '"-retwets" is not a filter. Did you mean -retweets?',
            "/watch @acct -retweets",
            id="a misspelt filter",
        ),
        pytest.param(
            "/watch @a +retweets",
            '"+retweets" is not a filter. Did you mean -retweets?',
            "/watch @acct -retweets",
            id="retweets wanted",
        ),
        pytest.param(
            "/watch @a +label:", "+label: has no value.", "/watch @acct +label:security", id="a filter without value"
        ),
        pytest.param(
            "/watch @a +label:x -label:x",
            "+label:x and -label:x contradict each other.",
            "/watch @acct +label:security",
            id="filters against each other",
        ),
        pytest.param(
            '/watch @a -keyword:"b', "a quote is not closed.", "/watch @vendor_sec", id="an open quote in a filter"
        ),
        pytest.param("/watch -retweets", "An account is missing.", "/watch @vendor_sec", id="filters of nobody"),
        pytest.param("/watch all", '"all" has neither', "/watch @all", id="watch all"),
        pytest.param("/watch @a @no-such", '"@no-such" is not an X handle', "/watch @awscloud", id="no possible name"),
        pytest.param(
            "/watch https://x.com/home", "is not the page of an account", "/watch https://x.com/awscloud", id="no page"
        ),
        pytest.param("/unwatch", "An account is missing.", "/unwatch @vendor_sec", id="unwatch whom"),
        pytest.param(
            "/unwatch all @a",
            '/unwatch all takes nothing but yes, and "@a" followed.',
            "/unwatch @vendor_sec",
            id="unwatch all and one",
        ),
        pytest.param("/unwatch all no", '"no" followed.', "/unwatch @vendor_sec", id="unwatch all, rather not"),
        pytest.param("/unwatch @a all", '"all" has neither', "/unwatch @all", id="unwatch one and all"),
        pytest.param("/unwatch -retweets", "An account is missing.", "/unwatch @vendor_sec", id="unwatch a filter"),
        pytest.param(
            "/unwatch @a -lable:y",
            '"-lable:y" is not a filter. Did you mean -label:y?',
            "/unwatch @acct -label:sports",
            id="junk at unwatch",
        ),
        pytest.param("/labels lst", '/labels has no "lst". Did you mean list?', "/labels list", id="labels lst"),
        pytest.param(
            "/labels drop x",
            '/labels has no "drop". It takes: list, set, add, remove, describe, mode.',
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
        pytest.param("/labels add", "Labels are missing.", '/labels add "supply chain"', id="add what"),
        pytest.param("/labels add a, A", "differ only in case", '/labels add "supply chain"', id="add one twice"),
        pytest.param("/labels remove", "Labels are missing.", "/labels remove database", id="remove what"),
        pytest.param("/labels remove all", '"all" is a reserved word', "/labels remove database", id="remove all"),
        pytest.param("/labels describe", "A label is missing.", DESCRIBE, id="describe what"),
        pytest.param("/labels describe security", "A description of security is missing.", DESCRIBE, id="describe how"),
        pytest.param('/labels describe "" a breach', '"" is not a label.', DESCRIBE, id="describe nothing"),
        pytest.param('/labels describe a "b', "a quote is not closed.", DESCRIBE, id="an open quote in a description"),
        pytest.param(f"/labels describe a {'x' * 201}", "200 characters at most.", DESCRIBE, id="a long description"),
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
        pytest.param(
            "/threshold 60%",
            '/threshold has no "60%". It takes: list, set, reset.',
            "/threshold set 60% security",
            id="without set",
        ),
        pytest.param("/threshold list a", '"a" followed.', "/threshold list", id="threshold list of"),
        pytest.param('/threshold reset ""', '"" is not a label.', "/threshold reset security", id="reset no label"),
        pytest.param("/threshold reset all", '"all" is a reserved word', "/threshold reset security", id="reset all"),
        pytest.param(
            "/threshold ste 60%", "Did you mean set?", "/threshold set 60% security", id="a misspelt threshold set"
        ),
        pytest.param("/threshold set", "A percentage is missing.", "/threshold set 60% security", id="set how high"),
        pytest.param(
            '/threshold set 60% ""', '"" is not a label.', "/threshold set 60% security", id="a threshold for no label"
        ),
        pytest.param(
            '/threshold set 60% "a', "a quote is not closed", "/threshold set 60% security", id="a label with a quote"
        ),
        pytest.param("/alerts lst", '/alerts has no "lst". Did you mean list?', "/alerts list security", id="a lst"),
        pytest.param("/alerts of", '/alerts has no "of". Did you mean off?', "/alerts off", id="a misspelt off"),
        pytest.param("/alerts on now", '/alerts on takes nothing more, but "now" followed.', "/alerts on", id="on now"),
        pytest.param("/alerts pause", "A duration is missing.", "/alerts pause 2h", id="pause how long"),
        pytest.param("/alerts pause @a 2h", '"@a" is not a duration.', "/alerts pause 2h", id="pause whom first"),
        pytest.param("/alerts pause 53w", "53w is not possible. Use 1m to 52w.", "/alerts pause 2h", id="too long"),
        pytest.param("/alerts pause 2h @", '"@" is not an X handle', "/alerts pause 2h @awscloud", id="pause nobody"),
        pytest.param("/alerts pause 2h @a @b", 'but "@b" followed.', "/alerts pause 2h", id="pause two"),
        pytest.param("/alerts pause 2h ''", "\"''\" is not a label", "/alerts pause 2h", id="pause no label"),
        pytest.param("/alerts resume @a", '"@a" followed.', "/alerts resume", id="resume one"),
        pytest.param("/why", "An alert or a link is missing.", "/why 7", id="why what"),
        pytest.param("/why not", '"not" is neither the number of an alert nor a link.', "/why 7", id="why not"),
        pytest.param("/why 7 8", '"7 8" is neither', "/why 7", id="why two"),
        pytest.param("/why ftp://example.com", "is neither", "/why 7", id="a link that is not of the web"),
        pytest.param("/why https://", "is neither", "/why 7", id="a link to nowhere"),
        pytest.param("/why https://[::1", "is neither", "/why 7", id="half an address"),
        pytest.param("/stats 0", "0 days are not possible. Use 1 to 365.", "/stats 30", id="no days"),
        pytest.param("/stats 366", "366 days are not possible.", "/stats 30", id="more than a year"),
        pytest.param("/stats 7d", '"7d" is not a number of days.', "/stats 30", id="a duration for days"),
        pytest.param("/stats -7", '"-7" is not a number of days.', "/stats 30", id="days to come"),
        pytest.param("/stats ٧", '"٧" is not a number of days.', "/stats 30", id="days in another script"),
        pytest.param("/config shw", '/config has no "shw". Did you mean show?', "/config show", id="config misspelt"),
        pytest.param("/config export yaml", '"yaml" followed.', "/config export", id="export how"),
        pytest.param("/config import", "YAML, as /config export shows it, is missing.", IMPORT, id="import what"),
        pytest.param("/config import ```\n```", "YAML, as /config export shows it,", IMPORT, id="import nothing"),
        pytest.param(
            "/config import apply", "The code that the import showed", "/config import apply 7f3a", id="apply what"
        ),
        pytest.param(
            "/config import apply a b", '"a b" is not the code of an import.', "/config import apply 7f3a", id="codes"
        ),
        pytest.param("/config undo it", '"it" is not the number of a change', "/config undo 12", id="undo it"),
        pytest.param("/config undo 0", '"0" is not the number of a change', "/config undo 12", id="undo nothing"),
        pytest.param("/config lock", "Someone who may change settings is missing.", LOCK, id="lock for whom"),
        pytest.param("/config lock ann", '"ann" is not a person: they are named with an @.', LOCK, id="lock no @"),
        pytest.param("/config lock <@&9>", '"<@&9>" is not a person', LOCK, id="lock for a role"),
        pytest.param("/config lock @ann off", '"off" is not a person', LOCK, id="lock and unlock"),
        pytest.param("/config lock off @ann", '"off" is not a person', LOCK, id="unlock for one"),
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
        pytest.param("/help labels now", '"labels now" is not a command.', "/help labels", id="help with two things"),
        pytest.param("/help weather", '"weather" is not a command.', "/help labels", id="help with something else"),
    ],
)
def test_a_refusal_names_the_bad_part_and_gives_one_right_example(typed: str, told: str, example: str) -> None:
    message = refusal(typed)

    assert told in message
    assert message.endswith(f" Nothing was changed. Example: {example}")
    assert message.count("Example:") == message.count("Nothing was changed.") == 1
    parse(example)  # would raise


@pytest.mark.parametrize(
    ("typed", "told", "example"),
    [
        ("/threshold set 150% security", "150% is not possible.", "/threshold set 60% security"),
        ("/threshold set high", '"high" is not a percentage.', "/threshold set 60% security"),
        ("/threshold set security 60%", '"security" is not a percentage.', "/threshold set 60% security"),
        ("/threshold set 1", '"1" can be read in two ways: 1% or 100%?', "/threshold set 60% security"),
        ("/watch @a min:100%", "100% is not possible.", "/watch @acct min:60%"),
        ("/unwatch @a min:0", "0 is not possible.", "/unwatch @acct min:60%"),
    ],
)
def test_a_bad_percent_is_told_with_what_can_be_and_one_right_example(typed: str, told: str, example: str) -> None:
    assert refusal(typed) == f"{told} Use 1% to 99%, for example {example}. Nothing was changed."
    parse(example)  # would raise


def test_a_misspelt_filter_is_told_in_these_words() -> None:
    assert refusal("/watch @acct -retwets") == (
        '"-retwets" is not a filter. Did you mean -retweets? Nothing was changed. Example: /watch @acct -retweets'
    )


@pytest.mark.parametrize("typed", ["/foo", "/help foo", "/labels drop x", "/alerts send", "/watch @a -foo"])
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
        f"/alerts pause {'x' * 100_000}",
        f"/alerts pause 2h {'x' * 100_000}",
        f"/watch @a -{'x' * 100_000}",
        f"/watch @a {'x' * 100_000}:y",
        f"/watch @a -lable:{'x' * 100_000}",
        f"/labels describe {'x' * 100_000}",
        f"/labels describe a{' ' * 100_000}b{'x' * 1_000}",
        f"/why {'x' * 100_000}",
        f"/stats {'9' * 100_000}",
        f"/config undo {'9' * 100_000}",
        f"/config import apply {'x' * 100_000}",
        f"/config lock {'<' * 100_000}",
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


BARE = [
    *("/watch", "/labels", "/labels list", "/threshold", "/threshold list", "/threshold reset", "/alerts"),
    *("/alerts list", "/alerts on", "/alerts resume", "/alerts pause 2h", "/unwatch all", "/stats", "/health"),
    *("/config", "/config show", "/config export", "/config log", "/config undo", "/config lock off", "/help"),
]


@given(st.sampled_from(BARE), JUNK)
def test_invalid_arguments_never_count_as_no_arguments(bare: str, junk: str) -> None:
    try:
        meant = parse(f"{bare} {junk}")
    except UsageError:
        return
    assert (
        meant != parse(bare) or junk.strip().casefold() in {"list", "show"} or (bare, junk.strip()) == ("/stats", "7")
    )


@given(st.sampled_from(["/watch @ok", "/unwatch @ok"]), JUNK)
def test_what_follows_an_account_is_never_lost(good: str, junk: str) -> None:
    try:
        meant = parse(f"{good} {junk}")
    except UsageError:
        return
    assert meant != parse(good) or not junk.replace(",", " ").replace("@ok", "").strip()


@given(JUNK)
def test_an_invalid_label_never_sets_the_whole_channels_threshold(junk: str) -> None:
    try:
        meant = parse(f"/threshold set 60% {junk}")
    except UsageError:
        return
    assert isinstance(meant, commands.SetThreshold)
    assert meant.label


@given(
    st.sampled_from(["@ok", "@fine @ok"]), st.sampled_from(["-lable:y", "all", "ok", "@", "@a-b", "+keywrd:x", "min"])
)
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


@given(st.sampled_from([one.word for one in CATALOGUE]), st.sampled_from(["help", "HELP", " Help "]))
def test_every_command_explains_itself(word: str, asking: str) -> None:
    assert parse(f"{word} {asking}") == commands.Help(topic=word)


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60))
def test_a_label_named_in_quotes_is_the_label_that_was_set(name: str) -> None:
    typed = '"' + straight_quotes(name).replace('"', '""') + '"'
    try:
        meant = parse(f"/labels set {typed}")
    except UsageError:
        return
    assert isinstance(meant, commands.SetLabels)
    (label,) = meant.labels
    assert parse(f"/threshold set 60% {typed}") == threshold(0.6, label.name)
    assert parse(f"/alerts list {typed}") == commands.ListAlerts(label=label.name)
    assert parse(f"/alerts pause 2h {typed}") == commands.PauseAlerts(duration=timedelta(hours=2), label=label.name)
    assert parse(f"/labels describe {typed} told") == describing(label.name, "told")
    assert parse(f"/watch @a +label:{typed}") == narrowed("a", Filters(labels=(label.name,)))
