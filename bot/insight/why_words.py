"""What /why says of a decision, in words. Pure.

Everything here is as it stood when the post was decided, but for the watch, of which only the present one is known.
Outside text is put on one line, so that a post cannot write lines of its own into an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards import judged_by, percent
from bot.insight.bars import bars
from bot.pipeline.decide import matching
from bot.wording import SOURCES, moment
from classifier.types import Mode
from sources.types import Account, Post
from storage.decisions import Decided
from storage.outbox import Progress
from storage.types import Alert, AlertId, Channel, DeliveryState, LabelScore, Reason, Removed, Watch

_SHOWN = 140
"""Characters of a post that an answer repeats, so that people know which one is meant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """All that is known of a post that was decided for a channel."""

    post: Post
    decided: Decided
    watch: Watch | None
    """The channel's watch of the author, as it is now."""

    alert: Alert | None
    progress: Progress | None
    """How far the alert's delivery has come."""

    repeats: AlertId | None
    """For a duplicate: the alert that it repeats."""

    removed: Removed | None = None
    """Why the post's text is gone, where it is."""


def explained(known: Known) -> list[str]:
    """The verdict, the post, the watch, the scores, and what became of the alert."""
    lines = [_VERDICTS[known.decided.reason](known), f"Post: {shown_post(known.post, known.removed)}", watched(known)]
    lines += _scores(known.decided)
    if known.alert is not None:
        lines.append(f"Judged: {judged_by(known.alert) or 'by nobody yet'}")
        lines.append(f"Delivery: {_delivery(known.progress)}")
    return lines


def shown_post(post: Post, removed: Removed | None = None) -> str:
    """Who, when, the beginning of the text or why it is gone, and where."""
    text = f"({removed.words})" if removed else one_line(post.text)
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return f"{post.author}, {moment(post.published_at)}: {text} {one_line(post.url)}".rstrip()


def watched(known: Known) -> str:
    """The watch under which the post was decided, where it is still there."""
    watch = known.watch
    if watch is None:
        return f"Watch: {known.post.author}, which this channel watches no longer"
    if watch.added_at > known.decided.decided_at:
        return f"Watch: one that is gone; a newer one of {added(watch)}"
    return f"Watch: {added(watch)}"


def added(watch: Watch) -> str:
    """ "@vendor_sec on X, added by Ada, 2026-11-01 09:00 UTC"."""
    source = SOURCES.get(watch.account.source, watch.account.source)
    return f"{watch.account} on {source}, added by {one_line(watch.added_by)}, {moment(watch.added_at)}"


def whether_watched(channel: Channel, account: Account) -> str:
    """Whether a channel watches an account now."""
    watch = watch_of(channel, account)
    return f"It watches {added(watch)}, now." if watch else f"It does not watch {account} now either."


def watch_of(channel: Channel, account: Account) -> Watch | None:
    """The channel's watch of an account."""
    same = (
        watch for watch in channel.watches if (watch.account.source, watch.account.id) == (account.source, account.id)
    )
    return next(same, None)


def one_line(text: str) -> str:
    """Outside text without line breaks."""
    return " ".join(text.split())


def _scores(decided: Decided) -> list[str]:
    how = f"{decided.mode}, {decided.model}, decided {moment(decided.decided_at)}"
    if not decided.scores:
        return [f"Scores: none, the model was not asked ({how})"]
    lines = [f"Scores ({how}):", *(f"  {bar}" for bar in bars(decided.scores))]
    if decided.detail and decided.reason in _LEFT_OUT:
        lines.append(f"Left out, since the model refused them: {one_line(decided.detail).rstrip('.')}.")
    return lines


def _would_have(decided: Decided) -> str:
    """ "security 91% would have alerted"; empty where nothing was scored."""
    matched = matching(decided.scores, decided.mode)
    return f"But for that, {_named(matched)} would have alerted." if matched else ""


def _named(scores: Sequence[LabelScore]) -> str:
    return ", ".join(f"{one.label} {percent(one.score)}" for one in scores)


