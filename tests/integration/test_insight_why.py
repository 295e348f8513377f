"""/why names the true reason, for every refusal there is, and for posts that were never decided."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.insight.why import why
from bot.pipeline.decide import Answers, decide
from bot.pipeline.watcher import Watcher
from classifier.types import Mode
from sources.types import Cursor, PostKind
from storage import alerts, channels, judgements, outbox
from storage.database import Connection, Database
from storage.inbox import SqlInbox
from storage.types import (
    AlertId,
    AlertState,
    Channel,
    Decision,
    Filters,
    Judged,
    Pause,
    Reason,
    Receipt,
    StoredPost,
)
from tests.fakes.builders import (
    NOW,
    a_channel,
    a_judgement,
    a_label,
    a_post,
    a_settlement,
    a_watch,
    an_account,
)

LINK = "https://x.com/vendor_sec/status/1"
LATER = NOW + timedelta(hours=1)
LEASE = timedelta(minutes=1)


def alone(score: float) -> tuple[float, float]:
    """The logits of a label whose independent score is this."""
    return math.log(score / (1 - score)), 0.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A post that alerts for one label; a test changes what it is about. Each label's name is its hypothesis."""

    post: dict[str, Any] = field(default_factory=dict)
    channel: dict[str, Any] = field(default_factory=dict)
    answers: Answers = field(default_factory=lambda: {"security": alone(0.911), "cloud": alone(0.121)})
    alerted: bool = False
    left_out: str = ""

    def decide(self, stored: StoredPost, channel: Channel) -> Decision:
        watcher = Watcher(
            channel=channel,
            watch=channel.watches[0],
            hypotheses=tuple(label.name for label in channel.labels),
            left_out=self.left_out,
        )
        return decide(stored, watcher, self.answers, NOW, alerted=self.alerted)


async def put(database: Database, channel: Channel, **post: Any) -> None:
    """A post in the inbox, and a channel."""
    await database.transaction(lambda connection: channels.save(connection, channel))
    await SqlInbox(database).put([a_post(**post)], source="x", positions={"": Cursor("1")}, seen_at=NOW)


async def decided(database: Database, channel: Channel, case: Case) -> None:
    """The case's post, decided for this channel alone."""
    await put(database, channel, **case.post)
    inbox = SqlInbox(database)
    (stored,) = await inbox.claim(1, lease=LEASE, now=NOW)
    await inbox.settle(a_settlement([stored.id], decisions=(case.decide(stored, channel),)))


async def answer(database: Database, case: Case, *, after: Callable[[Channel], Channel] = lambda same: same) -> str:
    """What /why says of the case's post, in a channel that was changed `after` the decision."""
    channel = a_channel(**{"labels": (a_label(), a_label("cloud"))} | case.channel)
    await decided(database, channel, case)
    return await why(database, after(channel), link=LINK, now=LATER)


UNTIL = NOW + timedelta(hours=2)

REFUSALS = {
    Reason.BELOW_THRESHOLD: (
        Case(answers={"security": alone(0.12), "cloud": alone(0.4)}),
        "No alert: below threshold. No label is above its threshold.",
    ),
    Reason.NO_TEXT: (
        Case(post={"text": "https://example.org/1"}),
        "No alert: no text. Nothing but links, handles and signs is in it, so there was nothing to classify.",
    ),
    Reason.NO_LABELS: (Case(channel={"labels": ()}), "No alert: no labels. This channel had no labels then."),
    Reason.LABELS_REFUSED: (
        Case(channel={"labels": ()}, left_out="security: the hypothesis has 329 tokens, the model takes 254."),
        (
            "No alert: labels refused. The model refused labels of this channel, and without them there was nothing to "
            "decide by: security: the hypothesis has 329 tokens, the model takes 254."
        ),
    ),
    Reason.BEFORE_WATCH: (
        Case(post={"published_at": NOW - timedelta(days=2)}),
        (
            "No alert: published before the watch. It was published 2026-10-31 09:00:00 UTC; the watch was added "
            "2026-11-01 09:00:00 UTC and decides only what comes after."
        ),
    ),
    Reason.FILTERED: (
        Case(post={"text": "A patch is out"}, channel={"watches": (a_watch(filters=Filters(keywords=("breach",))),)}),
        "No alert: filtered. The filter of the watch that kept it out: +keyword:breach.",
    ),
    Reason.DUPLICATE: (
        Case(post={"kinds": frozenset({PostKind.RETWEET})}, alerted=True),
        (
            "No alert: duplicate. It is a retweet of what alerted here within the day before. "
            "But for that, security 91% would have alerted."
        ),
    ),
    Reason.PAUSED: (
        Case(channel={"pauses": (Pause(until=UNTIL, label="security"),)}),
        (
            "No alert: paused. Alerts here were paused: security until 2026-11-02 11:00 UTC. "
            "But for that, security 91% would have alerted."
        ),
    ),
    Reason.OFF: (
        Case(channel={"alerts": AlertState.OFF}),
        "No alert: alerts are off. They were off in this channel then.",
    ),
    Reason.SHADOW: (
        Case(channel={"alerts": AlertState.SHADOW}),
        (
            "No alert: shadow. This channel decided as if on, and posted nothing. "
            "But for that, security 91% would have alerted."
        ),
    ),
    Reason.SUSPENDED: (
        Case(channel={"suspended": "I was removed from #ops."}),
        "No alert: suspended. Nothing could be sent here then: I was removed from #ops.",
    ),
}


