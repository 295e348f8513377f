"""What a post means for a channel: every outcome, and which goes before which."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pipeline.decide import Answers, decide, matching, refusal_before_scoring, scored
from bot.pipeline.filters import Reading
from bot.pipeline.watcher import Watcher
from classifier.types import Mode
from sources.types import PostKind
from storage.types import NO_FILTERS, AlertState, Channel, Decision, Filters, PostId, Reason, StoredPost
from tests.fakes.builders import NOW, a_channel, a_label, a_pause, a_post, a_score, a_watch, an_account

HOUR = timedelta(hours=1)


def alone(score: float) -> tuple[float, float]:
    """The logits of a label whose independent score is this."""
    return math.log(score / (1 - score)), 0.0


def sharing(score: float) -> tuple[float, float]:
    """The logits of a label whose exclusive score is this, where all scores add up to 1."""
    return math.log(score), 0.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A post that alerts for one label, at a fixed time; a test changes what it is about."""

    post: dict[str, Any]
    channel: dict[str, Any]
    answers: Answers
    now: datetime = NOW + HOUR
    watched_since: datetime = NOW - HOUR
    filters: Filters = NO_FILTERS
    alerted: bool = False
    left_out: str = ""

    def decide(self) -> Decision:
        stored = StoredPost(id=PostId(5), post=a_post(**self.post))
        return decide(stored, self.watcher(), self.answers, self.now, alerted=self.alerted)

    def watcher(self) -> Watcher:
        found = watcher(a_channel(**self.channel), added_at=self.watched_since, filters=self.filters)
        return replace(found, left_out=self.left_out)


def watcher(channel: Channel, **watch: Any) -> Watcher:
    """Each label's own name stands for its hypothesis."""
    return Watcher(channel=channel, watch=a_watch(**watch), hypotheses=tuple(label.name for label in channel.labels))


def alerting() -> Case:
    return Case(post={}, channel={}, answers={"security": alone(0.91)})


def two_labels(filters: Filters = NO_FILTERS, **channel: Any) -> Case:
    """A post that alerts for security at 91% and for outage at 60%."""
    labels = {"labels": (a_label("outage"), a_label("security"))}
    answers = {"security": alone(0.91), "outage": alone(0.6)}
    return Case(post={}, channel=labels | channel, answers=answers, filters=filters)


def of_labels(mode: Mode, answers: Answers, **thresholds: float | None) -> Decision:
    """The decision for labels with thresholds of their own, or the default where that is None."""
    labels = tuple(a_label(name, threshold=threshold) for name, threshold in thresholds.items())
    return Case(post={}, channel={"labels": labels, "mode": mode}, answers=answers).decide()


def labels_of(scores: tuple[Any, ...]) -> list[str]:
    return [score.label for score in scores]


Change = Callable[[Case], Case]

REPEATED = {"kinds": frozenset({PostKind.RETWEET})}

LEFT_OUT = "flood: it is too long"

IN_ORDER: list[tuple[Reason, Change]] = [
    (Reason.BEFORE_WATCH, lambda case: replace(case, watched_since=NOW + HOUR)),
    (Reason.OFF, lambda case: replace(case, channel=case.channel | {"alerts": AlertState.OFF})),
    (Reason.SUSPENDED, lambda case: replace(case, channel=case.channel | {"suspended": "I was removed."})),
    (Reason.LABELS_REFUSED, lambda case: replace(case, left_out=LEFT_OUT, channel=case.channel | {"labels": ()})),
    (Reason.NO_LABELS, lambda case: replace(case, channel=case.channel | {"labels": ()})),
    (Reason.FILTERED, lambda case: replace(case, filters=replace(case.filters, keywords=("storm",)))),
    (Reason.NO_TEXT, lambda case: replace(case, post=case.post | {"text": "https://example.com/1 @vendor_sec 🔥"})),
    (Reason.BELOW_THRESHOLD, lambda case: replace(case, answers={"security": alone(0.2)})),
    (Reason.FILTERED, lambda case: replace(case, filters=replace(case.filters, not_labels=("security",)))),
    (Reason.PAUSED, lambda case: replace(case, channel=case.channel | {"pauses": (a_pause(until=case.now + HOUR),)})),
    (Reason.SHADOW, lambda case: replace(case, channel={"alerts": AlertState.SHADOW} | case.channel)),
    (Reason.DUPLICATE, lambda case: replace(case, post=REPEATED | case.post, alerted=True)),
]
"""Each refusal with what causes it, those that are told first standing first; a filter refuses a post, or a label."""

