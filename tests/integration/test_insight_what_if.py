"""What-if: its figures are those of the pipeline itself, had the change been made before the same posts came."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.insight.answers import Question, answer
from bot.insight.what_if import POSTS, Share, share_that_would_alert, what_if
from bot.pipeline.bell import Bell
from bot.pipeline.classify import Classify
from bot.pipeline.outage import Outage
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from classifier.types import Classifier, ClassifierError, Mode, Model
from sources.types import Cursor, Post, PostKind
from storage import alerts, channels, judgements, posts
from storage.database import Connection, Database, open_database
from storage.inbox import SqlInbox
from storage.types import AlertState, Channel, ChannelKey, Filters, Judged, Pause, PostId, StoredPost
from tests.fakes.builders import NOW, a_channel, a_judgement, a_key, a_label, a_post, a_watch, an_account
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.clock import FakeClock

TEMPLATE = "This text is about {}."


class Oracle:
    """Answers everything, at random but always the same, and counts what it was asked."""

    separable = True
    template = TEMPLATE
    model = Model(engine="fake", name="oracle", revision="1")

    def __init__(self) -> None:
        self.asked = 0

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts) * len(hypotheses)
        rows = [[_pair(f"{text}|{hypothesis}") for hypothesis in hypotheses] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), len(hypotheses), 2)


def _pair(of: str) -> tuple[float, float]:
    digest = hashlib.blake2s(of.encode(), digest_size=2).digest()
    return digest[0] / 32 - 4, digest[1] / 32 - 4


class Mute:
    """A model that fails at everything."""

    separable = True
    template = TEMPLATE
    model = Oracle.model

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        raise ClassifierError("the endpoint is gone. Set another.")


@asynccontextmanager
async def asking(classifier: Classifier) -> AsyncIterator[Batcher]:
    batcher = Batcher(lambda: classifier, classifier.template)
    running = asyncio.create_task(batcher.run(), name="batcher")
    try:
        yield batcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def replay(database: Database, batcher: Batcher, watching: Iterable[Channel], came: Sequence[Post]) -> None:
    """Let the pipeline itself decide these posts for these channels."""
    for channel in watching:
        await database.transaction(partial(channels.save, channel=channel))
    inbox, clock = SqlInbox(database), FakeClock(held=True)
    watch_list = WatchList(database, [], batcher.template)
    await watch_list.refresh()
    outage = Outage(clock)
    classify = Classify(
        database, inbox, batcher, watch_list, clock, stored=Bell(clock), owed=Bell(clock), outage=outage
    )
    await inbox.put(came, source="replay", positions={"": Cursor("end")}, seen_at=NOW)
    working = asyncio.create_task(classify.run(), name="classify")
    while (await inbox.backlog()).waiting:
        assert not working.done(), working
        await asyncio.sleep(0.001)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def alerted(database: Database, key: ChannelKey) -> set[PostId]:
    """The posts of which a channel was really alerted."""
    found = await database.read(lambda connection: alerts.latest(connection, key, 1_000))
    return {alert.post.id for alert in found}


# --- the property ----------------------------------------------------------------------------------------------------

WORDS = ("breach", "patch", "cloud", "lunch", "vote")
AUTHORS = ("ada", "bob", "cem")
shares = st.none() | st.floats(0.05, 0.95)
some_words = st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple)

labels = st.builds(
    lambda name, description, threshold: a_label(name, description=description, threshold=threshold),
    st.sampled_from(WORDS),
    st.sampled_from(("", "anything new", "what people eat")),
    shares,
)
filters = st.builds(
    Filters,
    labels=some_words,
    not_labels=some_words,
    keywords=some_words,
    not_keywords=some_words,
    without=st.frozensets(st.sampled_from(list(PostKind)), max_size=1),
    langs=st.sampled_from(((), ("en",))),
    minimum=shares,
)
watches = st.builds(
    lambda handle, narrowed: a_watch(handle, filters=narrowed),
    st.sampled_from(AUTHORS),
    st.just(Filters()) | st.just(Filters()) | filters,
)
settings_of_a_channel = st.builds(
    a_channel,
    mode=st.sampled_from(list(Mode)),
    threshold=shares,
    labels=st.lists(labels, min_size=1, max_size=4, unique_by=lambda label: label.name).map(tuple),
    watches=st.lists(watches, min_size=2, max_size=3, unique_by=lambda watch: watch.account.id).map(tuple),
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join) | st.just("https://example.org/1")
what_comes = st.builds(
    lambda handle, text, kinds, lang: a_post(author=an_account(handle), text=text, kinds=kinds, lang=lang),
    st.sampled_from(AUTHORS),
    texts,
    st.sampled_from((frozenset(), frozenset({PostKind.RETWEET}), frozenset({PostKind.REPLY}))),
    st.sampled_from(("", "en", "de")),
)


def numbered(came: Iterable[Post]) -> list[Post]:
    return [replace(post, id=str(number)) for number, post in enumerate(came, 1)]


async def compare(before: Channel, after: Channel, came: Sequence[Post]) -> None:
    """Two channels, set as before and as after, see the same posts; the what-if on one foretells the other."""
    was, would_be = replace(before, key=a_key("was")), replace(after, key=a_key("would-be"))
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "lapwing.db") as database, asking(Oracle()) as batcher:
            await replay(database, batcher, [was, would_be], came)
            found = await what_if(database, batcher, was, replace(after, key=was.key))
            share = await share_that_would_alert(database, batcher, replace(after, key=was.key))
            had, has = await alerted(database, was.key), await alerted(database, would_be.key)
            watched = {watch.account.id for watch in before.watches}
            decided = {PostId(n) for n, post in enumerate(came, 1) if post.author.id in watched}
    assert found.posts == share.posts == len(decided)
    assert found.alerts == len(had)
    assert len(found.dropped) == len(had - has)
    assert found.added == len(has - had)
    assert share.alerts == len(has)


@settings(max_examples=30)
@given(before=settings_of_a_channel, after=settings_of_a_channel, came=st.lists(what_comes, min_size=10, max_size=25))
def test_what_if_foretells_what_the_pipeline_does_with_the_same_posts(
    before: Channel, after: Channel, came: list[Post]
) -> None:
    # What only the new settings watch was never decided here: nothing is known of it, so nothing is said of it.
    known = tuple(watch for watch in after.watches if watch.account in [one.account for one in before.watches])
    asyncio.run(compare(before, replace(after, watches=known), numbered(came)))


# --- what belongs to it ----------------------------------------------------------------------------------------------

LABELS = (a_label("breach"), a_label("cloud"))


def strict(channel: Channel) -> Channel:
    """The same channel with a threshold that no score reaches."""
    return replace(channel, threshold=0.999_999)


async def decided(database: Database, batcher: Batcher, channel: Channel, *texts: str) -> None:
    """Posts with these texts by one account, decided for the channel in this order."""
    await replay(
        database, batcher, [channel], numbered(a_post(text=text, url=f"https://example.org/{text}") for text in texts)
    )


async def test_before_anything_is_decided_nothing_can_be_said(database: Database) -> None:
    async with asking(KeywordClassifier()) as batcher:
        found = await what_if(database, batcher, a_channel(), strict(a_channel()))
    assert found.sentence().startswith("No posts have been decided here yet")


async def test_dropped_alerts_say_how_they_were_judged_and_where_the_relevant_ones_stand(database: Database) -> None:
    channel = a_channel(labels=(a_label("breach"),))
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, "breach-1", "breach-2", "breach-3", "lunch-4")
        await judge(database, channel, {1: (Judged.NOT_RELEVANT,), 2: (Judged.NOT_RELEVANT, Judged.RELEVANT)})
        found = await what_if(database, batcher, channel, strict(channel))
    assert found.sentence("99%") == (
        "99% would have dropped 3 of the last 3 alerts: 1 not judged, 1 judged not relevant, "
        "1 relevant: https://example.org/breach-2"
    )


async def judge(database: Database, channel: Channel, said: dict[int, tuple[Judged, ...]]) -> None:
    """The first person's word on each post's alert, then the second's."""

    def work(connection: Connection) -> None:
        made = alerts.of_posts(connection, channel.key, [PostId(post) for post in said])
        for post, words in said.items():
            for actor, judged in enumerate(words):
                one = a_judgement(made[PostId(post)].id, actor=f"U{actor}", judged=judged)
                judgements.give(connection, channel.key, one)

    await database.transaction(work)


