"""Decide a post for a channel: values in, a value out. No clock, no database, no model."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter

from bot.pipeline.filters import Reading, refusal_of_label, refusal_of_post
from bot.pipeline.watcher import Watcher
from classifier.scoring import score_labels
from classifier.types import Mode
from sources.types import Account, Post, PostKind
from storage.types import (
    AlertState,
    Channel,
    Decision,
    LabelScore,
    Pause,
    Reason,
    StoredPost,
)

Answers = Mapping[str, tuple[float, float]]
"""What the model said of one post: hypothesis -> (entailment, contradiction)."""

Refusal = tuple[Reason, str]
"""Why a post does not alert, with what of it a person wants to know."""


def refusal_before_scoring(reading: Reading, watcher: Watcher) -> Refusal | None:
    """Why the model need not be asked about this post for this channel; None when it must."""
    if reading.post.current_by < watcher.watch.added_at:
        return Reason.BEFORE_WATCH, ""
    if deaf := refusal_of_channel(watcher):
        return deaf
    if filtered := refusal_of_post(reading, watcher.watch.filters):
        return Reason.FILTERED, filtered
    return None if reading.has_text else (Reason.NO_TEXT, "")


def refusal_of_channel(watcher: Watcher) -> Refusal | None:
    """Why the model need not be asked about any post for this channel as it is set; None when it must."""
    channel = watcher.channel
    if channel.alerts is AlertState.OFF:
        return Reason.OFF, ""
    if channel.suspended:
        return Reason.SUSPENDED, channel.suspended
    if watcher.left_out and not watcher.decidable:
        return Reason.LABELS_REFUSED, watcher.left_out
    return None if channel.labels else (Reason.NO_LABELS, "")


def decide(
    stored: StoredPost,
    watcher: Watcher,
    answers: Answers,
    now: datetime,
    *,
    alerted: bool = False,
) -> Decision:
    """What this post means for this channel at `now`.

    `answers` must hold every hypothesis of the channel unless `refusal_before_scoring` says that none is needed;
    a missing one is a KeyError: unknown is never zero. `alerted`: whether a post with the same words alerted this
    channel within the last day.
    """
    if refusal := refusal_before_scoring(Reading(stored.post), watcher):
        return decide_unscored(stored, watcher, refusal)
    return decide_scored(stored, watcher, answers, now, alerted=alerted)


def decide_unscored(stored: StoredPost, watcher: Watcher, refusal: Refusal) -> Decision:
    """What a post means for a channel for which something refuses it before it is scored."""
    channel, (reason, detail) = watcher.channel, refusal
    return Decision(post=stored.id, channel=channel.key, reason=reason, detail=detail, mode=channel.mode)


def decide_scored(stored: StoredPost, watcher: Watcher, answers: Answers, now: datetime, *, alerted: bool) -> Decision:
    """What a post means for a channel for which nothing does.

    Where the outcome needs no detail, that says which labels had to be left out.
    """
    channel = watcher.channel
    scores = scored(watcher, answers)
    matched = matching(scores, channel.mode)
    passing = tuple(one for one in matched if not refusal_of_label(one.label, watcher.watch.filters))
    reason, detail = _outcome(stored.post, watcher, matched, passing, now=now, alerted=alerted)
    return Decision(
        post=stored.id,
        channel=channel.key,
        reason=reason,
        detail=detail or watcher.left_out,
        mode=channel.mode,
        scores=scores,
        matched=_unpaused(channel, passing, now) or passing or matched,
    )


def scored(watcher: Watcher, answers: Answers) -> tuple[LabelScore, ...]:
    """The score of each of the channel's labels beside its threshold, highest first."""
    channel = watcher.channel
    found = score_labels([answers[hypothesis] for hypothesis in watcher.hypotheses], channel.mode)
    scores = [
        LabelScore(label=label.name, score=score, threshold=threshold, threshold_source=source)
        for label, score, (threshold, source) in zip(channel.labels, found, watcher.thresholds, strict=True)
    ]
    return tuple(sorted(scores, key=attrgetter("score"), reverse=True))  # equal ones stay in the labels' order


def matching(scores: tuple[LabelScore, ...], mode: Mode) -> tuple[LabelScore, ...]:
    """The labels above their threshold; in exclusive mode only the top one can be."""
    candidates = scores[:1] if mode is Mode.EXCLUSIVE else scores
    return tuple(one for one in candidates if one.above)


def _outcome(
    post: Post,
    watcher: Watcher,
    matched: tuple[LabelScore, ...],
    passing: tuple[LabelScore, ...],
    *,
    now: datetime,
    alerted: bool,
) -> Refusal:
    channel = watcher.channel
    outcome: Refusal = (Reason.ALERT, "")
    if not matched:
        outcome = Reason.BELOW_THRESHOLD, ""
    elif not passing:
        outcome = Reason.FILTERED, refusal_of_label(matched[0].label, watcher.watch.filters)
    elif pause := _pause(channel, watcher.watch.account, passing, now):
        outcome = Reason.PAUSED, _until(pause)
    elif channel.alerts is AlertState.SHADOW:
        outcome = Reason.SHADOW, ""
    elif alerted and PostKind.RETWEET in post.kinds:
        outcome = Reason.DUPLICATE, "a retweet of what alerted here within the last day"
    return outcome


def _pause(channel: Channel, account: Account, passing: tuple[LabelScore, ...], now: datetime) -> Pause | None:
    """The pause that keeps this post back: of the channel, of this account, or of every label that would alert."""
    for pause in channel.pauses:
        mine = pause.account is None or (pause.account.source, pause.account.id) == (account.source, account.id)
        if now < pause.until and not pause.label and mine:
            return pause
    if _unpaused(channel, passing, now):
        return None
    return _label_pauses(channel, now)[passing[0].label.casefold()]


def _label_pauses(channel: Channel, now: datetime) -> dict[str, Pause]:
    return {pause.label.casefold(): pause for pause in channel.pauses if pause.label and now < pause.until}


def _unpaused(channel: Channel, passing: tuple[LabelScore, ...], now: datetime) -> tuple[LabelScore, ...]:
    if not channel.pauses:
        return passing
    paused = _label_pauses(channel, now)
    return tuple(one for one in passing if one.label.casefold() not in paused)


def _until(pause: Pause) -> str:
    target = pause.label or (str(pause.account) if pause.account else "")
    return f"{target} until {pause.until:%Y-%m-%d %H:%M} UTC".lstrip()
