"""The preview of a /watch: what an account's last posts would have done here, and what never may fail because of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.insight.preview import Preview, preview
from classifier.batching import Batcher
from classifier.types import Classifier, ClassifierError
from sources.types import Account, Arrival, Cursor, Handle, Positions, Post, PostKind, SourceUnreadableError
from storage.types import AlertState, Filters, Pause
from tests.fakes.builders import NOW, a_channel, a_label, a_post, a_watch, an_account
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.source import Quiet


class Shelf(Quiet):
    """A source that holds some posts of everyone, or fails to give them."""

    name = "shelf"
    serves = frozenset({"x"})

    def __init__(self, *posts: Post, error: Exception | None = None, takes_s: float = 0.0) -> None:
        self._posts = posts
        self._error = error
        self._takes_s = takes_s

    async def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        for post in self._posts:
            yield Arrival(cursor=Cursor(post.id), post=post)

    async def recent(self, account: Account, limit: int) -> list[Post]:
        await asyncio.sleep(self._takes_s)
        if self._error:
            raise self._error
        return [post for post in self._posts if post.author == account][:limit]

    async def resolve(self, handle: Handle) -> Account:
        return an_account(handle.name)


class Mute(KeywordClassifier):
    """A model that fails at everything."""

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        raise ClassifierError("the endpoint is gone")


@asynccontextmanager
async def asking(classifier: Classifier) -> AsyncIterator[Batcher]:
    batcher = Batcher(lambda: classifier, classifier.template)
    running = asyncio.create_task(batcher.run(), name="batcher")
    try:
        yield batcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def previewed(source: Shelf, classifier: Classifier | None = None, **changes: Any) -> Preview:
    """The preview of @vendor_sec on that source, in a channel about patches; changes are the channel's or filters."""
    watch = a_watch(filters=changes.pop("filters", Filters()), added_at=NOW)
    channel = a_channel(**{"labels": (a_label("patch"),), "watches": ()} | changes)
    async with asking(classifier or KeywordClassifier()) as batcher:
        return await preview(source, batcher, channel, watch, now=NOW)


def shelf(*texts: str, **changes: Any) -> Shelf:
    """Posts of last week, the newest first."""
    made = [
        a_post(**{"id": str(number), "text": text, "published_at": NOW - timedelta(days=number)} | changes)
        for number, text in enumerate(texts, 1)
    ]
    return Shelf(*made)


async def test_old_posts_are_tried_as_if_they_came_now() -> None:
    found = await previewed(shelf("a patch", "lunch", "patch again"))
    assert found.sentence() == "2 of its last 3 posts would have alerted"


async def test_only_the_last_twenty_posts_count() -> None:
    assert (await previewed(shelf(*["a patch"] * 25))).posts == 20


async def test_an_account_without_posts_has_not_posted_yet() -> None:
    assert (await previewed(shelf())).sentence() == "it has not posted yet"


async def test_the_filters_of_the_watch_are_honoured() -> None:
    found = await previewed(shelf("a patch", "a patch for cloud"), filters=Filters(not_keywords=("cloud",)))
    assert found.would_alert == 1


async def test_a_retweet_of_what_would_have_alerted_does_not_alert_again() -> None:
    first = a_post(text="a patch", id="1")
    again = a_post(text="RT @vendor_sec: a patch", id="2", kinds=frozenset({PostKind.RETWEET}))
    assert (await previewed(Shelf(again, first))).would_alert == 1


@pytest.mark.parametrize(
    "hindrance",
    [
        {"alerts": AlertState.OFF},
        {"alerts": AlertState.SHADOW},
        {"suspended": "removed"},
        {"pauses": (Pause(until=NOW + timedelta(days=1)),)},
    ],
    ids=lambda hindrance: next(iter(hindrance)),
)
async def test_a_channel_that_is_paused_or_off_previews_all_the_same(hindrance: dict[str, Any]) -> None:
    assert (await previewed(shelf("a patch"), **hindrance)).would_alert == 1


async def test_a_channel_without_labels_alerts_of_nothing_and_asks_nothing() -> None:
    assert await previewed(shelf("a patch"), Mute(), labels=()) == Preview(posts=1, reads=("en",))


async def test_posts_without_text_are_counted_and_not_asked_about() -> None:
    found = await previewed(shelf("https://example.org/1", "a patch"))
    assert (found.posts, found.would_alert) == (2, 1)


async def test_posts_in_a_language_that_the_model_does_not_read_are_told() -> None:
    came = [replace(post, lang=lang) for post, lang in zip(shelf("a", "b", "c")._posts, ("ja", "", "ja"), strict=True)]
    assert (await previewed(Shelf(*came))).sentence() == (
        "0 of its last 3 posts would have alerted; 2 of them are not in English, the only language the model reads"
    )


@pytest.mark.parametrize("error", [SourceUnreadableError("the file is gone"), ConnectionError("the file is gone")])
async def test_a_source_that_fails_is_told_and_breaks_nothing(error: Exception) -> None:
    found = await previewed(Shelf(error=error))
    assert found.sentence() == "I cannot say what its last posts would have done (the file is gone)"


async def test_a_source_that_takes_too_long_is_not_waited_for() -> None:
    async with asking(KeywordClassifier()) as batcher:
        found = await preview(Shelf(takes_s=60), batcher, a_channel(), a_watch(), now=NOW, patience_s=0.01)
    assert "shelf took longer than 0.01 s" in found.sentence()


async def test_a_model_that_fails_is_told_and_breaks_nothing() -> None:
    found = await previewed(shelf("a patch"), Mute())
    assert found.sentence() == "I cannot say what its last posts would have done (the endpoint is gone)"