def _alert(known: Known) -> str:
    number = f"Alert {known.alert.id}" if known.alert else "An alert"
    matched = known.alert.matched if known.alert else matching(known.decided.scores, known.decided.mode)
    above = "its threshold" if len(matched) == 1 else "their thresholds"
    return f"{number}: {_named(matched)} {'is' if len(matched) == 1 else 'are'} above {above}."


def _below(known: Known) -> str:
    decided = known.decided
    if decided.mode is Mode.EXCLUSIVE and any(one.above for one in decided.scores):
        top = decided.scores[0]
        return (
            f"In exclusive mode only the top label can alert, and {top.label} {percent(top.score)} "
            f"is not above {percent(top.threshold)}."
        )
    return "No label is above its threshold."


def _before(known: Known) -> str:
    came = f"It was {'played' if known.post.played_at else 'published'} {_exact(known.post.current_from)}"
    if known.watch is None or known.watch.added_at > known.decided.decided_at:
        return f"{came}; a watch decides only what comes after it."
    return f"{came}; the watch was added {_exact(known.watch.added_at)} and decides only what comes after."


def _filtered(known: Known) -> str:
    return f"The filter of the watch that kept it out: {one_line(known.decided.detail)}."


def _duplicate(known: Known) -> str:
    which = f" as alert {known.repeats}" if known.repeats is not None else ""
    return f"It is a retweet of what alerted here{which} within the day before."


def _delivery(progress: Progress | None) -> str:
    if progress is None:
        return "unknown"
    words = _PROGRESS[progress.state]
    when = f" {moment(progress.settled_at)}" if progress.settled_at else ""
    return f"{words}{when}{f' ({one_line(progress.problem)})' if progress.problem else ''}"


def _exact(at: datetime) -> str:
    """To the second: a post and a watch often come within one minute."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


_PROGRESS = {
    DeliveryState.PENDING: "still to be sent",
    DeliveryState.SENDING: "being sent",
    DeliveryState.AMBIGUOUS: "perhaps sent: it is looked up before it is sent again",
    DeliveryState.SENT: "sent",
    DeliveryState.FAILED: "refused by the chat",
    DeliveryState.HELD: "held until the channel can be reached again",
    DeliveryState.WITHDRAWN: "withdrawn before it was sent",
}

_LEFT_OUT = {Reason.ALERT, Reason.BELOW_THRESHOLD, Reason.SHADOW}
"""Outcomes whose detail says which labels had to be left out, if any had."""

_REFUSALS: Mapping[Reason, Callable[[Known], str]] = {
    Reason.BELOW_THRESHOLD: _below,
    Reason.NO_TEXT: lambda _: "Nothing but links, handles and signs is in it, so there was nothing to classify.",
    Reason.LABELS_REFUSED: lambda known: (
        f"The model refused labels of this channel, and without them there was nothing to decide by: "
        f"{one_line(known.decided.detail).rstrip('.')}."
    ),
    Reason.NO_LABELS: lambda _: "This channel had no labels then.",
    Reason.BEFORE_WATCH: _before,
    Reason.FILTERED: _filtered,
    Reason.DUPLICATE: _duplicate,
    Reason.PAUSED: lambda known: f"Alerts here were paused: {one_line(known.decided.detail)}.",
    Reason.OFF: lambda _: "They were off in this channel then.",
    Reason.SHADOW: lambda _: "This channel decided as if on, and posted nothing.",
    Reason.SUSPENDED: lambda known: f"Nothing could be sent here then: {one_line(known.decided.detail).rstrip('.')}.",
}


def _refused(reason: Reason, why: Callable[[Known], str]) -> Callable[[Known], str]:
    return lambda known: f"No alert: {reason}. {why(known)} {_would_have(known.decided)}".rstrip()


_VERDICTS: Mapping[Reason, Callable[[Known], str]] = {Reason.ALERT: _alert} | {
    reason: _refused(reason, why) for reason, why in _REFUSALS.items()
}
