"""Words that several answers share."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.commands.values import label_names, quoted
from bot.wording import (
    NO_LABELS,
    counted,
    differences,
    labels_above,
    languages,
    paused,
    settings,
    volume,
    what_alerts,
)
from classifier.types import Mode, Model
from sources.types import PostKind
from storage.alerts import LabelCounts
from storage.settings_items import difference
from storage.types import AlertState, Channel, Filters, Manager, Pause
from tests.fakes.builders import MODEL, NOW, a_channel, a_label, a_pause, a_watch, an_account

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("number", "plural", "shown"),
    [
        (0, "", "0 posts"),
        (1, "", "1 post"),
        (2, "", "2 posts"),
        (1, "postings", "1 post"),
        (2, "postings", "2 postings"),
    ],
)
def test_one_is_told_in_the_singular(number: int, plural: str, shown: str) -> None:
    assert counted(number, "post", plural) == shown


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1)
        .map(lambda name: " ".join(name.split()))
        .filter(lambda name: name and not set(name) & set("“”„‟«»")),
        min_size=1,
        max_size=4,
    )
)
@example(['"quoted"', 'supply, "chain"', 'five" pipe'])
def test_labels_are_shown_so_that_they_can_be_typed_again(names: list[str]) -> None:
    assert label_names(", ".join(quoted(name) for name in names)) == names


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (a_channel(labels=()), NO_LABELS),
        (a_channel(), "This channel gets alerts for security above 40%."),
        (
            a_channel(threshold=0.6, labels=(a_label("security"), a_label("supply, chain"))),
            'This channel gets alerts for security, "supply, chain" above 60%.',
        ),
        (
            a_channel(labels=(a_label("security", threshold=0.4), a_label("outage"))),
            "This channel gets alerts for security, outage above 40%.",
        ),
        (
            a_channel(labels=(a_label("security", threshold=0.7), a_label("outage"))),
            "This channel gets alerts for security above 70%, outage above 40%.",
        ),
    ],
)
def test_what_alerts_is_told_once_where_the_thresholds_agree_and_else_for_each(channel: Channel, told: str) -> None:
    assert what_alerts(channel) == told


def test_labels_without_thresholds_of_their_own_stand_above_the_channels() -> None:
    assert labels_above(a_channel(threshold=0.725)) == "security above 72.5%"


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (("en",), "The model reads English only."),
        (("en", "de", "fr"), "The model reads English, German and French only."),
        ((), ""),
    ],
)
def test_the_languages_of_the_model_are_named_where_they_are_known(known: tuple[str, ...], told: str) -> None:
    assert languages(Model(engine=MODEL.engine, name=MODEL.name, revision="r1", languages=known)) == told


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (None, "0 alerts in 7 days"),
        (LabelCounts(label="security", alerts=1, relevant=0, not_relevant=0), "1 alert in 7 days"),
        (
            LabelCounts(label="security", alerts=9, relevant=2, not_relevant=1),
            "9 alerts in 7 days, 2 of 3 judged relevant",
        ),
        (
            LabelCounts(label="security", alerts=2, relevant=0, not_relevant=2),
            "2 alerts in 7 days, 0 of 2 judged relevant",
        ),
    ],
)
def test_a_labels_volume_tells_its_precision_only_where_somebody_judged(counts: LabelCounts | None, told: str) -> None:
    assert volume(counts) == told


@pytest.mark.parametrize(
    ("pause", "told"),
    [
        pytest.param(a_pause(), "paused until 2026-11-02 10:00 UTC", id="the channel"),
        pytest.param(a_pause(account=an_account()), "paused until 2026-11-02 10:00 UTC", id="this account"),
        pytest.param(a_pause(account=an_account("other")), "", id="another account"),
        pytest.param(a_pause(account=an_account(source="rss")), "", id="another source"),
        pytest.param(a_pause(label="security"), "", id="a label"),
        pytest.param(a_pause(until=NOW), "", id="a pause that is over"),
    ],
)
def test_an_account_is_told_to_be_paused_while_it_is(pause: Pause, told: str) -> None:
    assert paused(a_channel(pauses=(pause,)), an_account(), NOW) == told


def test_the_settings_of_a_channel_are_a_line_each() -> None:
    channel = a_channel(
        mode=Mode.EXCLUSIVE,
        threshold=0.6,
        alerts=AlertState.SHADOW,
        managers=(Manager(id="U1", name="Ann"), Manager(id="U2", name="Bob")),
        labels=(a_label("security", description="a breach", threshold=0.7), a_label("outage")),
        watches=(a_watch(filters=Filters(without=frozenset({PostKind.RETWEET}), minimum=0.8)), a_watch("other")),
        pauses=(
            a_pause(account=an_account("gone"), until=NOW - HOUR),
            a_pause(account=an_account("other")),
            a_pause(),
            a_pause(label="outage"),
        ),
    )

    assert settings(channel, NOW).splitlines() == [
        "mode: exclusive",
        "threshold: 60%",
        "alerts: shadow",
        "may change settings: Ann, Bob",
        'label security: "a breach", above 70% (set for the label)',
        "label outage: above 60% (set for the channel)",
        "watch @vendor_sec: -retweets min:80%",
        "watch @other",
        "pause of @other: until 2026-11-02 10:00 UTC",
        "pause of all alerts: until 2026-11-02 10:00 UTC",
        "pause of outage: until 2026-11-02 10:00 UTC",
    ]


def test_a_new_channel_has_settings_to_show_too() -> None:
    assert settings(a_channel(labels=(), watches=()), NOW).splitlines() == [
        "mode: independent",
        "threshold: 40% (default)",
        "alerts: on",
        "may change settings: everyone here",
        "labels: none",
    ]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param({}, {"mode": Mode.EXCLUSIVE}, ["~ mode: independent -> exclusive"], id="the mode"),
        pytest.param(
            {}, {"threshold": 0.6}, ["~ threshold: 40% (default) -> 60%"], id="a threshold where there was none"
        ),
        pytest.param({"threshold": 0.6}, {}, ["~ threshold: 60% -> 40% (default)"], id="a threshold that goes"),
        pytest.param({}, {"alerts": AlertState.OFF}, ["~ alerts: on -> off"], id="alerts"),
        pytest.param({}, {"managers": (Manager(id="U1", name="Ann"),)}, ["~ managers: everyone -> Ann"], id="a lock"),
        pytest.param({"labels": ()}, {}, ["+ label security"], id="a label"),
        pytest.param({}, {"labels": ()}, ["- label security"], id="a label that goes"),
        pytest.param(
            {"labels": ()},
            {"labels": (a_label(description="a breach", threshold=0.7),)},
            ['+ label security: "a breach", above 70%'],
            id="a label with all there is to it",
        ),
        pytest.param({"watches": ()}, {}, ["+ watch @vendor_sec"], id="a watch"),
        pytest.param(
            {"watches": ()},
            {"watches": (a_watch(filters=Filters(keywords=("a b",))),)},
            ['+ watch @vendor_sec: +keyword:"a b"'],
            id="a watch with filters",
        ),
        pytest.param({}, {"watches": ()}, ["- watch @vendor_sec"], id="a watch that goes"),
        pytest.param({}, {"pauses": (a_pause(),)}, ["+ pause of all alerts: until 2026-11-02 10:00 UTC"], id="a pause"),
        pytest.param(
            {"pauses": (a_pause(label="security"),)},
            {"pauses": (a_pause(label="security", until=NOW),)},
            ["~ pause of security: until 2026-11-02 10:00 UTC -> until 2026-11-02 09:00 UTC"],
            id="a pause that is changed",
        ),
    ],
)
def test_a_change_is_told_setting_by_setting(before: dict[str, Any], after: dict[str, Any], lines: list[str]) -> None:
    assert differences(*difference(a_channel(**before), a_channel(**after))) == lines


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"labels": (a_label(threshold=0.7),)}, {}, "~ label security: above 70% -> nothing of its own"),
        ({}, {"labels": (a_label(threshold=0.7),)}, "~ label security -> above 70%"),
        ({}, {"labels": (a_label("Security", threshold=0.7),)}, "~ label security -> Security: above 70%"),
        ({"watches": (a_watch(filters=Filters(minimum=0.8)),)}, {}, "~ watch @vendor_sec: min:80% -> no filters"),
    ],
)
def test_a_label_or_watch_that_stays_is_told_with_what_it_becomes(
    before: dict[str, Any], after: dict[str, Any], line: str
) -> None:
    assert differences(*difference(a_channel(**before), a_channel(**after))) == [line]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"labels": (a_label(threshold=0.7),)}, {}, id="a label's threshold"),
        pytest.param({"labels": (a_label(description="a breach"),)}, {}, id="a label's description"),
        pytest.param({"labels": (a_label("Security"),)}, {}, id="a label's spelling"),
        pytest.param({"watches": (a_watch(filters=Filters(minimum=0.8)),)}, {}, id="a watch's filters"),
        pytest.param(
            {"labels": (a_label(threshold=0.125),)}, {"labels": (a_label(threshold=0.12),)}, id="half a percent"
        ),
        pytest.param({"threshold": 0.605}, {"threshold": 0.6}, id="half a percent of the channel"),
        pytest.param({"threshold": 0.4}, {}, id="the default, set on purpose"),
    ],
)
def test_what_changed_looks_different_before_and_after(old: dict[str, Any], new: dict[str, Any]) -> None:
    for before, after in ((old, new), (new, old)):
        (line,) = differences(*difference(a_channel(**before), a_channel(**after)))
        told_before, _, told_after = line.partition(" -> ")

        assert line.startswith("~ ")
        assert told_after
        assert not told_before.endswith(f": {told_after}")


def test_labels_in_another_order_are_no_difference_that_anyone_needs_to_read() -> None:
    one, other = a_channel(labels=(a_label("a"), a_label("b"))), a_channel(labels=(a_label("b"), a_label("a")))

    assert differences(*difference(one, other)) == []
