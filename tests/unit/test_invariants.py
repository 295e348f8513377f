"""Each check of the invariants finds what it is for, and lets pass what is in order."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import invariants
from tests.fakes.book import (
    AlertRow,
    ChangeRow,
    DecisionRow,
    DeliveryRow,
    MessageRow,
    PostRow,
    Watching,
    WordRow,
    watchings,
)

POST = PostRow(id=1, source_id="a", account="id of ann", text="A breach.", published_s=100, seen_s=101)
WATCHED = Watching(channel="ops", account="id of ann", start_s=50, end_s=float("inf"), added_s=50)
DECISION = DecisionRow(post=1, channel="ops", reason="alert", detail="", at_s=102)
ALERT = AlertRow(id=7, post=1, channel="ops", delivery="k1")
SENT = DeliveryRow(key="k1", channel="ops", verb="send", kind="alert", state="sent", receipt="m1")
MESSAGE = MessageRow(receipt="m1", channel="ops", key="k1", alerts=(7,), total=1, at_s=103)
WORD = WordRow(channel="ops", key="k1", at_s=103)
SECOND = replace(ALERT, id=8, post=2, delivery="k2")
HEALTH = "inbox: 1 post waiting for up to 3 s, 2 set aside\noutbox: 3 to send, 4 held for suspended channels, 5 failed"


def change(at_s: float = 50, **changes: Any) -> ChangeRow:
    """Ada begins to watch Ann, unless told otherwise."""
    watch = {"added_at": "1970-01-01T00:00:50+00:00"}
    begun = ChangeRow(
        channel="ops",
        at_s=at_s,
        actor="U1",
        command="/watch @ann",
        before={"watch x id of ann": None},
        after={"watch x id of ann": watch},
    )
    return replace(begun, **changes)


def test_a_post_is_stored_once_if_it_was_given_and_not_otherwise() -> None:
    assert invariants.seen_once([POST], {"a"}) == []
    assert "stored 2 times" in invariants.seen_once([POST, replace(POST, id=2)], {"a"})[0]
    assert "not stored" in invariants.seen_once([], {"a"})[0]
    assert "never given" in invariants.seen_once([POST], set())[0]


def test_each_decision_to_alert_has_one_alert_and_one_delivery_of_its_channel() -> None:
    assert invariants.owed_once([ALERT], [DECISION], [SENT]) == []
    assert "2 alerts" in invariants.owed_once([ALERT, replace(ALERT, id=8)], [DECISION], [SENT])[0]
    assert "no alert" in invariants.owed_once([], [DECISION], [])[0]
    assert "not decided" in invariants.owed_once([ALERT], [replace(DECISION, reason="shadow")], [SENT])[0]
    assert "by no delivery" in invariants.owed_once([ALERT], [DECISION], [])[0]
    assert "by no delivery" in invariants.owed_once([ALERT], [DECISION], [replace(SENT, channel="news")])[0]
    assert "carries nothing" in invariants.owed_once([ALERT], [DECISION], [SENT, replace(SENT, key="k9")])[0]


def test_each_delivery_that_was_sent_is_one_message_that_shows_its_alerts() -> None:
    assert invariants.in_the_chat_once([ALERT], [SENT], [MESSAGE]) == []
    assert "0 messages" in invariants.in_the_chat_once([ALERT], [SENT], [])[0]
    assert "2 messages" in invariants.in_the_chat_once([ALERT], [SENT], [MESSAGE, replace(MESSAGE, receipt="m2")])[0]
    assert "no delivery" in invariants.in_the_chat_once([ALERT], [replace(SENT, state="failed")], [MESSAGE])[0]
    assert "receipt m1" in invariants.in_the_chat_once([ALERT], [SENT], [replace(MESSAGE, receipt="m2")])[0]
    assert "shows (9,)" in invariants.in_the_chat_once([ALERT], [SENT], [replace(MESSAGE, alerts=(9,))])[0]
    assert "shows (7,)" in invariants.in_the_chat_once([ALERT], [SENT], [replace(MESSAGE, total=2)])[0]


def test_at_the_end_nothing_waits_and_nobody_is_suspended() -> None:
    assert invariants.settled([POST], [SENT], []) == []
    assert "still waits" in invariants.settled([replace(POST, waits=True)], [], [])[0]
    for state in ("pending", "sending", "ambiguous", "held", "failed"):
        assert f"is {state}" in invariants.settled([], [replace(SENT, state=state)], [])[0]
    assert "suspended" in invariants.settled([], [], ["ops"])[0]


def test_a_post_is_decided_for_those_who_watched_it_then_and_for_nobody_else() -> None:
    assert invariants.decided_for_all([POST], [DECISION], [WATCHED], 5) == []
    news = replace(WATCHED, channel="news")
    assert "not decided for news" in invariants.decided_for_all([POST], [DECISION], [WATCHED, news], 5)[0]
    assert "did not watch" in invariants.decided_for_all([POST], [DECISION], [], 5)[0]
    assert "0 moments" in invariants.decided_for_all([POST], [], [WATCHED], 5)[0]
    twice = [DECISION, replace(DECISION, channel="news", at_s=200)]
    assert "2 moments" in invariants.decided_for_all([POST], twice, [WATCHED, news], 5)[0]


def test_who_began_or_ended_a_watch_just_then_may_have_a_decision_or_not() -> None:
    ending = replace(WATCHED, channel="news", end_s=104)
    assert invariants.decided_for_all([POST], [DECISION], [WATCHED, ending], 5) == []
    assert invariants.decided_for_all([POST], [DECISION, replace(DECISION, channel="news")], [WATCHED, ending], 5) == []


def test_what_is_set_aside_or_waits_need_not_be_decided() -> None:
    assert invariants.decided_for_all([replace(POST, set_aside="it chokes")], [], [WATCHED], 5) == []


def test_what_was_published_before_the_watch_is_refused_and_only_that() -> None:
    assert invariants.from_now_on([POST], [DECISION], [WATCHED], 5) == []
    assert invariants.from_now_on([replace(POST, published_s=40)], [DECISION], [WATCHED], 5)
    refused = replace(DECISION, reason="published before the watch")
    assert invariants.from_now_on([POST], [refused], [WATCHED], 5)
    assert invariants.from_now_on([replace(POST, published_s=40)], [refused], [WATCHED], 5) == []


def test_a_refusal_says_why() -> None:
    assert invariants.with_reasons([POST], [DECISION, replace(DECISION, reason="paused", detail="until 9")]) == []
    assert "unknown reason" in invariants.with_reasons([], [replace(DECISION, reason="")])[0]
    assert "without a word" in invariants.with_reasons([], [replace(DECISION, reason="suspended")])[0]
    assert "set aside" in invariants.with_reasons([replace(POST, set_aside=" ")], [])[0]


def test_only_poison_is_set_aside() -> None:
    aside = replace(POST, set_aside="the model failed on it")
    assert invariants.set_aside_rightly([POST, replace(aside, text="poisonous")], "poisonous") == []
    assert "post a" in invariants.set_aside_rightly([aside], "poisonous")[0]


def test_the_stream_asks_again_only_after_a_mishap() -> None:
    asked = {("A breach.", "about breach"): [1.0, 5.0]}
    assert invariants.scored_once({("A breach.", "about breach"): [1.0]}, [], []) == []
    assert invariants.scored_once(asked, [3.0], []) == []
    assert invariants.scored_once(asked, [], [3.0]) == []
    assert "again at 5.000" in invariants.scored_once(asked, [0.5], [6.0])[0]


def test_the_log_leads_to_what_is_set() -> None:
    blank = {"mode": "independent", "threshold": None}
    first = change(before={"threshold": None}, after={"threshold": 0.6})
    second = change(before={"threshold": 0.6}, after={"threshold": 0.7})
    final = {"mode": "independent", "threshold": 0.7}
    assert invariants.audited([first, second], {"ops": final}, blank) == []
    assert "another threshold" in invariants.audited([second], {"ops": final}, blank)[0]
    assert "not as the log says" in invariants.audited([first], {"ops": final}, blank)[0]


def test_a_change_that_was_answered_is_in_the_log() -> None:
    told = ("ops", "U1", "/watch @ann")
    assert invariants.answered_and_logged([told], [change()]) == []
    assert invariants.answered_and_logged([told, told], [change()])
    assert invariants.answered_and_logged([told], [])


def test_single_alerts_come_in_their_order_and_summaries_when_they_like() -> None:
    other, late = replace(SENT, key="k2"), replace(MESSAGE, key="k2", at_s=99)
    assert "came after" in invariants.in_order([ALERT, SECOND], [SENT, other], [MESSAGE, late])[0]
    assert invariants.in_order([ALERT, SECOND], [SENT, other], [MESSAGE, replace(late, at_s=104)]) == []
    assert invariants.in_order([ALERT, SECOND], [SENT, replace(other, kind="summary")], [MESSAGE, late]) == []
    assert invariants.in_order([ALERT, SECOND], [SENT, other], [MESSAGE, replace(late, channel="news")]) == []


def test_a_channel_is_not_spoken_to_faster_than_its_pace() -> None:
    assert invariants.in_pace([WORD, replace(WORD, at_s=104)], 1) == []
    assert invariants.in_pace([WORD, replace(WORD, at_s=103.5, channel="news")], 1) == []
    assert "0.9000 s after" in invariants.in_pace([WORD, replace(WORD, at_s=103.9)], 1)[0]


@pytest.mark.parametrize(("kind", "at_s", "problems"), [("alert", 200, 0), ("alert", 2000, 1), ("summary", 2000, 0)])
def test_what_is_old_is_summed_up(kind: str, at_s: float, problems: int) -> None:
    words = [replace(WORD, at_s=at_s)]
    found = invariants.old_ones_summed_up([POST], [ALERT], [replace(SENT, kind=kind)], words, old_s=1800, leeway_s=5)
    assert len(found) == problems


def test_what_is_new_is_not_summed_up() -> None:
    summary = replace(SENT, kind="summary")
    assert invariants.old_ones_summed_up([POST], [ALERT], [summary], [WORD], old_s=1800, leeway_s=5)


def test_health_tells_what_waits_and_what_went_wrong() -> None:
    posts = [replace(POST, waits=True), *[replace(POST, set_aside="poison")] * 2]
    states = ["pending", "sending", "ambiguous", *["held"] * 4, *["failed"] * 5]
    deliveries = [replace(SENT, state=state) for state in states]
    assert invariants.health_tells(HEALTH, posts, deliveries) == []
    for fewer in (posts[1:], posts[:-1]):
        assert len(invariants.health_tells(HEALTH, fewer, deliveries)) == 1
    for gone in (0, 4, -1):
        fewer_deliveries = [one for place, one in enumerate(deliveries) if place != gone % len(deliveries)]
        assert len(invariants.health_tells(HEALTH, posts, fewer_deliveries)) == 1
    assert len(invariants.health_tells("all is well", posts, deliveries)) == 5


def test_the_log_tells_who_watched_when() -> None:
    ended = change(80, before={}, after={"watch x id of ann": None})
    back = change(90)
    assert watchings([change(), ended, back]) == [
        replace(WATCHED, end_s=80),
        replace(WATCHED, start_s=90),  # taken back: posts count from when it was added first
    ]
    filtered = change(60)
    assert watchings([change(), filtered]) == [WATCHED]