IDS = [f"{number} {reason}" for number, (reason, _) in enumerate(IN_ORDER)]
UNSCORED, HELD_BACK = IN_ORDER[:7], IN_ORDER[8:]


def test_a_post_above_its_threshold_alerts() -> None:
    decision = alerting().decide()
    (score,) = decision.scores

    assert score == a_score(score=score.score)
    assert score.score == pytest.approx(0.91)
    assert decision == Decision(
        post=PostId(5),
        channel=a_channel().key,
        reason=Reason.ALERT,
        mode=Mode.INDEPENDENT,
        scores=(score,),
        matched=(score,),
    )


def test_every_refusal_there_is_has_its_place_in_the_order() -> None:
    assert {reason for reason, _ in IN_ORDER} == set(Reason) - {Reason.ALERT}


@pytest.mark.parametrize(("reason", "change"), IN_ORDER, ids=IDS)
def test_this_alone_keeps_a_post_from_alerting(reason: Reason, change: Change) -> None:
    assert change(alerting()).decide().reason is reason


@pytest.mark.parametrize("first", range(len(IN_ORDER)), ids=IDS)
def test_of_several_refusals_the_first_is_told(first: int) -> None:
    case = alerting()
    for _, change in reversed(IN_ORDER[first:]):
        case = change(case)

    assert case.decide().reason is IN_ORDER[first][0]


@pytest.mark.parametrize(("reason", "change"), UNSCORED, ids=IDS[:7])
def test_a_post_refused_without_its_scores_needs_no_model(reason: Reason, change: Change) -> None:
    decision = replace(change(alerting()), answers={}).decide()

    assert (decision.reason, decision.scores, decision.matched) == (reason, (), ())


@pytest.mark.parametrize(("reason", "change"), HELD_BACK, ids=IDS[8:])
def test_a_post_that_is_only_held_back_keeps_what_would_have_alerted(reason: Reason, change: Change) -> None:
    decision = change(alerting()).decide()

    assert decision.reason is reason
    assert labels_of(decision.matched) == ["security"]


def test_a_post_below_the_threshold_keeps_its_scores() -> None:
    decision = replace(alerting(), answers={"security": alone(0.2)}).decide()

    assert [score.score for score in decision.scores] == [pytest.approx(0.2)]
    assert decision.matched == ()


@pytest.mark.parametrize(("reason", "change"), IN_ORDER, ids=IDS)
def test_the_model_is_asked_exactly_when_scores_are_needed(reason: Reason, change: Change) -> None:
    case = change(alerting())
    decision = case.decide()
    refusal = refusal_before_scoring(Reading(a_post(**case.post)), case.watcher())

    assert (refusal is None) == bool(decision.scores)
    assert refusal in {None, (decision.reason, decision.detail)}
    assert decision.reason is reason


@pytest.mark.parametrize(
    ("threshold", "reason"), [(0.5, Reason.BELOW_THRESHOLD), (0.4999, Reason.ALERT), (0.5001, Reason.BELOW_THRESHOLD)]
)
def test_a_score_must_be_strictly_above_its_threshold(threshold: float, reason: Reason) -> None:
    even = (1.5, 1.5)  # a score of exactly one half

    assert of_labels(Mode.INDEPENDENT, {"security": even}, security=threshold).reason is reason


def test_the_default_threshold_is_forty_percent() -> None:
    assert of_labels(Mode.INDEPENDENT, {"security": alone(0.41)}, security=None).reason is Reason.ALERT
    assert of_labels(Mode.INDEPENDENT, {"security": alone(0.39)}, security=None).reason is Reason.BELOW_THRESHOLD


