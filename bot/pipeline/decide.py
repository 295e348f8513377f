"""Decide a post for a channel: values in, a value out. No clock, no database, no model."""

from collections.abc import Mapping
from datetime import datetime

from bot.pipeline.watch_list import Watcher
from classifier.premise import has_text
from classifier.scoring import score_labels
from classifier.types import Mode
from sources.types import Post
from storage.types import AlertState, Channel, Decision, LabelScore, Reason, StoredPost

Answers = Mapping[str, tuple[float, float]]
"""What the model said of one post: hypothesis -> (entailment, contradiction)."""


def refusal_before_scoring(post: Post, watcher: Watcher) -> Reason | None:
    """Why the model need not be asked about this post for this channel; None when it must."""
    channel = watcher.channel
    if post.current_from < watcher.watch.added_at:
        return Reason.BEFORE_WATCH
    if channel.alerts is AlertState.OFF:
        return Reason.OFF
    if channel.suspended:
        return Reason.SUSPENDED
    if not channel.labels:
        return Reason.NO_LABELS
    if not has_text(post.text):
        return Reason.NO_TEXT
    return None


def decide(stored: StoredPost, watcher: Watcher, answers: Answers, now: datetime) -> Decision:
    """What this post means for this channel at `now`.

    `answers` must hold every hypothesis of the channel unless `refusal_before_scoring` says that none is needed;
    a missing one is a KeyError: unknown is never zero.
    """
    channel = watcher.channel
    refusal = refusal_before_scoring(stored.post, watcher)
    scores = () if refusal else scored(channel, watcher.hypotheses, answers)
    matched = matching(scores, channel.mode)
    return Decision(
        post=stored.id,
        channel=channel.key,
        reason=refusal or _outcome(channel, matched, now),
        mode=channel.mode,
        scores=scores,
        matched=matched,
    )


def scored(channel: Channel, hypotheses: tuple[str, ...], answers: Answers) -> tuple[LabelScore, ...]:
    """The score of each of the channel's labels beside its threshold, highest first."""
    found = score_labels([answers[hypothesis] for hypothesis in hypotheses], channel.mode)
    scores = (
        LabelScore(
            label=label.name,
            score=number,
            threshold=channel.threshold_for(label),
            threshold_source=channel.threshold_source(label),
        )
        for label, number in zip(channel.labels, found, strict=True)
    )
    return tuple(sorted(scores, key=lambda one: -one.score))


def matching(scores: tuple[LabelScore, ...], mode: Mode) -> tuple[LabelScore, ...]:
    """The labels that alert: all above their threshold, or in exclusive mode the top one alone if it is."""
    candidates = scores[:1] if mode is Mode.EXCLUSIVE else scores
    return tuple(one for one in candidates if one.above)


def _outcome(channel: Channel, matched: tuple[LabelScore, ...], now: datetime) -> Reason:
    if not matched:
        return Reason.BELOW_THRESHOLD
    if channel.paused_until is not None and now < channel.paused_until:
        return Reason.PAUSED
    if channel.alerts is AlertState.SHADOW:
        return Reason.SHADOW
    return Reason.ALERT
