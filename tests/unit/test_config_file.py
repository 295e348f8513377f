"""A channel's settings as a file that people keep, edit and carry to another platform."""

import time
import unicodedata
from contextlib import suppress
from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.config_file import LONGEST, ConfigFile, from_yaml, to_yaml
from bot.commands.values import RESERVED
from classifier.types import Label, Mode
from sources.types import Handle, PostKind
from storage.settings_items import in_order
from storage.types import AlertState, Channel, ChannelLabel, Filters, Manager
from tests.fakes.builders import a_channel, a_label, a_pause, a_watch, an_account

EXPORT = """\
lapwing: 1
mode: exclusive
threshold: 60%
alerts: shadow
labels:
- name: security
  description: a vulnerability, breach or exploit
  threshold: 72.5%
- name: supply chain
watches:
- account: '@team.bsky.social'
- account: '@news@mastodon.social'
- account: rss:https://example.com/feed.xml
- account: '@vendor_sec'
  filters:
  - +label:security
  - -keyword:"weekly digest"
  - -retweets
  - lang:en
  - min:80%
"""

FILTERS = Filters(
    labels=("security",),
    not_keywords=("weekly digest",),
    without=frozenset({PostKind.RETWEET}),
    langs=("en",),
    minimum=0.8,
)
CHANNEL = a_channel(
    mode=Mode.EXCLUSIVE,
    threshold=0.6,
    alerts=AlertState.SHADOW,
    labels=(
        a_label("security", description="a vulnerability, breach or exploit", threshold=0.725),
        a_label("supply chain"),
    ),
    watches=(
        a_watch(filters=FILTERS),
        a_watch(account=an_account("team.bsky.social", source="bluesky")),
        a_watch(account=an_account("news@mastodon.social", source="mastodon")),
        a_watch(account=an_account("https://example.com/feed.xml", source="rss")),
    ),
)


def said_by(channel: Channel) -> ConfigFile:
    """What a file must say of this channel."""
    return ConfigFile(
        mode=channel.mode,
        threshold=channel.threshold,
        alerts=channel.alerts,
        labels=channel.labels,
        watches=tuple(
            (Handle(source=watch.account.source, name=watch.account.handle), watch.filters)
            for watch in sorted(channel.watches, key=lambda watch: (watch.account.source, watch.account.handle))
        ),
    )


def a_file(**parts: str) -> str:
    """A file with these parts, each as it is written."""
    return "\n".join(["lapwing: 1", *(f"{name}: {value}" for name, value in parts.items())])