def test_a_labels_threshold_goes_before_the_channels_and_each_says_where_it_comes_from() -> None:
    labels = (a_label("storm", threshold=0.95), a_label("fire"))
    answers = {"storm": alone(0.9), "fire": alone(0.8)}

    decision = Case(post={}, channel={"labels": labels, "threshold": 0.7}, answers=answers).decide()

    assert labels_of(decision.matched) == ["fire"]
    assert [(score.threshold, score.threshold_source) for score in decision.scores] == [
        (0.95, "set for the label"),
        (0.7, "set for the channel"),
    ]


def test_in_independent_mode_every_label_above_its_threshold_alerts_highest_first() -> None:
    answers = {"storm": alone(0.5), "fire": alone(0.9), "flood": alone(0.1), "hail": alone(0.7)}

    decision = of_labels(Mode.INDEPENDENT, answers, storm=None, fire=None, flood=None, hail=0.8)

    assert labels_of(decision.scores) == ["fire", "hail", "storm", "flood"]
    assert labels_of(decision.matched) == ["fire", "storm"]


def test_in_independent_mode_a_further_label_changes_no_other_score() -> None:
    one = of_labels(Mode.INDEPENDENT, {"storm": alone(0.5)}, storm=None)
    two = of_labels(Mode.INDEPENDENT, {"storm": alone(0.5), "fire": alone(0.9)}, storm=None, fire=None)

    assert one.scores[0] in two.scores


def test_in_exclusive_mode_the_labels_share_one_hundred_percent_and_only_the_top_one_alerts() -> None:
    answers = {"storm": sharing(0.42), "fire": sharing(0.48), "flood": sharing(0.1)}

    decision = of_labels(Mode.EXCLUSIVE, answers, storm=None, fire=None, flood=None)

    assert sum(score.score for score in decision.scores) == pytest.approx(1)
    assert labels_of(decision.matched) == ["fire"]
    assert decision.mode is Mode.EXCLUSIVE


def test_in_exclusive_mode_nothing_alerts_when_the_top_label_does_not_though_another_would() -> None:
    answers = {"storm": sharing(0.35), "fire": sharing(0.55), "flood": sharing(0.1)}

    decision = of_labels(Mode.EXCLUSIVE, answers, storm=0.34, fire=0.6, flood=None)

    assert decision.reason is Reason.BELOW_THRESHOLD
    assert decision.matched == ()


def test_in_exclusive_mode_a_tie_goes_to_the_label_that_was_named_first() -> None:
    answers = {"storm": (1.0, 0.0), "fire": (1.0, 0.0), "flood": (-9.0, 0.0)}

    assert labels_of(of_labels(Mode.EXCLUSIVE, answers, storm=None, fire=None, flood=None).matched) == ["storm"]
    assert labels_of(of_labels(Mode.EXCLUSIVE, answers, fire=None, storm=None, flood=None).matched) == ["fire"]


def test_a_single_label_is_scored_on_its_own_in_either_mode() -> None:
    answers = {"storm": alone(0.2)}

    exclusive = of_labels(Mode.EXCLUSIVE, answers, storm=None)

    assert exclusive.reason is Reason.BELOW_THRESHOLD
    assert exclusive.scores == of_labels(Mode.INDEPENDENT, answers, storm=None).scores


@pytest.mark.parametrize("mode", Mode)
def test_what_other_channels_asked_of_the_same_post_changes_nothing(mode: Mode) -> None:
    mine = {"storm": sharing(0.6), "fire": sharing(0.4)}
    union = {"politics": (9.0, -9.0), **mine, "sports": (8.0, -8.0)}

    assert of_labels(mode, union, storm=None, fire=0.5) == of_labels(mode, mine, storm=None, fire=0.5)


@pytest.mark.parametrize("mode", Mode)
def test_a_hypothesis_the_model_was_not_asked_about_is_an_error_and_never_zero(mode: Mode) -> None:
    with pytest.raises(KeyError, match="fire"):
        of_labels(mode, {"storm": alone(0.9)}, storm=None, fire=None)