async def test_of_many_alerts_the_last_thirty_count_and_of_many_posts_the_last_two_hundred(database: Database) -> None:
    channel = a_channel(labels=(a_label("breach"),))
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, *(f"breach {number}" for number in range(POSTS + 50)))
        dropping = await what_if(database, batcher, channel, strict(channel))
        adding = await what_if(database, batcher, strict(channel), channel)
    assert (dropping.posts, dropping.alerts, len(dropping.dropped)) == (POSTS, 30, 30)
    assert [one.link.rpartition(" ")[2] for one in dropping.dropped[:2]] == [str(POSTS + 49), str(POSTS + 48)]
    assert (adding.alerts, adding.added) == (0, POSTS)


@pytest.mark.parametrize(
    "hindrance",
    [
        {"alerts": AlertState.OFF},
        {"alerts": AlertState.SHADOW},
        {"suspended": "removed from #ops"},
        {"pauses": (Pause(until=datetime.max.replace(tzinfo=NOW.tzinfo)),)},
        {"pauses": (Pause(until=datetime.max.replace(tzinfo=NOW.tzinfo), label="breach"),)},
        {"watches": (a_watch(added_at=NOW + timedelta(days=1)),)},
    ],
    ids=lambda hindrance: next(iter(hindrance)),
)
async def test_what_hinders_alerts_for_now_is_left_out(database: Database, hindrance: dict[str, Any]) -> None:
    channel = a_channel(labels=(a_label("breach"),), **hindrance)
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, "breach-1", "lunch-2")
        found = await what_if(database, batcher, channel, strict(channel))
    assert (found.posts, found.alerts, len(found.dropped)) == (2, 1, 1)


