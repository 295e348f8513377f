"""What a card says of an alert."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import (
    HIGH,
    MOST_IN_SUMMARY,
    AlertCard,
    Mark,
    NoticeCard,
    Press,
    alert_card,
    card_of,
    collapses,
    judged_by,
    percent,
    summary_card,
)
from classifier.types import Mode
from sources.types import Post
from storage.types import Alert, AlertId, Judged, PostId, Removed, StoredPost
from tests.fakes.builders import NOW, a_judgement, a_key, a_post, a_score, an_account

SEVEN = AlertId(7)


def an_alert(post: Post | None = None, **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "id": SEVEN,
        "channel": a_key(),
        "post": StoredPost(id=PostId(1), post=post or a_post()),
        "matched": (a_score(),),
        "mode": Mode.INDEPENDENT,
        "model": "embedding:tiny",
        "decided_at": NOW + timedelta(seconds=2),
    }
    return Alert(**values | changes)


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        (0.0, "0%"),
        (0.29, "29%"),
        (0.405, "40%"),
        (0.57, "57%"),
        (0.7999, "79%"),
        (0.80, "80%"),
        (0.9999, "99%"),
        (1.0, "100%"),
    ],
)
def test_a_score_is_shown_as_a_percentage_rounded_down(score: float, shown: str) -> None:
    assert percent(score) == shown


@given(st.integers(0, 100))
def test_a_threshold_is_shown_as_it_was_typed(typed: int) -> None:
    assert percent(typed / 100) == f"{typed}%"


@given(st.floats(0, 1).filter(lambda score: not 0 < HIGH - score < 1e-9))
def test_a_score_is_high_exactly_when_it_is_shown_as_eighty_percent_or_more(score: float) -> None:
    mark = Mark(label="security", score=score)
    assert mark.high == (int(mark.percent.removesuffix("%")) >= 80)


def test_the_card_shows_the_three_highest_labels() -> None:
    matched = tuple(a_score(label, score) for label, score in [("a", 0.9), ("b", 0.8), ("c", 0.7), ("d", 0.6)])

    assert [str(mark) for mark in alert_card(an_alert(matched=matched)).marks] == ["a 90%", "b 80%", "c 70%"]


def test_the_text_is_carried_unaltered() -> None:
    hostile = "  ALERT 9\r\n\x1b[31mred\u202e @everyone <!channel> \ud800 "

    assert alert_card(an_alert(a_post(text=hostile))).text == hostile


def test_the_card_names_the_author_the_link_and_the_original_time() -> None:
    author = an_account("vendor_sec", name="Vendor Security")
    post = a_post(author=author, url="https://example.com/1", published_at=NOW - timedelta(days=3), played_at=NOW)

    card = alert_card(an_alert(post))

    assert (card.author, card.url, card.published_at) == (author, "https://example.com/1", NOW - timedelta(days=3))


def test_the_context_says_what_the_alert_rests_on() -> None:
    score = a_score(threshold=0.6, threshold_source="set for the label")

    card = alert_card(an_alert(matched=(score,), mode=Mode.EXCLUSIVE))

    assert card.context == "threshold 60% (set for the label) · exclusive · embedding:tiny · alert 7"


def test_a_post_without_a_link_has_no_button_to_open_it() -> None:
    always = (Press.RELEVANT, Press.NOT_RELEVANT, Press.WHY, Press.MORE)

    assert alert_card(an_alert()).buttons == always
    assert alert_card(an_alert(a_post(url="https://example.com/1"))).buttons == (*always, Press.OPEN_POST)


def test_the_fallback_is_one_plain_line() -> None:
    card = alert_card(an_alert(a_post(text="Critical RCE\r\n in ExampleDB\u2028Patch\tnow\n")))

    assert card.fallback == "security 91% · @vendor_sec: Critical RCE in ExampleDB Patch now"


def test_a_notice_is_its_own_fallback() -> None:
    assert NoticeCard(text="Alerts here stopped.").fallback == "Alerts here stopped."


def test_an_alert_that_nobody_judged_says_nothing_of_it() -> None:
    assert alert_card(an_alert()).judged == ""


def test_judgements_are_told_by_name_the_doubts_first() -> None:
    judgements = (
        a_judgement(SEVEN, actor="U1", actor_name="Ann", judged=Judged.RELEVANT),
        a_judgement(SEVEN, actor="U2", actor_name="Bob", judged=Judged.NOT_RELEVANT),
        a_judgement(SEVEN, actor="U3", actor_name="Cem", judged=Judged.NOT_RELEVANT),
    )

    assert judged_by(an_alert(judgements=judgements)) == "not relevant by Bob, Cem; relevant by Ann"
    assert alert_card(an_alert(judgements=judgements[:1])).judged == "relevant by Ann"


# --- when a card collapses -------------------------------------------------------------------------------------------

YES, NO = Judged.RELEVANT, Judged.NOT_RELEVANT


def judged(*said: Judged, score: float = 0.5, other: float = 0.45) -> Alert:
    """An alert with two labels, judged by that many people."""
    judgements = tuple(
        a_judgement(SEVEN, actor=f"U{number}", actor_name=f"Person {number}", judged=one)
        for number, one in enumerate(said)
    )
    return an_alert(matched=(a_score(score=score), a_score("outage", other)), judgements=judgements)


@pytest.mark.parametrize(
    ("said", "score", "collapsed"),
    [
        pytest.param((), 0.5, False, id="nobody judged it"),
        pytest.param((YES,), 0.5, False, id="one says relevant"),
        pytest.param((NO,), 0.5, True, id="one says it was wrong, of a score that is not high"),
        pytest.param((NO,), 0.7999, True, id="one says it was wrong, just below 80%"),
        pytest.param((NO,), 0.80, False, id="one alone says it was wrong, at 80%"),
        pytest.param((NO,), 0.99, False, id="one alone says it was wrong, at 99%"),
        pytest.param((NO, NO), 0.99, True, id="two agree, at 99%"),
        pytest.param((NO, YES), 0.5, False, id="one of two says relevant"),
        pytest.param((NO, NO, NO, YES), 0.5, False, id="one of many says relevant"),
    ],
)
def test_a_card_collapses_when_people_agree_that_it_was_wrong(
    said: tuple[Judged, ...], score: float, collapsed: bool
) -> None:
    alert = judged(*said, score=score)

    assert collapses(alert) is alert_card(alert).collapsed is collapsed


@given(st.lists(st.sampled_from(Judged), max_size=5), st.floats(0.4, 1), st.floats(0.4, 1))
def test_a_card_never_collapses_while_anybody_finds_it_relevant_nor_on_one_word_against_a_high_score(
    said: list[Judged], score: float, other: float
) -> None:
    alert = judged(*said, score=score, other=other)

    assert collapses(alert) is (
        NO in said and YES not in said and (said.count(NO) >= 2 or (score < HIGH and other < HIGH))
    )


def test_a_card_that_is_collapsed_says_by_whom_and_offers_the_way_back() -> None:
    card = alert_card(judged(NO))

    assert card.judged == "not relevant by Person 0"
    assert card.buttons == (Press.SHOW, Press.UNDO)


def test_nothing_of_a_card_that_is_collapsed_is_lost() -> None:
    whole, collapsed = alert_card(judged()), alert_card(judged(NO))

    assert (collapsed.text, collapsed.marks, collapsed.author) == (whole.text, whole.marks, whole.author)
    assert (collapsed.context, collapsed.fallback) == (whole.context, whole.fallback)


def test_the_card_of_a_deleted_post_says_so_and_opens_nothing() -> None:
    post = StoredPost(id=PostId(1), post=a_post(text="", url="https://example.org/1"), removed=Removed.DELETED)
    card = alert_card(replace(an_alert(), post=post))
    assert (card.text, card.removed) == ("(deleted at its source)", "deleted at its source")
    assert Press.OPEN_POST not in card.buttons
    assert card.fallback == "security 91% · @vendor_sec: (deleted at its source)"


# --- many alerts in one card -----------------------------------------------------------------------------------------


def alert_number(number: int, *, label: str = "security", score: float = 0.5, minutes: int = 0) -> Alert:
    published_at = NOW + timedelta(minutes=minutes)
    return an_alert(a_post(published_at=published_at), id=AlertId(number), matched=(a_score(label, score),))


def test_a_message_that_carries_one_alert_shows_its_card_whatever_it_was_meant_to_be() -> None:
    card = card_of([an_alert()])

    assert isinstance(card, AlertCard)
    assert card == alert_card(an_alert())


def test_a_summary_says_how_many_for_what_and_of_when() -> None:
    carried = [
        alert_number(1, label="outage", minutes=50),
        alert_number(2, minutes=0),
        alert_number(3, minutes=90),
    ]

    card = summary_card(carried)

    assert card.headline == (
        "3 alerts that could not be sent in time, of posts from 2026-11-02 09:00 to 2026-11-02 10:30 UTC: "
        "security 2, outage 1"
    )
    assert card.fallback == card.headline
    assert card.rest == ""


def test_a_summary_of_one_moment_names_it_once() -> None:
    assert "of posts from 2026-11-02 09:00 UTC: security 2" in summary_card([alert_number(1), alert_number(2)]).headline


@given(st.lists(st.floats(0.4, 1), min_size=2, max_size=40))
def test_a_summary_shows_the_ten_strongest_and_counts_the_others(scores: list[float]) -> None:
    carried = [alert_number(number, score=score) for number, score in enumerate(scores, start=1)]

    card = summary_card(carried)
    shown = [one.marks[0].score for one in card.strongest]

    assert card.total == len(scores)
    assert shown == sorted(scores, reverse=True)[:MOST_IN_SUMMARY]
    others = len(scores) - MOST_IN_SUMMARY
    assert card.rest == (f"and {others} more: /alerts lists them" if others > 0 else "")


def test_of_alerts_as_strong_as_each_other_the_first_ones_are_shown() -> None:
    card = summary_card([alert_number(number) for number in range(20, 0, -1)])

    assert [one.alert for one in card.strongest] == list(range(1, 11))


def test_a_summary_shows_how_its_alerts_were_judged() -> None:
    judged_one = an_alert(judgements=(a_judgement(SEVEN, actor_name="Ann"),))

    card = summary_card([alert_number(1, score=0.95), judged_one])

    assert [one.judged for one in card.strongest] == ["", "relevant by Ann"]
