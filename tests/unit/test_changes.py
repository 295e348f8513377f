"""How settings change: what comes out, what stays, what is refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.changes import (
    filters_naming_labels_that_go,
    find_label,
    merged,
    with_alerts,
    with_description,
    with_labels,
    with_managers,
    with_mode,
    with_more_labels,
    with_pause,
    with_threshold,
    with_watches,
    without_filters,
    without_labels,
    without_pauses,
    without_thresholds,
    without_watches,
)
from bot.commands.errors import EveryPostError, RefusedError
from classifier.types import Label, Mode
from sources.types import PostKind
from storage.types import NO_FILTERS, AlertState, Channel, Filters, Manager, Pause
from tests.fakes.builders import NOW, a_channel, a_label, a_pause, a_watch, an_account


def channel_of(*names: str, mode: Mode = Mode.INDEPENDENT, threshold: float | None = None) -> Channel:
    return a_channel(labels=tuple(a_label(name) for name in names), mode=mode, threshold=threshold)


def test_new_watches_come_behind_the_old_ones() -> None:
    before = a_channel(watches=(a_watch("b"),))
    new = (a_watch("a", added_at=NOW), a_watch("c", added_at=NOW))

    assert with_watches(before, new).watches == (a_watch("b"), *new)


def test_a_watch_of_an_account_that_is_watched_already_changes_nothing() -> None:
    before = a_channel(watches=(a_watch("a"),))
    again = a_watch(added_by="Bob", added_at=NOW, account=an_account("A", id=an_account("a").id))

    assert with_watches(before, (again,)) == before


def test_one_account_under_two_handles_is_watched_once() -> None:
    account = an_account("a")
    twice = (a_watch(account=account), a_watch(account=an_account("renamed", id=account.id)))

    assert with_watches(a_channel(watches=()), twice).watches == (a_watch(account=account),)


def test_accounts_of_different_sources_may_have_the_same_id() -> None:
    elsewhere = a_watch(account=an_account("a", source="bluesky"))

    after = with_watches(a_channel(watches=(a_watch("a"),)), (elsewhere,))

    assert set(after.watches) == {a_watch("a"), elsewhere}


def test_watches_that_are_removed_leave_the_others() -> None:
    before = a_channel(watches=(a_watch("a"), a_watch("b"), a_watch("c")))

    assert without_watches(before, (an_account("c"), an_account("a"))).watches == (a_watch("b"),)


def test_only_the_account_of_this_source_is_removed() -> None:
    before = a_channel(watches=(a_watch("a"),))

    assert without_watches(before, (an_account("a", source="bluesky"),)) == before


def test_an_account_that_changed_its_handle_is_removed_by_its_id() -> None:
    renamed = an_account("new_name", id=an_account("a").id)

    assert without_watches(a_channel(watches=(a_watch("a"),)), (renamed,)).watches == ()


def test_labels_stand_in_the_order_in_which_they_were_named() -> None:
    after = with_labels(channel_of("a", "b"), (Label(name="c"), Label(name="b")))

    assert [label.name for label in after.labels] == ["c", "b"]


def test_a_label_that_stays_keeps_its_description_and_its_threshold_in_its_new_spelling() -> None:
    before = a_channel(labels=(a_label("storm", description="strong gusts", threshold=0.7),))

    after = with_labels(before, (Label(name="Storm"), Label(name="fire")))

    assert after.labels == (a_label("Storm", description="strong gusts", threshold=0.7), a_label("fire"))


def test_a_label_that_was_removed_comes_back_without_what_was_set_for_it() -> None:
    before = a_channel(labels=(a_label("storm", threshold=0.7),))

    after = with_labels(with_labels(before, (Label(name="fire"),)), (Label(name="storm"),))

    assert after.labels == (a_label("storm"),)


def test_a_threshold_holds_for_every_label_without_one_of_its_own() -> None:
    before = a_channel(labels=(a_label("storm", threshold=0.7), a_label("fire")))

    after = with_threshold(before, 0.5, "")

    assert [after.threshold_for(label) for label in after.labels] == [0.7, 0.5]
    assert [after.threshold_source(label) for label in after.labels] == ["set for the label", "set for the channel"]


def test_a_threshold_for_one_label_leaves_the_others() -> None:
    after = with_threshold(channel_of("storm", "Fire"), 0.7, "FIRE")

    assert [after.threshold_for(label) for label in after.labels] == [0.4, 0.7]
    assert after.threshold is None


def test_a_threshold_for_the_channel_may_come_before_its_labels() -> None:
    after = with_labels(with_threshold(channel_of(), 0.6, ""), (Label(name="storm"),))

    assert after.threshold_for(after.labels[0]) == 0.6


def test_nothing_else_of_the_channel_changes() -> None:
    before = channel_of("storm", "fire", "flood", threshold=0.5)
    paused = a_channel(labels=before.labels, threshold=0.5, pauses=(a_pause(),), suspended="gone")

    for after in (
        with_mode(paused, Mode.EXCLUSIVE),
        with_labels(paused, (Label(name="fire"),)),
        with_threshold(paused, 0.6, "fire"),
        with_watches(paused, (a_watch("new"),)),
        without_watches(paused, (an_account(),)),
    ):
        assert (after.key, after.name, after.pauses, after.suspended) == (
            paused.key,
            paused.name,
            paused.pauses,
            paused.suspended,
        )


@pytest.mark.parametrize("name", ["storm", "STORM", "Storm"])
def test_a_label_is_found_whatever_the_case(name: str) -> None:
    assert find_label(channel_of("fire", "Storm"), name) == a_label("Storm")


@pytest.mark.parametrize(
    ("names", "wanted", "told"),
    [
        pytest.param(("storm", "fire"), "strom", 'no label "strom". Did you mean storm?', id="a misspelt label"),
        pytest.param(("CVE", "fire"), "cves", 'no label "cves". Did you mean CVE?', id="a misspelt label in capitals"),
        pytest.param(("storm", "fire"), "xyz", 'no label "xyz". It has storm, fire.', id="nothing like it"),
        pytest.param((), "storm", "It has none yet: /labels set security, database.", id="no labels at all"),
    ],
)
def test_a_label_that_is_not_there_is_named_with_what_is(names: tuple[str, ...], wanted: str, told: str) -> None:
    with pytest.raises(RefusedError) as refused:
        with_threshold(channel_of(*names), 0.6, wanted)

    assert told in str(refused.value)
    assert str(refused.value).endswith("Nothing was changed.")


def test_a_label_beyond_all_measure_is_cut_in_the_answer() -> None:
    with pytest.raises(RefusedError) as refused:
        find_label(channel_of("storm"), "x" * 100_000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("labels", "threshold", "sound"),
    [
        pytest.param(2, 0.50, False, id="two labels at 50%"),
        pytest.param(2, 0.51, True, id="two labels at 51%"),
        pytest.param(2, None, False, id="two labels at the default of 40%"),
        pytest.param(3, None, True, id="three labels at the default of 40%"),
        pytest.param(3, 0.33, False, id="three labels at 33%"),
        pytest.param(3, 0.34, True, id="three labels at 34%"),
        pytest.param(5, 0.20, False, id="five labels at 20%"),
        pytest.param(1, 0.01, True, id="one label, which is scored alone"),
        pytest.param(0, 0.01, True, id="no labels"),
    ],
)
def test_in_exclusive_mode_a_threshold_must_exceed_an_equal_share(
    labels: int, threshold: float | None, sound: bool
) -> None:
    channel = channel_of(*"abcde"[:labels], threshold=threshold)

    if sound:
        assert with_mode(channel, Mode.EXCLUSIVE).mode is Mode.EXCLUSIVE
    else:
        with pytest.raises(RefusedError, match="every post would exceed"):
            with_mode(channel, Mode.EXCLUSIVE)


def test_the_refusal_says_what_share_the_labels_have_and_both_ways_out() -> None:
    with pytest.raises(RefusedError) as refused:
        with_mode(channel_of("storm", "fire"), Mode.EXCLUSIVE)

    assert str(refused.value) == (
        "In exclusive mode 2 labels share 100%, so the top one always has 50% or more, and every post would exceed "
        "40% for storm. Set the threshold higher (/threshold set 70%), or use /labels mode independent. "
        "Nothing was changed."
    )


def test_the_way_out_that_the_refusal_names_leads_out() -> None:
    low = with_threshold(with_threshold(channel_of("storm", "fire"), 0.7, ""), 0.3, "fire")

    with pytest.raises(RefusedError, match=r"\(/threshold set 70% fire\)"):
        with_mode(low, Mode.EXCLUSIVE)

    assert with_mode(with_threshold(low, 0.7, "fire"), Mode.EXCLUSIVE).mode is Mode.EXCLUSIVE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda channel: with_labels(channel, (Label(name="a"), Label(name="b"))), id="fewer labels"),
        pytest.param(lambda channel: with_threshold(channel, 0.3, ""), id="a lower threshold"),
        pytest.param(lambda channel: with_threshold(channel, 0.3, "b"), id="a lower threshold for one label"),
    ],
)
def test_no_later_change_leaves_an_exclusive_channel_where_every_post_alerts(
    change: Callable[[Channel], Channel],
) -> None:
    with pytest.raises(RefusedError, match="In exclusive mode"):
        change(channel_of("a", "b", "c", mode=Mode.EXCLUSIVE))


def test_in_independent_mode_any_threshold_is_sound() -> None:
    assert with_threshold(channel_of("a", "b"), 0.01, "").threshold == 0.01
    assert with_mode(channel_of("a", "b", mode=Mode.EXCLUSIVE), Mode.INDEPENDENT).mode is Mode.INDEPENDENT


def test_the_refusal_carries_the_channel_that_was_asked_for_so_that_its_share_can_be_told() -> None:
    with pytest.raises(EveryPostError) as refused:
        with_mode(channel_of("a", "b"), Mode.EXCLUSIVE)

    assert refused.value.channel == channel_of("a", "b", mode=Mode.EXCLUSIVE)


# --- filters ---------------------------------------------------------------------------------------------------------


def filtered(filters: Filters, *labels: str) -> Channel:
    return replace(channel_of(*labels), watches=(a_watch("a", filters=filters), a_watch("b")))


def filters_of(channel: Channel) -> Filters:
    return channel.watches[0].filters


def test_filters_of_an_account_that_is_watched_already_are_added_and_the_watch_stays_who_added_it() -> None:
    before = filtered(Filters(not_keywords=("drill",)))
    again = a_watch("a", added_by="Bob", added_at=NOW, filters=Filters(without=frozenset({PostKind.RETWEET})))

    after = with_watches(before, (again,))

    both = Filters(not_keywords=("drill",), without=frozenset({PostKind.RETWEET}))
    assert after.watches == (a_watch("a", filters=both), a_watch("b"))


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        pytest.param(Filters(labels=("a",)), Filters(labels=("b",)), Filters(labels=("a", "b")), id="more"),
        pytest.param(Filters(keywords=("a",)), Filters(keywords=("A",)), Filters(keywords=("a",)), id="the same"),
        pytest.param(
            Filters(labels=("a", "b")),
            Filters(not_labels=("A",)),
            Filters(labels=("b",), not_labels=("A",)),
            id="a label that is now not wanted",
        ),
        pytest.param(
            Filters(not_labels=("a",)), Filters(labels=("A",)), Filters(labels=("A",)), id="a label that is now wanted"
        ),
        pytest.param(
            Filters(keywords=("a",)),
            Filters(not_keywords=("A",)),
            Filters(not_keywords=("A",)),
            id="a keyword that is now not wanted",
        ),
        pytest.param(
            Filters(not_keywords=("a",)),
            Filters(keywords=("A",)),
            Filters(keywords=("A",)),
            id="a keyword that is now wanted",
        ),
        pytest.param(
            Filters(labels=("a",)),
            Filters(not_keywords=("a",)),
            Filters(labels=("a",), not_keywords=("a",)),
            id="a label and a keyword",
        ),
        pytest.param(Filters(langs=("en", "de")), Filters(langs=("fr",)), Filters(langs=("fr",)), id="languages"),
        pytest.param(
            Filters(langs=("en",)),
            Filters(minimum=0.5),
            Filters(langs=("en",), minimum=0.5),
            id="languages that are not named",
        ),
        pytest.param(Filters(minimum=0.5), Filters(minimum=0.3), Filters(minimum=0.3), id="a minimum"),
        pytest.param(
            Filters(without=frozenset({PostKind.QUOTE})),
            Filters(without=frozenset({PostKind.REPLY})),
            Filters(without=frozenset({PostKind.QUOTE, PostKind.REPLY})),
            id="kinds",
        ),
    ],
)
def test_new_filters_join_the_old_ones_and_have_the_last_word(old: Filters, new: Filters, both: Filters) -> None:
    assert merged(old, new) == both


few = st.lists(st.sampled_from(["a", "B", "c"]), max_size=2, unique=True).map(tuple)


@st.composite
def some_filters(draw: st.DrawFn) -> Filters:
    """Filters that do not contradict themselves, as the grammar lets them through."""
    labels, keywords = draw(few), draw(few)
    return Filters(
        labels=labels,
        not_labels=tuple(one for one in draw(few) if one not in labels),
        keywords=keywords,
        not_keywords=tuple(one for one in draw(few) if one not in keywords),
        without=draw(st.frozensets(st.sampled_from(PostKind))),
        langs=draw(st.lists(st.sampled_from(["en", "de"]), max_size=2, unique=True).map(tuple)),
        minimum=draw(st.none() | st.sampled_from([0.3, 0.5])),
    )


@given(some_filters(), some_filters())
def test_filters_that_are_joined_never_contradict_each_other_and_hold_all_that_is_new(
    old: Filters, new: Filters
) -> None:
    both = merged(old, new)

    assert not set(both.labels) & set(both.not_labels)
    assert not set(both.keywords) & set(both.not_keywords)
    assert merged(both, new) == both
    assert set(new.labels) <= set(both.labels)
    assert set(new.not_keywords) <= set(both.not_keywords)
    assert new.without <= both.without


@given(some_filters())
def test_filters_that_are_added_and_removed_again_leave_the_watch_as_it_was(filters: Filters) -> None:
    before = filtered(NO_FILTERS, "a", "b", "c")

    after = with_watches(before, (a_watch("a", filters=filters),))

    assert filters_of(after) == filters
    assert without_filters(after, [an_account("a")], filters) == before


@given(some_filters())
def test_only_the_filters_that_are_named_go(filters: Filters) -> None:
    before = filtered(replace(filters, keywords=(*filters.keywords, "kept")), "a", "b", "c")

    assert filters_of(without_filters(before, [an_account("a")], filters)) == Filters(keywords=("kept",))


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        (Filters(labels=("storm",)), "+label:storm"),
        (Filters(not_labels=("storm",)), "-label:storm"),
        (Filters(keywords=("rain",)), "+keyword:rain"),
        (Filters(not_keywords=("rain",)), "-keyword:rain"),
        (Filters(without=frozenset({PostKind.RETWEET})), "-retweets"),
        (Filters(without=frozenset({PostKind.REPLY})), "-replies"),
        (Filters(without=frozenset({PostKind.QUOTE})), "-quotes"),
        (Filters(langs=("en",)), "lang:en"),
        (Filters(minimum=0.6), "min:60%"),
    ],
)
def test_a_filter_that_a_watch_does_not_have_is_named_and_nothing_goes(filters: Filters, named: str) -> None:
    there = Filters(keywords=("fire",), not_labels=("fire",), minimum=0.5, langs=("de",))
    wanted = replace(filters, keywords=(*filters.keywords, "fire"))

    with pytest.raises(RefusedError) as refused:
        without_filters(filtered(there), [an_account("a")], wanted)

    assert str(refused.value) == f"The watch of @a has no filter {named}. Nothing was changed."


def test_a_filter_that_one_of_several_watches_does_not_have_is_taken_from_none() -> None:
    with pytest.raises(RefusedError, match="The watch of @b has no filter lang:en"):
        without_filters(filtered(Filters(langs=("en",))), [an_account("a"), an_account("b")], Filters(langs=("en",)))


def test_filters_are_removed_whatever_the_case() -> None:
    before = filtered(Filters(keywords=("Fire",), labels=("Storm",)), "storm")

    assert filters_of(without_filters(before, [an_account("a")], Filters(keywords=("FIRE",), labels=("STORM",)))) == (
        NO_FILTERS
    )


@pytest.mark.parametrize("filters", [Filters(labels=("strom",)), Filters(not_labels=("strom",))])
def test_a_filter_by_a_label_that_the_channel_does_not_have_is_refused(filters: Filters) -> None:
    with pytest.raises(RefusedError, match=r'no label "strom"\. Did you mean storm\?'):
        with_watches(channel_of("storm"), (a_watch("a", filters=filters),))


# --- labels that come and go -----------------------------------------------------------------------------------------

NAMING = Filters(labels=("STORM", "fire"), not_labels=("storm",), keywords=("storm",), minimum=0.5)


def test_a_label_that_goes_takes_its_filters_and_pauses_with_it_and_nothing_else() -> None:
    account = a_pause(account=an_account("a"))
    pauses = (account, a_pause(), a_pause(label="fire"), a_pause(label="Storm"))
    before = replace(filtered(NAMING, "storm", "fire"), pauses=pauses)

    for after in (without_labels(before, ("Storm",)), with_labels(before, (Label(name="fire"),))):
        assert [label.name for label in after.labels] == ["fire"]
        assert filters_of(after) == Filters(labels=("fire",), keywords=("storm",), minimum=0.5)
        assert after.pauses == (account, a_pause(), a_pause(label="fire"))


def test_it_is_told_which_watches_lost_a_filter() -> None:
    before = filtered(NAMING, "storm", "fire")

    assert filters_naming_labels_that_go(before, without_labels(before, ("storm",))) == ["@a"]
    assert filters_naming_labels_that_go(before, with_more_labels(before, (Label(name="flood"),))) == []


def test_a_label_in_a_new_spelling_keeps_its_filters_and_pauses() -> None:
    before = replace(filtered(NAMING, "storm", "fire"), pauses=(a_pause(label="storm"),))

    after = with_labels(before, (Label(name="Storm"), Label(name="fire")))

    assert (filters_of(after), after.pauses) == (NAMING, before.pauses)


def test_labels_that_are_added_come_behind_the_others() -> None:
    after = with_more_labels(channel_of("b"), (Label(name="c"), Label(name="a", description="first of all")))

    assert after.labels == (a_label("b"), a_label("c"), a_label("a", description="first of all"))


def test_a_label_that_is_there_already_is_not_added_twice() -> None:
    with pytest.raises(RefusedError, match=r'This channel has the label "STORM" already\. Nothing was changed\.'):
        with_more_labels(channel_of("storm"), (Label(name="fire"), Label(name="STORM")))


def test_a_channel_has_twenty_labels_and_no_more() -> None:
    nineteen = channel_of(*(f"label {number}" for number in range(19)))

    full = with_more_labels(nineteen, (Label(name="the twentieth"),))

    assert len(full.labels) == 20
    with pytest.raises(RefusedError, match="21 labels are too many: 20 a channel at most"):
        with_more_labels(full, (Label(name="one more"),))


def test_of_several_labels_to_remove_one_that_is_not_there_keeps_them_all() -> None:
    with pytest.raises(RefusedError, match='no label "strom"'):
        without_labels(channel_of("storm", "fire"), ("fire", "strom"))


def test_a_description_is_for_one_label_whatever_the_case_and_leaves_name_and_threshold() -> None:
    before = a_channel(labels=(a_label("Storm", threshold=0.7), a_label("fire", description="flames")))

    after = with_description(before, "STORM", "strong gusts")

    assert after.labels == (a_label("Storm", threshold=0.7, description="strong gusts"), before.labels[1])
    assert with_description(after, "storm", "") == before


def test_thresholds_are_reset_for_the_channel_and_all_its_labels() -> None:
    before = a_channel(threshold=0.5, labels=(a_label("storm", threshold=0.7), a_label("fire")))

    assert without_thresholds(before) == a_channel(labels=(a_label("storm"), a_label("fire")))


@pytest.mark.parametrize(
    ("labels", "change"),
    [
        pytest.param("abc", lambda channel: without_labels(channel, ("b",)), id="a label that goes"),
        pytest.param("abc", lambda channel: with_threshold(channel, None, "b"), id="the threshold of one label"),
        pytest.param("ab", without_thresholds, id="all thresholds"),
    ],
)
def test_nothing_that_goes_leaves_an_exclusive_channel_where_every_post_alerts(
    labels: str, change: Callable[[Channel], Channel]
) -> None:
    own = {"a": 0.6, "b": 0.6, "c": 0.45}
    together = tuple(a_label(name, threshold=own[name]) for name in labels)

    with pytest.raises(EveryPostError):
        change(a_channel(mode=Mode.EXCLUSIVE, labels=together, threshold=0.3))


# --- pauses, alerts, managers ----------------------------------------------------------------------------------------

ACCOUNT = an_account("a")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(a_pause(), a_pause(until=NOW), id="of the channel"),
        pytest.param(a_pause(label="Storm"), a_pause(label="storm", until=NOW), id="of a label, in another spelling"),
        pytest.param(
            a_pause(account=ACCOUNT), a_pause(account=replace(ACCOUNT, handle="new"), until=NOW), id="of one account"
        ),
    ],
)
def test_a_pause_takes_the_place_of_an_earlier_one_for_the_same(earlier: Pause, later: Pause) -> None:
    assert with_pause(a_channel(pauses=(earlier,)), later).pauses == (later,)


def test_pauses_of_channel_account_and_label_stand_beside_each_other_in_whatever_order_they_came() -> None:
    all_, account, label = a_pause(), a_pause(account=ACCOUNT), a_pause(label="storm")
    one, other = a_channel(), a_channel()
    for pause in (all_, account, label):
        one = with_pause(one, pause)
    for pause in (label, account, all_):
        other = with_pause(other, pause)

    assert set(one.pauses) == {all_, account, label}
    assert one == other


def test_resuming_ends_every_pause() -> None:
    pauses = (a_pause(), a_pause(account=ACCOUNT), a_pause(label="security"))

    assert without_pauses(a_channel(pauses=pauses)) == a_channel()


@pytest.mark.parametrize("state", AlertState)
def test_alerts_are_on_off_or_shadow(state: AlertState) -> None:
    assert with_alerts(a_channel(), state) == a_channel(alerts=state)


def test_the_managers_that_are_named_are_the_only_ones() -> None:
    ann, bob = Manager(id="U1", name="Ann"), Manager(id="U2", name="Bob")

    assert with_managers(a_channel(managers=(ann,)), (bob,)) == a_channel(managers=(bob,))
    assert with_managers(a_channel(managers=(ann,)), ()) == a_channel()


# --- there and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "back"),
    [
        pytest.param(
            lambda channel: with_watches(channel, (a_watch("new"),)),
            lambda channel: without_watches(channel, (an_account("new"),)),
            id="a watch",
        ),
        pytest.param(
            lambda channel: with_more_labels(channel, (Label(name="new"),)),
            lambda channel: without_labels(channel, ("NEW",)),
            id="a label",
        ),
        pytest.param(
            lambda channel: with_threshold(channel, 0.7, ""),
            lambda channel: with_threshold(channel, None, ""),
            id="a threshold",
        ),
        pytest.param(
            lambda channel: with_threshold(channel, 0.7, "a"),
            lambda channel: with_threshold(channel, None, "a"),
            id="a threshold of a label",
        ),
        pytest.param(
            lambda channel: with_description(channel, "a", "told"),
            lambda channel: with_description(channel, "a", ""),
            id="a description",
        ),
        pytest.param(lambda channel: with_pause(channel, a_pause(label="a")), without_pauses, id="a pause"),
        pytest.param(
            lambda channel: with_mode(channel, Mode.EXCLUSIVE),
            lambda channel: with_mode(channel, Mode.INDEPENDENT),
            id="a mode",
        ),
    ],
)
def test_what_is_done_and_taken_back_leaves_the_channel_as_it_was(
    there: Callable[[Channel], Channel], back: Callable[[Channel], Channel]
) -> None:
    before = filtered(Filters(labels=("a",), keywords=("x",)), "a", "b", "c")

    assert there(before) != before
    assert back(there(before)) == before