def told(text: str) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (what it says is the caller's matter)
        from_yaml(text)
    return str(refused.value)


def test_an_export_reads_like_what_people_type() -> None:
    assert to_yaml(CHANNEL) == EXPORT


def test_an_export_is_read_as_the_settings_it_was_made_of() -> None:
    assert from_yaml(EXPORT) == said_by(CHANNEL)


def test_a_channel_with_nothing_set_is_a_file_too() -> None:
    empty = a_channel(labels=(), watches=())

    assert from_yaml(to_yaml(empty)) == said_by(empty)
    assert from_yaml("lapwing: 1") == said_by(empty)


def test_equal_settings_make_equal_files_in_whatever_order_accounts_were_added() -> None:
    earlier = replace(CHANNEL, watches=tuple(reversed(CHANNEL.watches)))

    assert to_yaml(earlier) == EXPORT


def test_who_may_change_settings_and_what_is_paused_stay_with_the_channel() -> None:
    busy = replace(CHANNEL, managers=(Manager(id="U1", name="Ann"),), pauses=(a_pause(),), suspended="gone", name="ops")

    assert to_yaml(busy) == EXPORT


# --- export, then import ---------------------------------------------------------------------------------------------


def is_name(text: str) -> bool:
    return (
        any(character.isalnum() for character in text)
        and text.casefold() not in RESERVED
        and text == " ".join(text.split())
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    )


names = st.text(max_size=20).filter(is_name) | st.sampled_from(
    [
        "no",
        "yes",
        "null",
        "~0",
        "2026-01-01",
        "1e3",
        "0x1f",
        "a: b",
        "a #b",
        "- a",
        "'a'",
        '"a"',
        "*a",
        "&a",
        "!a",
        "🔥 a",
    ]
)
# What the grammar takes as a keyword or a label in a filter: straight quotes only, since it straightens them.
values = names.filter(lambda name: not set(name) & set("“”„‟«»"))
shares = st.integers(1_000_000, 99_000_000).map(lambda number: round(number / 100_000_000, 8))


@st.composite
def some_filters(draw: st.DrawFn) -> Filters:
    folded = st.lists(values, max_size=4, unique_by=str.casefold)
    labels, keywords = draw(folded), draw(folded)
    return Filters(
        labels=tuple(labels[:2]),
        not_labels=tuple(labels[2:]),
        keywords=tuple(keywords[:2]),
        not_keywords=tuple(keywords[2:]),
        without=draw(st.frozensets(st.sampled_from(PostKind))),
        langs=draw(st.lists(st.sampled_from(["en", "de", "no", "gsw"]), max_size=2, unique=True).map(tuple)),
        minimum=draw(st.none() | shares),
    )


handles = st.sampled_from(
    [
        ("x", "vendor_sec"),
        ("x", "on"),
        ("x", "123"),
        ("bluesky", "team.bsky.social"),
        ("mastodon", "news@mastodon.social"),
        ("rss", "https://example.com/feed.xml?a=1&b=2#c"),
        ("rss", "https://example.com/@ann"),
        ("rss", "https://x.com/home"),
    ]
)
watches = st.builds(
    lambda handle, filters: a_watch(account=an_account(handle[1], source=handle[0]), filters=filters),
    handles,
    some_filters(),
)
channels = st.builds(
    a_channel,
    mode=st.sampled_from(Mode),
    threshold=st.none() | shares,
    alerts=st.sampled_from(AlertState),
    labels=st.lists(
        st.builds(a_label, names, description=st.just("") | names, threshold=st.none() | shares),
        max_size=5,
        unique_by=lambda label: label.name.casefold(),
    ).map(tuple),
    watches=st.lists(watches, max_size=4, unique_by=lambda watch: watch.account.id).map(in_order),
)


@given(channels)
def test_an_import_finds_what_an_export_wrote(channel: Channel) -> None:
    assert from_yaml(to_yaml(channel)) == said_by(channel)


def test_the_largest_channel_there_can_be_fits() -> None:
    labels = tuple(
        a_label(f"{number:02} {'x' * 57}", description="y" * 200, threshold=0.123456) for number in range(20)
    )
    watches = tuple(a_watch(f"account_{number}", filters=Filters(langs=("en",))) for number in range(500))

    text = to_yaml(a_channel(labels=labels, watches=watches))

    assert len(from_yaml(text).watches) == 500


# --- what people write themselves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", AlertState)
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_on_and_off_need_no_quotes(state: AlertState, quote: str) -> None:
    assert from_yaml(a_file(alerts=f"{quote}{state}{quote}")).alerts is state


@pytest.mark.parametrize("written", ["60", "60%", "0.6", "'60'", "60.0"])
def test_a_threshold_is_written_as_it_is_typed(written: str) -> None:
    assert from_yaml(a_file(threshold=written)).threshold == 0.6


@pytest.mark.parametrize("name", ["no", "2026-01-01", "2026", "1e3", "true", "NULL"])
def test_a_label_means_what_stands_there(name: str) -> None:
    assert from_yaml(a_file(labels=f"[{{name: {name}}}]")).labels == (ChannelLabel(label=Label(name=name)),)


def test_what_is_left_out_is_as_in_a_new_channel() -> None:
    assert from_yaml(a_file(labels="", watches="[]", threshold="")) == said_by(a_channel(labels=(), watches=()))


def test_an_account_may_be_any_spelling_that_a_command_takes() -> None:
    (watch,) = from_yaml(a_file(watches="[{account: 'https://x.com/vendor_sec'}]")).watches

    assert watch == (Handle(source="x", name="vendor_sec"), Filters())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "begins with lapwing: 1"),
        ("labels", "begins with lapwing: 1"),
        ("- lapwing: 1", "begins with lapwing: 1"),
        ("mode: exclusive", 'must say "lapwing: 1"'),
        ("lapwing: 2", 'must say "lapwing: 1"'),
        ("lapwing: [1", "not YAML"),
        ("lapwing: 1\n---\nlapwing: 1", "not YAML"),
        (a_file(treshold="60%"), '"treshold" is no part of such a file'),
        (a_file(mode="fuzzy"), 'mode cannot be "fuzzy"'),
        (a_file(alerts="maybe"), 'alerts cannot be "maybe"'),
        (a_file(alerts="[on]"), "alerts cannot be"),
        (a_file(threshold="150%"), "threshold: 150% is not possible. Use 1% to 99%."),
        (a_file(threshold="1"), "1% or 100%?"),
        (a_file(threshold="[60%]"), "is not a percentage"),
        (a_file(labels="security"), '"labels" must be a list'),
        (a_file(watches="{a: b}"), '"watches" must be a list'),
        (a_file(labels="[security]"), "a label has name, description, threshold"),
        (a_file(labels="[{description: x}]"), "a label needs a name"),
        (a_file(labels="[{name: [a]}]"), "a label needs a name"),
        (a_file(labels="[{name: ''}]"), "is not a label"),
        (a_file(labels="[{name: all}]"), "reserved word"),
        (a_file(labels="[{name: a}, {name: A}]"), "differ only in case"),
        (a_file(labels="[{name: a, treshold: 5%}]"), '"treshold" is no part of a label'),
        (a_file(labels="[{name: a, threshold: 0%}]"), "the threshold of a: 0% is not possible"),
        (a_file(labels=f"[{{name: a, description: {'x' * 201}}}]"), "too long: 200 characters at most"),
        (a_file(labels=f"[{', '.join(f'{{name: l{n}}}' for n in range(21))}]"), "21 labels are too many"),
        (a_file(watches="['@vendor_sec']"), "a watch has account, filters"),
        (a_file(watches="[{filters: []}]"), "has neither an @"),
        (a_file(watches="[{account: vendor_sec}]"), "Example: @vendor_sec"),
        (a_file(watches="[{account: '@a', filters: -retweets}]"), "filters are a list of texts"),
        (a_file(watches="[{account: '@a', filters: [[x]]}]"), "filters are a list of texts"),
        (a_file(watches="[{account: '@a', filters: [-retwets]}]"), "Did you mean -retweets?"),
        (a_file(watches="[{account: '@a', filter: [-retweets]}]"), '"filter" is no part of a watch'),
    ],
)
def test_what_is_wrong_with_a_file_is_named(text: str, reason: str) -> None:
    assert reason in told(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("lapwing: &a 1\nmode: *a", id="a reference"),
        pytest.param("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", id="references to references"),
        pytest.param("&a [*a]", id="a part that holds itself"),
        pytest.param("lapwing: 1\nlabels: [{name: a, <<: *b}]", id="a merge"),
    ],
)
def test_a_file_that_refers_to_its_own_parts_is_refused(text: str) -> None:
    assert "by reference" in told(text)


