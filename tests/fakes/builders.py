"""Values for tests: each builder gives a whole one, and takes by keyword what a test is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from classifier.types import Label, Mode, Model
from sources.types import Account, Post
from storage.types import (
    AlertId,
    Channel,
    ChannelKey,
    ChannelLabel,
    Decision,
    Judged,
    Judgement,
    LabelScore,
    Pause,
    PostId,
    Reason,
    Settlement,
    Watch,
)

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
"""Where FakeClock starts, too."""

MODEL = Model(engine="embedding", name="tiny", revision="r1", languages=("en",))
TEMPLATE = "This text is about {}."


def an_account(handle: str = "vendor_sec", **changes: Any) -> Account:
    """An account on X; its id follows from its handle."""
    return replace(Account(source="x", id=f"id of {handle}", handle=handle), **changes)


def a_post(**changes: Any) -> Post:
    """A post by @vendor_sec, published at NOW; its url is empty and its language unknown."""
    post = Post(source="x", id="1", author=an_account(), text="A patch for the login flaw is out.", published_at=NOW)
    return replace(post, **changes)


def posts(count: int, **changes: Any) -> list[Post]:
    """That many posts with the ids "1", "2", … and published a minute apart, oldest first."""
    return [
        a_post(**{"id": str(number), "published_at": NOW + timedelta(minutes=number)} | changes)
        for number in range(1, count + 1)
    ]


def a_label(name: str = "security", **changes: Any) -> ChannelLabel:
    """A label without a description and without a threshold of its own."""
    description = changes.pop("description", "")
    return replace(ChannelLabel(label=Label(name=name, description=description)), **changes)


def a_watch(handle: str = "vendor_sec", **changes: Any) -> Watch:
    """A watch of an account on X that Ada added the day before NOW."""
    return replace(Watch(account=an_account(handle), added_by="Ada", added_at=NOW - timedelta(days=1)), **changes)


def a_key(name: str = "alerts", **changes: Any) -> ChannelKey:
    """The key of a channel of the console."""
    return replace(ChannelKey(platform="console", workspace="local", channel=name), **changes)


def a_channel(name: str = "alerts", **changes: Any) -> Channel:
    """A channel of the console that watches @vendor_sec for one label, with all else as it is by default."""
    return replace(Channel(key=a_key(name), name=name, labels=(a_label(),), watches=(a_watch(),)), **changes)


def a_pause(**changes: Any) -> Pause:
    """A pause of the whole channel, from before NOW to an hour after it."""
    return replace(Pause(until=NOW + timedelta(hours=1)), **changes)


def a_score(label: str = "security", score: float = 0.91, **changes: Any) -> LabelScore:
    """A label's score beside the default threshold."""
    return replace(LabelScore(label=label, score=score, threshold=0.4, threshold_source="default"), **changes)


def a_decision(post: PostId, channel: ChannelKey | None = None, **changes: Any) -> Decision:
    """The decision to alert of a post for the default channel, with one label that matched."""
    decision = Decision(
        post=post,
        channel=channel or a_key(),
        reason=Reason.ALERT,
        mode=Mode.INDEPENDENT,
        scores=(a_score(),),
        matched=(a_score(),),
    )
    return replace(decision, **changes)


def a_settlement(settled: Iterable[PostId], **changes: Any) -> Settlement:
    """What a round came to that alerts the default channel of each post; `changes` may name other decisions."""
    ids = tuple(settled)
    decisions = tuple(a_decision(post) for post in ids)
    settlement = Settlement(posts=ids, model=MODEL, template=TEMPLATE, decided_at=NOW, decisions=decisions)
    return replace(settlement, **changes)


def a_judgement(alert: AlertId, **changes: Any) -> Judgement:
    """Ada's word that an alert was relevant."""
    judgement = Judgement(alert=alert, actor="U1", actor_name="Ada", judged=Judged.RELEVANT, given_at=NOW)
    return replace(judgement, **changes)
