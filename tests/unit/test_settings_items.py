"""A channel's settings as flat items: what the audit keeps is enough to put every change back."""

import json
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.types import Mode
from sources.types import PostKind
from storage.settings_items import (
    ORDER,
    difference,
    filters_from_json,
    filters_to_json,
    in_order,
    pause_target,
    put_back,
    to_items,
    with_items,
)
from storage.types import AlertState, Channel, Filters, Manager, Pause
from tests.fakes.builders import NOW, a_channel, a_label, a_pause, a_watch, an_account

# Few different names, so that channels often have some of them in common.
names = st.sampled_from(["storm", "Storm", "order of labels", "watch x 1", "all", "", "ß", "SS", "é"])
instants = st.datetimes(timezones=st.just(UTC))
thresholds = st.none() | st.floats(0.01, 0.99)
lists = st.lists(names, max_size=3).map(tuple)
filters = st.builds(
    Filters,
    labels=lists,
    not_labels=lists,
    keywords=lists,
    not_keywords=lists,
    without=st.frozensets(st.sampled_from(PostKind)),
    langs=lists,
    minimum=thresholds,
)
accounts = st.builds(an_account, names, id=names, source=st.sampled_from(["x", "rss"]), name=names)
watches = st.builds(a_watch, account=accounts, added_by=names, added_at=instants, filters=filters)
labels = st.builds(a_label, names, description=names, threshold=thresholds)
pauses = st.one_of(
    st.builds(Pause, until=instants),
    st.builds(Pause, until=instants, account=accounts),
    st.builds(Pause, until=instants, label=names),
)
channels = st.builds(
    a_channel,
    mode=st.sampled_from(Mode),
    threshold=thresholds,
    alerts=st.sampled_from(AlertState),
    managers=st.lists(st.builds(Manager, id=names, name=names), max_size=2).map(tuple),
    labels=st.lists(labels, max_size=4, unique_by=lambda label: label.name.casefold()).map(tuple),
    watches=st.lists(watches, max_size=4, unique_by=lambda watch: (watch.account.source, watch.account.id)).map(
        in_order
    ),
    pauses=st.lists(pauses, max_size=4, unique_by=pause_target).map(lambda some: tuple(sorted(some, key=pause_target))),
)


@given(channels)
def test_a_channel_with_its_own_items_is_itself(channel: Channel) -> None:
    assert with_items(channel, to_items(channel)) == channel


@given(channels)
def test_items_survive_as_json(channel: Channel) -> None:
    assert with_items(channel, json.loads(json.dumps(to_items(channel)))) == channel


@given(channels, channels)
def test_what_changed_put_back_gives_the_channel_as_it_was(before: Channel, after: Channel) -> None:
    assert put_back(after, difference(before, after)[0]) == before


@given(channels, channels)
def test_what_changed_done_again_gives_the_channel_as_it_became(before: Channel, after: Channel) -> None:
    assert put_back(before, difference(before, after)[1]) == after


@given(channels)
def test_a_channel_does_not_differ_from_itself(channel: Channel) -> None:
    assert difference(channel, channel) == ({}, {})
    assert put_back(channel, {}) == channel


@given(channels, channels)
def test_both_sides_of_a_difference_name_the_same_settings_and_each_differs(before: Channel, after: Channel) -> None:
    old, new = difference(before, after)

    assert old.keys() == new.keys()
    assert all(old[name] != new[name] for name in old)


@given(channels)
def test_whether_a_channel_can_be_reached_is_no_setting(channel: Channel) -> None:
    gone = replace(channel, suspended="I was removed.")

    assert difference(channel, gone) == ({}, {})
    assert with_items(gone, to_items(channel)).suspended == "I was removed."


@given(st.lists(channels, min_size=2, max_size=5))
def test_changes_undone_one_by_one_end_where_they_began(steps: list[Channel]) -> None:
    undo = [difference(one, other)[0] for one, other in pairwise(steps)]
    channel = steps[-1]
    for before in reversed(undo):
        channel = put_back(channel, before)

    assert channel == steps[0]


