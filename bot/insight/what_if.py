"""What a change of settings would have done to the posts that were decided lately."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards import percent
from bot.insight.answers import Question, answer
from bot.insight.replayed import PastPost, WatcherOf, alerting, hypotheses_for, unhindered
from bot.pipeline.decide import Answers
from bot.wording import counted
from classifier.batching import Batcher
from classifier.types import ClassifierError
from storage import alerts, decisions, posts
from storage.database import Connection, Database
from storage.types import Alert, Channel, ChannelKey, Judged, PostId

POSTS = 200
"""The latest posts decided for a channel, which a change is tried on."""

ALERTS = 30
"""Of the alerts among them, the latest that are counted as dropped or kept."""

_MOST_LINKS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropped:
    """A post that would no longer alert."""

    link: str
    """Its address, or its alert's number where it has none; empty where it has neither."""

    judged: Judged | None
    """Relevant as soon as one person said so; None where nobody judged it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """What a change would have done. Pauses, off, shadow and suspension are left out of it; filters are not."""

    posts: int = 0
    """How many of the channel's latest posts this rests on."""

    alerts: int = 0
    """Alerts of these without the change, of which at most the latest 30 count."""

    dropped: tuple[Dropped, ...] = ()
    """Those of the `alerts` that the change would have kept away, newest first."""

    added: int = 0
    """Those of the `posts` that only the change would have made an alert."""

    trouble: str = ""
    """Why nothing can be said; empty while all is well."""

    def sentence(self, subject: str = "This") -> str:
        """ "60% would have dropped 12 of the last 30 alerts: 11 judged not relevant, 1 relevant: https://…"."""
        if self.trouble:
            return f"I cannot say what this would have changed: {self.trouble}"
        if not self.posts:
            return "No posts have been decided here yet, so I cannot say what this would change."
        added = f"added {self.added} of the last {counted(self.posts, 'post')}" if self.added else ""
        if not self.alerts and not added:
            return f"{subject} would have changed nothing: none of the last {counted(self.posts, 'post')} would alert."
        if not self.alerts:
            return f"{subject} would have {added}."
        dropped = f"dropped {len(self.dropped) or 'none'} of the last {counted(self.alerts, 'alert')}"
        return f"{subject} would have {f'{added}, and ' if added else ''}{dropped}{_judged(self.dropped)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How many of a channel's latest posts would alert with given settings."""

    posts: int = 0
    alerts: int = 0
    trouble: str = ""
    """Why nothing can be said; empty while all is well."""

    def sentence(self) -> str:
        """ "With these settings 150 of the last 200 posts (75%) would have alerted."."""
        if self.trouble:
            return f"I cannot say how many posts would alert: {self.trouble}"
        if not self.posts:
            return "No posts have been decided here yet, so I cannot say how many would alert."
        share = percent(self.alerts / self.posts)
        posts = f"{self.alerts} of the last {counted(self.posts, 'post')}"
        return f"With these settings {posts} ({share}) would have alerted."


async def what_if(database: Database, batcher: Batcher, before: Channel, after: Channel) -> WhatIf:
    """What would have come of the channel's latest posts, had it been set as `after` instead of `before`.

    Scored from stored logits; what a new label lacks is asked of the model, and with a slow one only about the newest
    posts. A change that has been made must not fail for its what-if, so what the model refuses becomes `trouble`.
    """
    old, new = (unhindered(channel, batcher.template) for channel in (before, after))
    try:
        recent, answers = await _recent(database, batcher, before.key, (old, new))
    except ClassifierError as error:
        return WhatIf(trouble=str(error))
    was, would_be = (alerting(recent, watcher_of, answers) for watcher_of in (old, new))
    kept, had = {past.stored.id for past in would_be}, {past.stored.id for past in was}
    last = was[-ALERTS:]
    dropped = [past for past in reversed(last) if past.stored.id not in kept]
    return WhatIf(
        posts=len(recent),
        alerts=len(last),
        dropped=await _dropped(database, before.key, dropped),
        added=len(kept - had),
    )


async def share_that_would_alert(database: Database, batcher: Batcher, channel: Channel) -> Share:
    """How many of the channel's latest posts would have alerted, had it been set like this."""
    watcher_of = unhindered(channel, batcher.template)
    try:
        recent, answers = await _recent(database, batcher, channel.key, (watcher_of,))
    except ClassifierError as error:
        return Share(trouble=str(error))
    return Share(posts=len(recent), alerts=len(alerting(recent, watcher_of, answers)))


async def _recent(
    database: Database, batcher: Batcher, key: ChannelKey, settings: Sequence[WatcherOf]
) -> tuple[list[PastPost], dict[PostId, Answers]]:
    """The latest posts decided for a channel, oldest first, with all that these settings need to know of them."""
    newest = await database.read(lambda connection: _decided(connection, key))
    questions = [
        Question(
            stored=past.stored,
            hypotheses=frozenset().union(*(hypotheses_for(past.stored.post, watcher_of) for watcher_of in settings)),
        )
        for past in newest
    ]
    answers = await answer(database, batcher, questions) if newest else {}
    return [past for past in reversed(newest) if past.stored.id in answers], dict(answers)


def _decided(connection: Connection, key: ChannelKey) -> list[PastPost]:
    """Newest first."""
    decided = decisions.latest(connection, key, POSTS)
    stored = {one.id: one for one in posts.load(connection, [one.post for one in decided])}
    past = (PastPost(stored=stored[one.post], at=one.decided_at) for one in decided)
    return [one for one in past if one.stored.removed is None]  # what is deleted cannot be scored again


async def _dropped(database: Database, key: ChannelKey, dropped: Sequence[PastPost]) -> tuple[Dropped, ...]:
    ids = [past.stored.id for past in dropped]
    found = await database.read(lambda connection: alerts.of_posts(connection, key, ids)) if ids else {}
    return tuple(_of_alert(past, found.get(past.stored.id)) for past in dropped)


def _of_alert(past: PastPost, alert: Alert | None) -> Dropped:
    said = {one.judged for one in alert.judgements} if alert else set()
    judged = Judged.RELEVANT if Judged.RELEVANT in said else next(iter(said), None)
    return Dropped(link=past.stored.post.url or (f"alert {alert.id}" if alert else ""), judged=judged)


def _judged(dropped: Sequence[Dropped]) -> str:
    """How the dropped alerts were judged; last, with nothing behind its links, what people will miss."""
    relevant = [one for one in dropped if one.judged is Judged.RELEVANT]
    wrong = sum(one.judged is Judged.NOT_RELEVANT for one in dropped)
    unknown = len(dropped) - wrong - len(relevant)
    if not relevant and not wrong:
        return ": none of them judged." if dropped else "."
    parts = [f"{unknown} not judged"] if unknown else []
    parts += [f"{wrong} judged not relevant"] if wrong else []
    if not relevant:
        return f": {', '.join(parts)}."
    parts.append(f"{len(relevant)}{'' if wrong else ' judged'} relevant: {_links(relevant)}")
    return f": {', '.join(parts)}"


def _links(relevant: Sequence[Dropped]) -> str:
    links = [one.link for one in relevant[:_MOST_LINKS]]
    more = len(relevant) - len(links)
    return " ".join([*links, *([f"and {more} more"] if more else [])])