def test_every_refusal_there_is_has_a_case() -> None:
    assert REFUSALS.keys() == set(Reason) - {Reason.ALERT}


@pytest.mark.parametrize("reason", REFUSALS)
async def test_why_names_the_true_reason_of_a_refusal(database: Database, reason: Reason) -> None:
    case, verdict = REFUSALS[reason]
    assert (await answer(database, case)).splitlines()[0] == verdict


async def test_a_label_that_a_filter_keeps_from_alerting_is_named_with_its_filter(database: Database) -> None:
    case = Case(channel={"watches": (a_watch(filters=Filters(not_labels=("security",))),)})
    assert (await answer(database, case)).splitlines()[0] == (
        "No alert: filtered. The filter of the watch that kept it out: -label:security. "
        "But for that, security 91% would have alerted."
    )


@pytest.mark.parametrize("share", [0.911, 0.1])
async def test_a_label_that_was_left_out_is_named_below_the_scores_of_the_others(
    database: Database, share: float
) -> None:
    answers = {"security": alone(share), "cloud": alone(0.121)}
    lines = (await answer(database, Case(answers=answers, left_out="flood: it is\ntoo long"))).splitlines()
    scores = next(number for number, line in enumerate(lines) if line.startswith("Scores"))
    assert lines[scores + 3] == "Left out, since the model refused them: flood: it is too long."


async def test_in_exclusive_mode_a_label_below_the_top_one_cannot_alert_and_why_says_so(database: Database) -> None:
    labels = (a_label(threshold=0.8), a_label("cloud", threshold=0.3))
    logits_of = {"security": (math.log(0.65), 0.0), "cloud": (math.log(0.35), 0.0)}
    case = Case(channel={"mode": Mode.EXCLUSIVE, "labels": labels}, answers=logits_of)
    assert (await answer(database, case)).splitlines()[0] == (
        "No alert: below threshold. In exclusive mode only the top label can alert, and security 65% is not above 80%."
    )


async def test_the_whole_answer_shows_post_watch_scores_judgements_and_delivery(database: Database) -> None:
    await answer(database, Case(post={"text": "A patch\nfor the login flaw", "url": "https://example.org/1"}))

    def work(connection: Connection) -> None:
        judged = a_judgement(AlertId(1), judged=Judged.NOT_RELEVANT)
        judgements.give(connection, a_channel().key, judged)
        delivery = alerts.delivery_of(connection, AlertId(1))
        assert delivery
        outbox.settle_sent(connection, delivery, Receipt("message"), LATER)

    await database.transaction(work)
    assert await why(database, a_channel(), alert=AlertId(1), now=LATER) == (
        "Alert 1: security 91% is above its threshold.\n"
        "Post: @vendor_sec, 2026-11-02 09:00 UTC: A patch for the login flaw https://example.org/1\n"
        "Watch: @vendor_sec on X, added by Ada, 2026-11-01 09:00 UTC\n"
        "Scores (independent, embedding:tiny, decided 2026-11-02 09:00 UTC):\n"
        "  ██████████████████░░  91% security, above 40%, default\n"
        "  ██░░░░░░░░░░░░░░░░░░  12% cloud, not above 40%, default\n"
        "Judged: not relevant by Ada\n"
        "Delivery: sent 2026-11-02 10:00 UTC"
    )


async def test_scores_and_thresholds_are_shown_as_they_stood_when_the_post_was_decided(database: Database) -> None:
    text = await answer(database, Case(), after=lambda channel: replace(channel, threshold=0.95, labels=()))
    assert "security, above 40%, default" in text


async def test_a_post_that_was_not_scored_says_that_the_model_was_not_asked(database: Database) -> None:
    text = await answer(database, REFUSALS[Reason.OFF][0])
    assert "Scores: none, the model was not asked (independent, embedding:tiny, decided 2026-11-02 09:00 UTC)" in text


async def test_a_watch_that_is_gone_is_not_made_up(database: Database) -> None:
    text = await answer(database, Case(), after=lambda channel: replace(channel, watches=()))
    assert "Watch: @vendor_sec, which this channel watches no longer" in text


async def test_a_watch_added_since_is_not_taken_for_the_one_that_decided(database: Database) -> None:
    newer = a_watch(added_at=LATER, added_by="Bob")
    text = await answer(database, Case(), after=lambda channel: replace(channel, watches=(newer,)))
    assert "Watch: one that is gone; a newer one of @vendor_sec on X, added by Bob, 2026-11-02 10:00 UTC" in text


