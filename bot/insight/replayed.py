"""What posts would have come to under given settings: `decide` itself, asked again. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.pipeline.classify import REPEAT_WINDOW
from bot.pipeline.decide import Answers, decide, refusal_before_scoring
from bot.pipeline.filters import Reading
from bot.pipeline.watcher import Watcher, watchers_of
from sources.types import Post
from storage.posts import fingerprint
from storage.types import AlertState, Channel, PostId, Reason, StoredPost

_ALWAYS = datetime.min.replace(tzinfo=UTC)

WatcherOf = Callable[[Post], Watcher | None]
"""Who looks at a post for the channel in question; None where its author is not watched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastPost:
    """A post, and the moment at which it is decided."""

    stored: StoredPost
    at: datetime


def unhindered(channel: Channel, template: str) -> WatcherOf:
    """The channel's watches as if nothing were off, paused, in shadow or suspended, and each had always been there."""
    watches = tuple(replace(watch, added_at=_ALWAYS) for watch in channel.watches)
    free = replace(channel, alerts=AlertState.ON, pauses=(), suspended="", watches=watches)
    watchers = {
        (watcher.watch.account.source, watcher.watch.account.id): watcher for watcher in watchers_of(free, template)
    }
    return lambda post: watchers.get((post.author.source, post.author.id))


def hypotheses_for(post: Post, watcher_of: WatcherOf) -> frozenset[str]:
    """What the model has to be asked about a post before it can be decided."""
    watcher = watcher_of(post)
    if watcher is None or refusal_before_scoring(Reading(post), watcher) is not None:
        return frozenset()
    return frozenset(watcher.hypotheses)


def alerting(posts: Iterable[PastPost], watcher_of: WatcherOf, answers: Mapping[PostId, Answers]) -> Sequence[PastPost]:
    """Those that alert, of posts given in the order in which they are decided.

    As in the pipeline, a retweet of what alerted within the last day is none. What alerted before the first of these
    posts is not known here, so a retweet of that counts as an alert.
    """
    found: list[PastPost] = []
    alerted: dict[str, datetime] = {}
    for past in posts:
        watcher = watcher_of(past.stored.post)
        if watcher is None:
            continue
        words = fingerprint(past.stored.post.text)
        repeats = _lately(alerted.get(words), past.at)
        decision = decide(past.stored, watcher, answers.get(past.stored.id, {}), past.at, alerted=repeats)
        if decision.reason is Reason.ALERT:
            found.append(past)
            if words:
                alerted[words] = past.at
    return found


def _lately(alerted_at: datetime | None, now: datetime) -> bool:
    return alerted_at is not None and alerted_at >= now - REPEAT_WINDOW
