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
from bot.pipeline.watch_list import Watcher
from classifier.types import Mode
from storage.types import AlertState, Channel, Decision, PostId, Reason, StoredPost
from tests.fakes.builders import NOW, a_channel, a_label, a_post, a_score, a_watch

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

    def decide(self) -> Decision:
        channel = a_channel(**self.channel)
        return decide(
            StoredPost(id=PostId(5), post=a_post(**self.post)),
            watcher(channel, watched_since=self.watched_since),
            self.answers,
            self.now,
        )


def watcher(channel: Channel, watched_since: datetime = NOW - HOUR) -> Watcher:
    """Each label's own name stands for its hypothesis."""
    return Watcher(
        channel=channel, watch=a_watch(added_at=watched_since), hypotheses=tuple(label.name for label in channel.labels)
    )


def alerting() -> Case:
    return Case(post={}, channel={}, answers={"security": alone(0.91)})


def of_labels(mode: Mode, answers: Answers, **thresholds: float | None) -> Decision:
    """The decision for labels with thresholds of their own, or the default where that is None."""
    labels = tuple(a_label(name, threshold=threshold) for name, threshold in thresholds.items())
    return Case(post={}, channel={"labels": labels, "mode": mode}, answers=answers).decide()


def labels_of(scores: tuple[Any, ...]) -> list[str]:
    return [score.label for score in scores]


Change = Callable[[Case], Case]

IN_ORDER: list[tuple[Reason, Change]] = [
    (Reason.BEFORE_WATCH, lambda case: replace(case, watched_since=NOW + HOUR)),
    (Reason.OFF, lambda case: replace(case, channel=case.channel | {"alerts": AlertState.OFF})),
    (Reason.SUSPENDED, lambda case: replace(case, channel=case.channel | {"suspended": "I was removed."})),
    (Reason.NO_LABELS, lambda case: replace(case, channel=case.channel | {"labels": ()})),
    (Reason.NO_TEXT, lambda case: replace(case, post={"text": "https://example.com/1 @vendor_sec 🔥"})),
    (Reason.BELOW_THRESHOLD, lambda case: replace(case, answers={"security": alone(0.2)})),
    (Reason.PAUSED, lambda case: replace(case, channel=case.channel | {"paused_until": case.now + HOUR})),
    (Reason.SHADOW, lambda case: replace(case, channel={"alerts": AlertState.SHADOW} | case.channel)),
]


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


@pytest.mark.parametrize(("reason", "change"), IN_ORDER, ids=[reason.value for reason, _ in IN_ORDER])
def test_this_alone_keeps_a_post_from_alerting(reason: Reason, change: Change) -> None:
    assert change(alerting()).decide().reason is reason


@pytest.mark.parametrize("first", range(len(IN_ORDER)), ids=[reason.value for reason, _ in IN_ORDER])
def test_of_several_refusals_the_first_is_told(first: int) -> None:
    case = alerting()
    for _, change in reversed(IN_ORDER[first:]):
        case = change(case)

    assert case.decide().reason is IN_ORDER[first][0]


@pytest.mark.parametrize(("reason", "change"), IN_ORDER[:5], ids=[reason.value for reason, _ in IN_ORDER[:5]])
def test_a_post_refused_without_its_scores_needs_no_model(reason: Reason, change: Change) -> None:
    decision = replace(change(alerting()), answers={}).decide()

    assert (decision.reason, decision.scores, decision.matched) == (reason, (), ())


@pytest.mark.parametrize(("reason", "change"), IN_ORDER[6:], ids=[reason.value for reason, _ in IN_ORDER[6:]])
def test_a_post_that_is_only_held_back_keeps_what_would_have_alerted(reason: Reason, change: Change) -> None:
    decision = change(alerting()).decide()

    assert decision.reason is reason
    assert labels_of(decision.matched) == ["security"]


def test_a_post_below_the_threshold_keeps_its_scores() -> None:
    decision = replace(alerting(), answers={"security": alone(0.2)}).decide()

    assert [score.score for score in decision.scores] == [pytest.approx(0.2)]
    assert decision.matched == ()


@pytest.mark.parametrize(("reason", "change"), IN_ORDER, ids=[reason.value for reason, _ in IN_ORDER])
def test_the_model_is_asked_exactly_when_scores_are_needed(reason: Reason, change: Change) -> None:
    case = change(alerting())
    refusal = refusal_before_scoring(
        a_post(**case.post), watcher(a_channel(**case.channel), watched_since=case.watched_since)
    )

    assert (refusal is None) == bool(case.decide().scores)
    assert refusal in {None, reason}


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
    assert replace(alerting(), watched_since=since).decide().reason is reason


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
    assert replace(alerting(), channel={"paused_until": until}).decide().reason is reason


def test_only_the_given_time_counts() -> None:
    paused = replace(alerting(), channel={"paused_until": NOW + 2 * HOUR})

    assert replace(paused, now=NOW + HOUR).decide().reason is Reason.PAUSED
    assert replace(paused, now=NOW + timedelta(days=36_500)).decide().reason is Reason.ALERT


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.sampled_from(Mode), st.floats(0.01, 0.99))
def test_what_alerts_is_always_above_its_threshold_and_ordered(
    entailments: list[float], mode: Mode, threshold: float
) -> None:
    names = [str(number) for number in range(len(entailments))]
    channel = a_channel(labels=tuple(map(a_label, names)), mode=mode, threshold=threshold)
    answers = {name: (entailment, 0.0) for name, entailment in zip(names, entailments, strict=True)}

    scores = scored(channel, tuple(names), answers)
    matched = matching(scores, mode)

    assert sorted(labels_of(scores)) == sorted(names)
    assert all(0 <= score.score <= 1 for score in scores)
    assert [score.score for score in scores] == sorted((score.score for score in scores), reverse=True)
    assert all(score.score > threshold for score in matched)
    if mode is Mode.INDEPENDENT:
        assert len(matched) == sum(score.score > threshold for score in scores)
    else:
        assert matched in ((), scores[:1])