async def test_an_alert_whose_channel_could_not_be_reached_is_held_and_why_says_so(database: Database) -> None:
    await answer(database, Case())
    await database.transaction(lambda connection: outbox.hold(connection, a_channel().key, "removed from #ops"))
    text = await why(database, a_channel(), alert=AlertId(1), now=LATER)
    assert text.endswith("Delivery: held until the channel can be reached again (removed from #ops)")


async def test_a_duplicate_names_the_alert_that_it_repeats(database: Database) -> None:
    channel = a_channel(labels=(a_label(), a_label("cloud")))
    await decided(database, channel, Case(post={"id": "0"}))
    retweet = {"kinds": frozenset({PostKind.RETWEET}), "text": f"RT @a: {a_post().text}"}
    await decided(database, channel, Case(post=retweet, alerted=True))
    text = await why(database, channel, link=LINK, now=LATER)
    assert "It is a retweet of what alerted here as alert 1 within the day before." in text


async def test_the_text_of_a_post_writes_no_line_of_its_own_and_is_shortened(database: Database) -> None:
    lines = (await answer(database, Case(post={"text": "hello\nDelivery: sent" + " on and on" * 40}))).splitlines()
    assert [line.partition(":")[0].strip() for line in lines if not line.startswith("  ")] == [
        "Alert 1",
        "Post",
        "Watch",
        "Scores (independent, embedding",
        "Judged",
        "Delivery",
    ]
    assert "hello Delivery: sent on and on" in lines[1]
    assert len(lines[1]) < 220


async def test_an_alert_of_another_channel_is_not_told_about(database: Database) -> None:
    await answer(database, Case())
    other = a_channel("elsewhere")
    assert (await why(database, other, alert=AlertId(1), now=LATER)).startswith("There is no alert 1 in this channel.")
    assert (await why(database, other, alert=AlertId(9), now=LATER)).startswith("There is no alert 9 in this channel.")


async def test_a_post_that_waits_is_said_to_wait(database: Database) -> None:
    await put(database, a_channel())
    text = await why(database, a_channel(), link=LINK, now=NOW + timedelta(seconds=12))
    assert text.startswith("Not decided yet: the post was seen 12 s ago and waits to be classified.")


async def test_a_post_that_was_set_aside_is_told_with_its_reason(database: Database) -> None:
    await put(database, a_channel())
    inbox = SqlInbox(database)
    (stored,) = await inbox.claim(1, lease=LEASE, now=NOW)
    await inbox.set_aside(stored.id, "the model failed on it 3 times")
    text = await why(database, a_channel(), link=LINK, now=LATER)
    assert text.startswith(
        "No alert: set aside. The post was seen 2026-11-02 09:00 UTC and could not be decided: "
        "the model failed on it 3 times."
    )


@pytest.mark.parametrize(
    ("watches", "said"),
    [
        ((), "It does not watch @vendor_sec now either."),
        ((a_watch(added_at=LATER),), "It watches @vendor_sec on X, added by Ada, 2026-11-02 10:00 UTC, now."),
    ],
)
async def test_a_post_whose_author_was_not_watched_here_was_seen_for_others(
    database: Database, watches: tuple[Any, ...], said: str
) -> None:
    await decided(database, a_channel("elsewhere"), Case())
    text = await why(database, a_channel(watches=watches), link=LINK, now=LATER)
    assert text.splitlines()[0] == (
        "No alert: not watched. This channel did not watch @vendor_sec when the post came, 2026-11-02 09:00 UTC. "
        + said
    )
    assert "Scores" not in text


NEVER = {
    "https://x.com/vendor_sec/status/404": "This channel watches @vendor_sec on X, added by Ada, 2026-11-01 09:00 UTC",
    "https://x.com/someone/status/404": "This channel does not watch @someone. To watch it: /watch @someone",
    "https://example.org/404": "Its address does not say whose it is.",
    "not a link": "Its address does not say whose it is.",
}


@pytest.mark.parametrize("link", NEVER)
async def test_a_post_that_was_never_seen_is_said_to_be_so(database: Database, link: str) -> None:
    text = await why(database, a_channel(), link=link, now=LATER)
    assert text.startswith("I have never seen this post.")
    assert NEVER[link] in text


@pytest.mark.parametrize(
    ("stored", "link"),
    [
        ("https://example.org/a/1", "http://www.example.org/a/1/?utm_source=mail"),
        ("https://mastodon.example/@news/110", "https://mastodon.example/@news/110"),
        ("https://bsky.app/profile/team.example/post/3k", "https://bsky.app/profile/team.example/post/3k/"),
    ],
)
async def test_a_post_is_found_by_its_address_at_any_source(database: Database, stored: str, link: str) -> None:
    channel = a_channel(watches=(a_watch("news"),))
    post = {"source": "rss", "id": "guid-1", "author": an_account("news"), "url": stored}
    await decided(database, channel, Case(post=post))
    assert (await why(database, channel, link=link, now=LATER)).startswith("Alert 1:")
