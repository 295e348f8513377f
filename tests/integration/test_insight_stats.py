"""/stats: the figures of one channel and one period, counted."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.insight.stats import stats
from storage import alerts, channels, decisions, judgements, logits
from storage import posts as posts_storage
from storage.database import Connection, Database
from storage.types import Decision, Judged, PostId, Reason
from tests.fakes.builders import (
    MODEL,
    NOW,
    TEMPLATE,
    a_channel,
    a_decision,
    a_judgement,
    a_key,
    a_label,
    a_score,
    posts,
)

CHANNEL = a_channel(labels=(a_label("security"), a_label("cloud")))


async def decided(database: Database, *made: Decision, at: datetime = NOW) -> None:
    """Decisions of posts that exist, for channels that exist."""

    def work(connection: Connection) -> None:
        for name in ("alerts", "elsewhere"):
            channels.save(connection, a_channel(name))
        posts_storage.add(connection, posts(20), NOW)
        decisions.add(connection, logits.model_number(connection, MODEL, TEMPLATE), made, at)

    await database.transaction(work)


async def judge(database: Database, said: Iterable[tuple[int, str, Judged]]) -> None:
    def work(connection: Connection) -> None:
        for post, actor, judged in said:
            alert = alerts.of_post(connection, CHANNEL.key, PostId(post))
            assert alert
            judgements.give(connection, CHANNEL.key, a_judgement(alert.id, actor=actor, judged=judged))

    await database.transaction(work)


def refused(post: int, reason: Reason) -> Decision:
    return a_decision(PostId(post), reason=reason, matched=())


def alert_of(post: int, *labels: str) -> Decision:
    return a_decision(PostId(post), matched=tuple(a_score(label) for label in labels))


async def test_posts_are_counted_by_reason_and_alerts_by_the_label_that_stood_first(database: Database) -> None:
    await decided(
        database,
        alert_of(1, "security", "cloud"),
        alert_of(2, "security"),
        alert_of(3, "security"),
        refused(4, Reason.BELOW_THRESHOLD),
        refused(5, Reason.BELOW_THRESHOLD),
        refused(6, Reason.PAUSED),
    )
    await judge(database, [(1, "U1", Judged.RELEVANT), (1, "U2", Judged.NOT_RELEVANT), (2, "U1", Judged.RELEVANT)])
    assert await stats(database, CHANNEL, 7, now=NOW) == (
        "In the last 7 days 6 posts were decided here: 3 alerts, 2 below threshold, 1 paused.\n"
        "  security: 3 alerts, 3 judgements, 66% relevant\n"
        "  cloud: no alerts"
    )


async def test_a_label_that_is_gone_is_still_counted_and_said_to_be_gone(database: Database) -> None:
    await decided(database, alert_of(1, "quantum"))
    assert "  quantum (no longer a label here): 1 alert, not judged" in await stats(database, CHANNEL, 7, now=NOW)


async def test_only_the_days_asked_for_count(database: Database) -> None:
    await decided(database, alert_of(1, "security"), at=NOW - timedelta(days=2))
    await decided(database, alert_of(2, "security"))
    assert (await stats(database, CHANNEL, 1, now=NOW)).startswith("In the last day 1 post was decided here: 1 alert.")
    assert (await stats(database, CHANNEL, 3, now=NOW)).startswith("In the last 3 days 2 posts were decided here")


async def test_other_channels_do_not_count(database: Database) -> None:
    await decided(database, a_decision(PostId(1), a_key("elsewhere")))
    assert await stats(database, CHANNEL, 7, now=NOW) == "In the last 7 days no posts were decided here."