@pytest.mark.parametrize("mode", Mode)
def test_an_answer_that_is_not_known_is_an_error_and_never_zero(mode: Mode) -> None:
    with pytest.raises(ValueError, match="not asked"):
        of_labels(mode, {"storm": alone(0.9), "fire": (math.nan, math.nan)}, storm=None, fire=None)


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        pytest.param(NOW, Reason.ALERT, id="at the moment of the watch"),
        pytest.param(NOW - timedelta(microseconds=1), Reason.ALERT, id="just after the watch"),
        pytest.param(NOW + timedelta(microseconds=1), Reason.BEFORE_WATCH, id="just before the watch"),
    ],
)
def test_a_watch_decides_posts_published_from_then_on(since: datetime, reason: Reason) -> None:
    to_the_microsecond = {"published_at": NOW + timedelta(microseconds=5)}
    watched_since = since + timedelta(microseconds=5)
    assert replace(alerting(), post=to_the_microsecond, watched_since=watched_since).decide().reason is reason


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        pytest.param(NOW + timedelta(milliseconds=999), Reason.ALERT, id="later in that second"),
        pytest.param(NOW + timedelta(seconds=1), Reason.BEFORE_WATCH, id="in the next"),
    ],
)
def test_a_post_dated_to_the_second_in_which_the_watch_was_added_is_not_lost(since: datetime, reason: Reason) -> None:
    dated = {"published_at": NOW}
    assert replace(alerting(), post=dated, watched_since=since).decide().reason is reason


def test_a_replayed_post_counts_from_when_it_was_played() -> None:
    old = {"published_at": NOW - timedelta(days=900), "played_at": NOW}

    assert replace(alerting(), post=old).decide().reason is Reason.ALERT
    assert replace(alerting(), post=old, watched_since=NOW + HOUR).decide().reason is Reason.BEFORE_WATCH


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        pytest.param(NOW + 2 * HOUR, Reason.PAUSED, id="a pause that goes on"),
        pytest.param(NOW + HOUR, Reason.ALERT, id="a pause that ends this moment"),
        pytest.param(NOW, Reason.ALERT, id="a pause that is over"),
    ],
)
def test_a_pause_lasts_until_it_ends(until: datetime, reason: Reason) -> None:
    assert replace(alerting(), channel={"pauses": (a_pause(until=until),)}).decide().reason is reason


def test_only_the_given_time_counts() -> None:
    paused = replace(alerting(), channel={"pauses": (a_pause(until=NOW + 2 * HOUR),)})

    assert replace(paused, now=NOW + HOUR).decide().reason is Reason.PAUSED
    assert replace(paused, now=NOW + timedelta(days=36_500)).decide().reason is Reason.ALERT


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "matched"),
    [
        pytest.param(NO_FILTERS, ["security", "outage"], id="without filters"),
        pytest.param(Filters(not_labels=("Security",)), ["outage"], id="a label taken out, whatever the case"),
        pytest.param(Filters(labels=("OUTAGE",)), ["outage"], id="only one label wanted"),
        pytest.param(Filters(labels=("outage", "security")), ["security", "outage"], id="both wanted"),
    ],
)
def test_a_filter_takes_a_label_out_of_what_alerts_and_out_of_nothing_else(
    filters: Filters, matched: list[str]
) -> None:
    decision = two_labels(filters).decide()

    assert decision.reason is Reason.ALERT
    assert labels_of(decision.matched) == matched
    assert decision.scores == two_labels().decide().scores


def test_where_filters_take_out_every_label_the_post_is_filtered_and_its_matches_are_kept() -> None:
    decision = two_labels(Filters(not_labels=("security", "outage"))).decide()

    assert (decision.reason, decision.detail) == (Reason.FILTERED, "-label:security")
    assert labels_of(decision.matched) == ["security", "outage"]


def test_in_exclusive_mode_a_label_that_is_filtered_out_makes_no_room_for_the_next() -> None:
    answers = {"outage": sharing(0.45), "security": sharing(0.55)}
    case = two_labels(Filters(not_labels=("security",)), mode=Mode.EXCLUSIVE)

    assert replace(case, answers=answers).decide().reason is Reason.FILTERED


def test_a_label_below_its_threshold_is_no_matter_of_filters() -> None:
    case = two_labels(Filters(not_labels=("security",)))
    decision = replace(case, answers={"security": alone(0.2), "outage": alone(0.2)}).decide()

    assert decision.reason is Reason.BELOW_THRESHOLD