def test_a_file_beyond_all_measure_is_refused_unread() -> None:
    assert told("[" * (LONGEST + 1)) == "the file is too long: 64000 characters at most."
    assert "too long" not in told("#" * LONGEST)


@pytest.mark.parametrize("bracket", ["[", "{", "- ", "? ", "[{a: "])
def test_a_file_that_is_nested_without_end_is_refused_at_once(bracket: str) -> None:
    start = time.perf_counter()

    assert "nested too deep" in told((bracket * LONGEST)[:LONGEST])
    assert time.perf_counter() - start < 5  # it took 85 s


@pytest.mark.parametrize("length", [100, 1_000, 10_000])
def test_a_part_that_is_wrong_is_repeated_shortly(length: int) -> None:
    long = "x" * length
    for text in (
        f"{long}: 1",
        a_file(mode=long),
        a_file(threshold=long),
        a_file(labels=f"[{{name: {long}}}]"),
        a_file(labels=f"[{{{long}: x}}]"),
        a_file(labels=f"[{{name: {long}, threshold: 0%}}]"),
        a_file(watches=f"[{{account: {long}}}]"),
        a_file(watches=f"[{{account: '@a', filters: [{long}]}}]"),
    ):
        assert len(told(text)) < 300


written = st.text() | st.lists(
    st.sampled_from(
        [*EXPORT.splitlines(keepends=True), *"[]{}-?:,#&*!|>'\"%@`~= \n\t", "<<", "!!bool x", "!!timestamp x"]
    )
).map("".join)


@given(written | written.map("lapwing: 1\n".__add__))
@example("!!timestamp foo")
@example("lapwing: !!bool foo")
@example("lapwing: !!int ''")
@example("lapwing: 1:" + ":".join(["00"] * 400) + ".0")
@example("lapwing: 2001-99-99")
@example("lapwing: 0x" + "f" * 10_000)
@example("lapwing: !!python/object/apply:os.getcwd []")
@example("? [a]\n: b")
@example("\ud800")
@example("\0")
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(from_yaml(text), ConfigFile)


@given(channels)
def test_any_yaml_reader_reads_an_export(channel: Channel) -> None:
    content = yaml.safe_load(to_yaml(channel))

    assert [label["name"] for label in content["labels"]] == [label.name for label in channel.labels]
    assert content["alerts"] == channel.alerts.value
