"""How settings change: what comes out, what stays, what is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.commands.changes import find_label, with_labels, with_mode, with_threshold, with_watches, without_watches
from bot.commands.errors import RefusedError
from classifier.types import Label, Mode
from storage.types import Channel
from tests.fakes.builders import NOW, a_channel, a_label, a_watch, an_account


def channel_of(*names: str, mode: Mode = Mode.INDEPENDENT, threshold: float | None = None) -> Channel:
    return a_channel(labels=tuple(a_label(name) for name in names), mode=mode, threshold=threshold)


def test_new_watches_come_behind_the_old_ones() -> None:
    before = a_channel(watches=(a_watch("b"),))

    assert with_watches(before, (a_watch("a"), a_watch("c"))).watches == (a_watch("b"), a_watch("a"), a_watch("c"))


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

    assert with_watches(a_channel(watches=(a_watch("a"),)), (elsewhere,)).watches == (a_watch("a"), elsewhere)


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
    paused = a_channel(labels=before.labels, threshold=0.5, paused_until=NOW + timedelta(hours=1), suspended="gone")

    for after in (
        with_mode(paused, Mode.EXCLUSIVE),
        with_labels(paused, (Label(name="fire"),)),
        with_threshold(paused, 0.6, "fire"),
        with_watches(paused, (a_watch("new"),)),
        without_watches(paused, (an_account(),)),
    ):
        assert (after.key, after.name, after.paused_until, after.suspended) == (
            paused.key,
            paused.name,
            paused.paused_until,
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