@pytest.mark.parametrize(
    ("minimum", "threshold", "source"),
    [
        pytest.param(0.7, 0.7, "set for the watch", id="above the channel's: raises"),
        pytest.param(0.5, 0.5, "set for the channel", id="as high as the channel's"),
        pytest.param(0.3, 0.5, "set for the channel", id="below the channel's: lowers nothing"),
    ],
)
def test_a_minimum_raises_the_threshold_of_the_watch_and_never_lowers_it(
    minimum: float, threshold: float, source: str
) -> None:
    scores = two_labels(Filters(minimum=minimum), threshold=0.5).decide().scores

    assert {(score.threshold, score.threshold_source) for score in scores} == {(threshold, source)}


def test_a_minimum_raises_each_label_that_it_exceeds() -> None:
    labels = (a_label("outage", threshold=0.3), a_label("security", threshold=0.95))
    decision = two_labels(Filters(minimum=0.6), labels=labels).decide()

    assert [(score.label, score.threshold) for score in decision.scores] == [("security", 0.95), ("outage", 0.6)]
    assert decision.reason is Reason.BELOW_THRESHOLD  # 0.6 is not above 0.6


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.none() | st.floats(0.01, 0.99))
def test_whatever_the_minimum_no_post_alerts_that_would_not_without_it(
    score: float, minimum: float, channel: float, label: float | None
) -> None:
    case = Case(
        post={},
        channel={"threshold": channel, "labels": (a_label(threshold=label),)},
        answers={"security": alone(score)},
        filters=Filters(minimum=minimum),
    )
    alerts = case.decide().reason is Reason.ALERT
    alerts_without = replace(case, filters=NO_FILTERS).decide().reason is Reason.ALERT

    assert alerts == (alerts_without and case.decide().scores[0].score > minimum)


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pause", "told"),
    [
        pytest.param(a_pause(), "until 2026-11-02 10:00 UTC", id="of the channel"),
        pytest.param(
            a_pause(account=an_account(), until=NOW + 2 * HOUR),
            "@vendor_sec until 2026-11-02 11:00 UTC",
            id="of this account",
        ),
        pytest.param(a_pause(label="Security"), "Security until 2026-11-02 10:00 UTC", id="of this label"),
    ],
)
def test_a_post_that_is_paused_says_what_is_paused_and_until_when(pause: Any, told: str) -> None:
    decision = replace(alerting(), channel={"pauses": (pause,)}, now=NOW).decide()

    assert (decision.reason, decision.detail) == (Reason.PAUSED, told)
    assert labels_of(decision.matched) == ["security"]


@pytest.mark.parametrize(
    "pause",
    [
        pytest.param(a_pause(account=an_account("other")), id="of another account"),
        pytest.param(a_pause(account=replace(an_account(), source="bluesky")), id="of the account's id elsewhere"),
        pytest.param(a_pause(label="outage"), id="of a label that would not alert"),
    ],
)
def test_a_pause_of_something_else_keeps_nothing_back(pause: Any) -> None:
    assert replace(alerting(), channel={"pauses": (pause,)}, now=NOW).decide().reason is Reason.ALERT


def test_an_account_that_changed_its_handle_stays_paused() -> None:
    renamed = an_account("new_name", id=an_account().id)

    decision = replace(alerting(), channel={"pauses": (a_pause(account=renamed),)}, now=NOW).decide()

    assert decision.reason is Reason.PAUSED


def test_a_pause_of_one_label_lets_the_others_alert() -> None:
    decision = replace(two_labels(pauses=(a_pause(label="security"),)), now=NOW).decide()

    assert decision.reason is Reason.ALERT
    assert labels_of(decision.matched) == ["outage"]


def test_a_post_all_of_whose_labels_are_paused_is_paused() -> None:
    pauses = (a_pause(label="outage"), a_pause(label="SECURITY", until=NOW + 2 * HOUR))
    decision = replace(two_labels(pauses=pauses), now=NOW).decide()

    assert (decision.reason, decision.detail) == (Reason.PAUSED, "SECURITY until 2026-11-02 11:00 UTC")
    assert labels_of(decision.matched) == ["security", "outage"]


def test_a_pause_and_a_filter_together_keep_a_post_back_that_neither_would_alone() -> None:
    case = two_labels(Filters(not_labels=("outage",)), pauses=(a_pause(label="security"),))

    decision = replace(case, now=NOW).decide()

    assert decision.reason is Reason.PAUSED
    assert labels_of(decision.matched) == ["security"]


