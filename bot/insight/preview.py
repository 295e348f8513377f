"""What an account's last posts would have done in a channel: the first answer to /watch."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import languages
from bot.insight.replayed import PastPost, WatcherOf, alerting, hypotheses_for, unhindered
from bot.pipeline.decide import Answers
from bot.wording import counted
from classifier.batching import Batcher, Lane
from classifier.types import ClassifierError, Model
from sources.types import Post, Source, SourceError
from storage.types import Channel, PostId, StoredPost, Watch

POSTS = 20

PATIENCE_S = 10.0
"""For so long a source may take to give an account's posts: a person waits, and can do without them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What an account's last posts would have done here, had they come now and were nothing paused or off."""

    posts: int = 0
    would_alert: int = 0
    unread: Mapping[str, int] = field(default_factory=dict)
    """Languages that the model does not read -> how many of the posts are in each."""

    reads: tuple[str, ...] = ()
    """The languages that the model reads, where that is known."""

    trouble: str = ""
    """Why nothing can be said; empty while all is well."""

    def sentence(self) -> str:
        """ "3 of its last 20 posts would have alerted": a part of a sentence, without capital or full stop."""
        if self.trouble:
            return f"I cannot say what its last posts would have done ({self.trouble.rstrip('.')})"
        if not self.posts:
            return "it has not posted yet"
        alerted = f"{self.would_alert} of its last {counted(self.posts, 'post')} would have alerted"
        return f"{alerted}{self._foreign()}"

    def _foreign(self) -> str:
        """Said where half of the posts or more are unread: a lone one says nothing of an account."""
        count = sum(self.unread.values())
        if 2 * count < self.posts:
            return ""
        are = "is" if count == 1 else "are"
        if len(self.reads) == 1:
            return f"; {count} of them {are} not in {languages.name(self.reads[0])}, the only language the model reads"
        return (
            f"; {count} of them {are} in {languages.names(self.unread)}; the model reads {languages.names(self.reads)}"
        )


async def preview(
    source: Source, batcher: Batcher, channel: Channel, watch: Watch, *, now: datetime, patience_s: float = PATIENCE_S
) -> Preview:
    """Try the account's last posts on the channel's labels and this watch's filters, as if they came now.

    Never fails a /watch: what the source or the model cannot give becomes the preview's `trouble`.
    """
    try:
        async with asyncio.timeout(patience_s):
            recent = await source.recent(watch.account, POSTS)
    except TimeoutError:
        return Preview(trouble=f"{source.name} took longer than {patience_s:g} s to give them")
    except (SourceError, OSError) as error:
        return Preview(trouble=str(error) or type(error).__name__)
    if not recent:
        return Preview()
    try:
        return await _preview(batcher, replace(channel, watches=(watch,)), recent[:POSTS], now)
    except ClassifierError as error:
        return Preview(trouble=str(error))


async def _preview(batcher: Batcher, channel: Channel, recent: Sequence[Post], now: datetime) -> Preview:
    model = await batcher.ready()
    watcher_of = unhindered(channel, batcher.template)
    numbered = [StoredPost(id=PostId(number), post=post) for number, post in enumerate(reversed(recent))]
    answers = await _ask(batcher, numbered, watcher_of)
    would_alert = alerting([PastPost(stored=stored, at=now) for stored in numbered], watcher_of, answers)
    return Preview(
        posts=len(numbered),
        would_alert=len(would_alert),
        unread=_unread(recent, model),
        reads=model.languages,
    )


def _unread(recent: Sequence[Post], model: Model) -> Mapping[str, int]:
    """Commonest first."""
    return dict(Counter(filter(None, (languages.unread(post, model) for post in recent))).most_common())


async def _ask(batcher: Batcher, posts: Sequence[StoredPost], watcher_of: WatcherOf) -> dict[PostId, Answers]:
    """The logits of the posts that need any; nothing of it is stored, since the posts are not."""
    asked = [stored for stored in posts if hypotheses_for(stored.post, watcher_of)]
    if not asked:
        return {}
    hypotheses = sorted(hypotheses_for(asked[0].post, watcher_of))
    found = await batcher.logits([stored.post.text for stored in asked], hypotheses, lane=Lane.PEOPLE)
    return {
        stored.id: dict(zip(hypotheses, map(tuple, row), strict=True))
        for stored, row in zip(asked, found.tolist(), strict=True)
    }
