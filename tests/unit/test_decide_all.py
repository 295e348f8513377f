"""A post decided for everyone at once comes to what `decide` says, channel by channel."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bot.pipeline.decide import Answers, decide, refusal_before_scoring
from bot.pipeline.decide_all import Decisions, decide_all
from bot.pipeline.filters import Reading
from bot.pipeline.watcher import Watcher, watchers_of
from bot.pipeline.watchers import Watchers
from classifier.scoring import NotAskedError
from classifier.types import Mode
from sources.types import PostKind
from storage.types import AlertState, Channel, ChannelKey, Filters, PostId, StoredPost
from tests.fakes.builders import NOW, TEMPLATE, a_channel, a_key, a_label, a_pause, a_post, a_watch, an_account

HOUR = timedelta(hours=1)
NAMES = ("security", "outage", "Storm", "Straße", "lunch")
WORDS = ("patch", "Patch", "the", "login flaw", "c++", "🔥", "straße", "STRASSE", "@vendor_sec")

some_words = st.lists(st.sampled_from(WORDS), max_size=2).map(tuple)
some_names = st.lists(st.sampled_from([*NAMES, "SECURITY", "strasse"]), max_size=2).map(tuple)
thresholds = st.none() | st.sampled_from([0.2, 1 / 3, 0.5, 0.8]) | st.floats(0.01, 0.99)
instants = st.sampled_from([NOW - HOUR, NOW, NOW + HOUR])

labels = st.builds(
    a_label, st.sampled_from(NAMES), description=st.sampled_from(["", "", "security"]), threshold=thresholds
)
filters = st.just(Filters()) | st.builds(
    Filters,
    labels=some_names,
    not_labels=some_names,
    keywords=some_words,
    not_keywords=some_words,
    without=st.frozensets(st.sampled_from(PostKind), max_size=1),
    langs=st.sampled_from([(), (), ("en",), ("de", "en")]),
    minimum=thresholds,
)
pauses = (
    st.builds(a_pause, until=instants)
    | st.builds(a_pause, until=instants, label=st.sampled_from(NAMES))
    | st.builds(a_pause, until=instants, account=st.sampled_from([an_account(), an_account("other")]))
)
listening = st.sampled_from([*[AlertState.ON] * 6, AlertState.SHADOW, AlertState.OFF])


@st.composite
def everyone(draw: Callable[[Any], Any]) -> Watchers:
    """Up to a dozen channels: few are looked at one by one, many in columns."""
    return Watchers(
        tuple(
            watcher
            for number in range(draw(st.integers(0, 12)))
            for watcher in watchers_of(draw(channels_named(f"{number:02}")), TEMPLATE)
        )
    )


def channels_named(name: str) -> st.SearchStrategy[Channel]:
    return st.builds(
        a_channel,
        st.just(name),
        mode=st.sampled_from(Mode),
        threshold=thresholds,
        alerts=listening,
        pauses=st.lists(pauses, max_size=2).map(tuple),
        suspended=st.sampled_from([*[""] * 6, "I was removed."]),
        labels=st.lists(labels, max_size=5, unique_by=lambda label: label.name).map(tuple),
        watches=st.builds(a_watch, added_at=st.sampled_from([*[NOW - HOUR] * 5, NOW, NOW + HOUR]), filters=filters).map(
            lambda watch: (watch,)
        ),
    )


stored_posts = st.builds(
    a_post,
    text=st.lists(st.sampled_from([*WORDS, "a report"]), max_size=6).map(" ".join),
    kinds=st.frozensets(st.sampled_from(PostKind), max_size=2),
    lang=st.sampled_from(["", "en", "de-AT", "fr", "und"]),
    played_at=st.sampled_from([None, None, NOW - HOUR, NOW + HOUR]),
).map(lambda post: StoredPost(id=PostId(7), post=post))

logits = st.tuples(st.sampled_from([-1.0, 0.0, 1.0]) | st.floats(-9, 9), st.sampled_from([0.0, 0.0, 1.0]))
"""Few different ones, so that scores are equal to each other and to thresholds."""


def asked_by(watcher: Watcher, stored: StoredPost) -> tuple[str, ...]:
    return watcher.hypotheses if refusal_before_scoring(Reading(stored.post), watcher) is None else ()


@settings(max_examples=200)
@given(everyone(), stored_posts, st.frozensets(st.integers(0, 12)), st.data())
def test_it_decides_what_each_channel_alone_would(
    watchers: Watchers, stored: StoredPost, repeated: frozenset[int], data: st.DataObject
) -> None:
    alerted = {a_key(f"{number:02}") for number in repeated}
    asked = watchers.hypotheses_for(Reading(stored.post))
    answers = data.draw(st.fixed_dictionaries(dict.fromkeys(sorted(asked), logits)))

    decided = decide_all(stored, watchers, answers, NOW, alerted=alerted)

    one_by_one = [decide(stored, one, answers, NOW, alerted=one.channel.key in alerted) for one in watchers.everyone]
    for decision in one_by_one:
        event(decision.reason)
    assert asked == {text for one in watchers.everyone for text in asked_by(one, stored)}
    assert list(decided) == one_by_one
    assert len(decided) == len(one_by_one)
    assert decided.alerts == [decision for decision in one_by_one if decision.reason == "alert"]
    assert list(decided) == one_by_one, "read again, they are the same"


def alerting(count: int, **changes: Any) -> Watchers:
    channels = [a_channel(f"{number:02}", **changes) for number in range(count)]
    return Watchers(tuple(watcher for channel in channels for watcher in watchers_of(channel, TEMPLATE)))


HYPOTHESIS = TEMPLATE.format("security")
STORED = StoredPost(id=PostId(7), post=a_post())


@pytest.mark.parametrize("count", [1, 4, 5, 50])
def test_an_answer_that_is_missing_is_never_taken_for_no(count: int) -> None:
    with pytest.raises(KeyError):
        decide_all(STORED, alerting(count), {}, NOW)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("count", [1, 50])
def test_a_logit_that_is_unknown_is_never_taken_for_no(count: int, mode: Mode) -> None:
    answers: Answers = {HYPOTHESIS: (float("nan"), 0.0), TEMPLATE.format("outage"): (0.0, 0.0)}
    watchers = alerting(count, mode=mode, labels=(a_label("outage"), a_label("security")))

    with pytest.raises(NotAskedError):
        decide_all(STORED, watchers, answers, NOW)


def test_what_an_exclusive_channel_does_not_need_may_be_unknown() -> None:
    answers: Answers = {HYPOTHESIS: (5.0, float("nan")), TEMPLATE.format("outage"): (0.0, float("nan"))}
    watchers = alerting(50, mode=Mode.EXCLUSIVE, labels=(a_label("outage"), a_label("security")))

    assert len(decide_all(STORED, watchers, answers, NOW).alerts) == 50


def test_a_score_as_high_as_its_threshold_does_not_alert_and_the_next_higher_does() -> None:
    watchers = alerting(50, threshold=0.5)

    assert decide_all(STORED, watchers, {HYPOTHESIS: (0.0, 0.0)}, NOW).alerts == []
    assert len(decide_all(STORED, watchers, {HYPOTHESIS: (1e-15, 0.0)}, NOW).alerts) == 50


def test_several_posts_decisions_stand_one_behind_the_other() -> None:
    of_posts = [
        decide_all(replace(STORED, id=PostId(number)), alerting(2), {HYPOTHESIS: (5.0, 0.0)}, NOW) for number in (1, 2)
    ]
    decisions = Decisions(tuple(of_posts))

    assert len(decisions) == 4
    assert [decision.post for decision in decisions] == [1, 1, 2, 2]
    assert list(decisions) == list(decisions)


def keys_of(watchers: Watchers) -> list[ChannelKey]:
    return [one.channel.key for one in watchers.everyone]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans())))
def test_everyone_stands_in_the_order_of_their_channels_whoever_comes_and_goes(changes: list[tuple[str, bool]]) -> None:
    watchers, present = Watchers(), set[str]()
    for name, comes in changes:
        (watcher,) = watchers_of(a_channel(name, threshold=len(present) / 10), TEMPLATE)
        watchers = watchers.with_watcher(watcher.channel.key, watcher if comes else None)
        present = present | {name} if comes else present - {name}
        assert not comes or watcher in watchers.everyone

    assert keys_of(watchers) == [a_key(name) for name in sorted(present)]