async def test_a_watch_that_goes_takes_its_alerts_with_it(database: Database) -> None:
    channel = a_channel(labels=(a_label("breach"),))
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, "breach-1", "lunch-2")
        found = await what_if(database, batcher, channel, replace(channel, watches=()))
    assert (found.alerts, len(found.dropped)) == (1, 1)


async def test_labels_where_there_were_none_add_their_alerts(database: Database) -> None:
    channel = a_channel(labels=())
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, "breach-1", "lunch-2", "cloud-3")
        found = await what_if(database, batcher, channel, replace(channel, labels=LABELS))
    assert (found.posts, found.alerts, found.added) == (3, 0, 2)


# --- what the model is asked -----------------------------------------------------------------------------------------


async def test_a_threshold_or_a_mode_asks_the_model_nothing(database: Database) -> None:
    channel, oracle = a_channel(labels=LABELS), Oracle()
    async with asking(oracle) as batcher:
        await decided(database, batcher, channel, *map(str, "abcdef"))
        asked = oracle.asked
        await what_if(database, batcher, channel, replace(strict(channel), mode=Mode.EXCLUSIVE))
    assert oracle.asked == asked == 12


async def test_a_new_label_is_asked_of_the_model_once_and_kept(database: Database) -> None:
    channel, oracle = a_channel(labels=LABELS), Oracle()
    more = replace(channel, labels=(*LABELS, a_label("vote")))
    async with asking(oracle) as batcher:
        await decided(database, batcher, channel, *map(str, "abcdef"))
        asked = oracle.asked
        first = await what_if(database, batcher, channel, more)
        again = await what_if(database, batcher, channel, more)
    assert (oracle.asked - asked, first) == (6, again)


async def test_a_model_that_fails_leaves_the_change_standing_and_says_what_is_wrong(database: Database) -> None:
    channel = a_channel(labels=LABELS)
    more = replace(channel, labels=(*LABELS, a_label("vote")))
    async with asking(Oracle()) as batcher:
        await decided(database, batcher, channel, "a", "b")
    async with asking(Mute()) as batcher:
        found = await what_if(database, batcher, channel, more)
        share = await share_that_would_alert(database, batcher, more)
    assert found.sentence() == "I cannot say what this would have changed: the endpoint is gone. Set another."
    assert share == Share(trouble="the endpoint is gone. Set another.")


async def test_of_a_slow_model_the_newest_posts_are_asked_and_the_others_left_out(database: Database) -> None:
    came = numbered(a_post(text=f"post {number}") for number in range(100))
    await database.transaction(lambda connection: posts.add(connection, came, NOW))
    questions = [
        Question(stored=StoredPost(id=PostId(int(post.id)), post=post), hypotheses=frozenset({"It is news."}))
        for post in reversed(came)
    ]
    async with asking(Oracle()) as batcher:
        first = await answer(database, batcher, questions, patience_s=0)
        second = await answer(database, batcher, questions, patience_s=0)
    assert sorted(first) == list(range(100 - len(first) + 1, 101))
    assert 0 < len(first) < len(second) < 100


async def test_an_exclusive_channel_with_two_labels_learns_how_many_posts_would_alert(database: Database) -> None:
    channel = a_channel(labels=LABELS)
    exclusive = replace(channel, mode=Mode.EXCLUSIVE)
    async with asking(KeywordClassifier()) as batcher:
        await decided(database, batcher, channel, "breach-1", "lunch-2", "lunch-3", "lunch-4")
        share = await share_that_would_alert(database, batcher, exclusive)
    assert share.sentence() == "With these settings 4 of the last 4 posts (100%) would have alerted."