def test_a_label_pause_that_is_over_counts_no_longer() -> None:
    case = replace(alerting(), channel={"pauses": (a_pause(label="security"),)})

    assert replace(case, now=NOW + HOUR).decide().reason is Reason.ALERT


# --- what repeats an alert -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "alerted", "reason"),
    [
        pytest.param({PostKind.RETWEET}, True, Reason.DUPLICATE, id="a retweet of what alerted"),
        pytest.param({PostKind.RETWEET, PostKind.REPLY}, True, Reason.DUPLICATE, id="a retweet among others"),
        pytest.param({PostKind.RETWEET}, False, Reason.ALERT, id="a retweet of what did not"),
        pytest.param(set(), True, Reason.ALERT, id="the same words written again"),
        pytest.param({PostKind.QUOTE, PostKind.REPLY}, True, Reason.ALERT, id="a quote or a reply"),
    ],
)
def test_only_a_retweet_of_what_alerted_is_a_duplicate(kinds: set[PostKind], alerted: bool, reason: Reason) -> None:
    assert replace(alerting(), post={"kinds": frozenset(kinds)}, alerted=alerted).decide().reason is reason


# --- what a person is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (2, "I was removed."),
        (5, "+keyword:storm"),
        (8, "-label:security"),
        (9, "until 2026-11-02 11:00 UTC"),
        (11, "a retweet of what alerted here within the last day"),
    ],
    ids=lambda value: IDS[value] if isinstance(value, int) else "",
)
def test_a_refusal_tells_what_of_it_a_person_wants_to_know(number: int, told: str) -> None:
    assert IN_ORDER[number][1](alerting()).decide().detail == told


def test_an_alert_has_no_detail() -> None:
    assert alerting().decide().detail == ""


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.sampled_from(Mode), st.floats(0.01, 0.99))
def test_what_alerts_is_always_above_its_threshold_and_ordered(
    entailments: list[float], mode: Mode, threshold: float
) -> None:
    names = [str(number) for number in range(len(entailments))]
    watched = watcher(a_channel(labels=tuple(map(a_label, names)), mode=mode, threshold=threshold))
    answers = {name: (entailment, 0.0) for name, entailment in zip(names, entailments, strict=True)}

    scores = scored(watched, answers)
    matched = matching(scores, mode)

    assert sorted(labels_of(scores)) == sorted(names)
    assert all(0 <= score.score <= 1 for score in scores)
    assert [score.score for score in scores] == sorted((score.score for score in scores), reverse=True)
    assert all(score.score > threshold for score in matched)
    if mode is Mode.INDEPENDENT:
        assert len(matched) == sum(score.score > threshold for score in scores)
    else:
        assert matched in ((), scores[:1])


# --- labels that are left out ----------------------------------------------------------------------------------------


def test_a_post_is_decided_for_the_labels_that_are_left_and_says_which_are_not() -> None:
    decision = replace(alerting(), left_out=LEFT_OUT).decide()

    assert (decision.reason, decision.detail, labels_of(decision.scores)) == (Reason.ALERT, LEFT_OUT, ["security"])


@pytest.mark.parametrize(
    ("threshold", "minimum", "reason"),
    [
        (0.4, None, Reason.LABELS_REFUSED),
        (0.5, None, Reason.LABELS_REFUSED),
        (0.51, None, Reason.ALERT),
        (0.4, 0.51, Reason.ALERT),
    ],
)
def test_labels_that_share_all_among_too_few_are_not_decided_by(
    threshold: float, minimum: float | None, reason: Reason
) -> None:
    case = two_labels(Filters(minimum=minimum), mode=Mode.EXCLUSIVE, threshold=threshold)
    answers = {"security": sharing(0.91), "outage": sharing(0.09)}

    assert replace(case, answers=answers, left_out=LEFT_OUT).decide().reason is reason


def test_the_one_label_that_is_left_of_several_that_share_is_scored_alone() -> None:
    case = replace(alerting(), channel={"mode": Mode.EXCLUSIVE}, left_out=LEFT_OUT)

    assert case.decide().scores[0].score == pytest.approx(0.91)