def test_changes_of_different_labels_are_changes_of_different_settings() -> None:
    start = a_channel(labels=(a_label("storm"), a_label("fire")))
    storm = replace(start, labels=(a_label("storm", threshold=0.7), a_label("fire")))
    both = replace(start, labels=(a_label("storm", threshold=0.7), a_label("fire", threshold=0.8)))

    assert set(difference(start, storm)[0]) == {"label storm"}
    assert put_back(both, difference(start, storm)[0]).labels == (a_label("storm"), a_label("fire", threshold=0.8))


def test_a_label_that_is_put_back_stands_where_it_stood_among_those_that_stayed() -> None:
    before = a_channel(labels=(a_label("a"), a_label("b"), a_label("c")))
    after = replace(before, labels=(a_label("c"), a_label("a")))

    assert [label.name for label in put_back(after, difference(before, after)[0]).labels] == ["a", "b", "c"]


def test_a_label_added_since_stays_behind_those_whose_order_is_put_back() -> None:
    before = a_channel(labels=(a_label("a"), a_label("b")))
    change = difference(before, replace(before, labels=(a_label("b"),)))[0]
    now = replace(before, labels=(a_label("new"), a_label("b")))

    assert set(change) == {"label a", ORDER}
    assert [label.name for label in put_back(now, change).labels] == ["a", "b", "new"]


def test_a_label_in_another_spelling_is_the_same_setting() -> None:
    old, new = difference(a_channel(labels=(a_label("storm"),)), a_channel(labels=(a_label("STORM"),)))

    assert set(old) == {"label storm"}
    assert (old["label storm"]["name"], new["label storm"]["name"]) == ("storm", "STORM")


def test_a_watch_of_an_account_that_changed_its_handle_is_the_same_setting() -> None:
    renamed = a_watch(account=an_account("new", id=an_account("old").id))

    assert set(difference(a_channel(watches=(a_watch("old"),)), a_channel(watches=(renamed,)))[0]) == {
        "watch x id of old"
    }


def test_a_setting_that_was_not_there_is_none_before_and_one_that_is_gone_is_none_after() -> None:
    without, with_pause = a_channel(), a_channel(pauses=(a_pause(),))

    assert difference(without, with_pause)[0] == {"pause all": None}
    assert difference(with_pause, without)[1] == {"pause all": None}


def test_a_threshold_that_was_not_set_is_put_back_as_not_set() -> None:
    before, after = a_channel(), a_channel(threshold=0.7)

    assert put_back(after, difference(before, after)[0]).threshold is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(a_pause(), a_pause(until=NOW), True, id="the channel until another time"),
        pytest.param(a_pause(label="Storm"), a_pause(label="STORM"), True, id="a label in another spelling"),
        pytest.param(
            a_pause(account=an_account("a")),
            a_pause(account=an_account("b", id=an_account("a").id)),
            True,
            id="renamed",
        ),
        pytest.param(a_pause(label="a"), a_pause(label="b"), False, id="two labels"),
        pytest.param(a_pause(label="all"), a_pause(), False, id="a label called all"),
        pytest.param(a_pause(account=an_account("a")), a_pause(label="x id of a"), False, id="an account and a label"),
        pytest.param(
            a_pause(account=an_account("a")), a_pause(account=an_account("a", source="rss")), False, id="two sources"
        ),
    ],
)
def test_a_channel_has_one_pause_a_target(one: Pause, other: Pause, same: bool) -> None:
    assert (pause_target(one) == pause_target(other)) is same


def test_watches_stand_as_they_were_added() -> None:
    early, late = a_watch("z", added_at=NOW - timedelta(hours=2)), a_watch("a", added_at=NOW)

    assert in_order([late, a_watch("b", added_at=NOW), early]) == (early, late, a_watch("b", added_at=NOW))


@given(filters)
def test_filters_survive_as_json(given_: Filters) -> None:
    assert filters_from_json(json.loads(json.dumps(filters_to_json(given_)))) == given_


def test_filters_that_are_not_set_take_no_room() -> None:
    assert filters_to_json(Filters()) == {}
