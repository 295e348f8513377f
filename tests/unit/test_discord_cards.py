"""Whatever strangers write, Discord takes the card, shows the text as it is and does nothing else with it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards import AlertCard, Card, NoticeCard, Press, alert_card, collapses, summary_card
from bot.chat.discord.buttons import key_in, parse_custom_id
from bot.chat.discord.cards import ALERT_COLOUR, HIGH_COLOUR, said
from bot.chat.discord.text import MOST_CONTENT, units
from bot.chat.plain import printable
from classifier.types import Mode
from storage.types import Alert, AlertId, DeliveryKey, Judged, PostId, StoredPost
from tests.fakes.builders import NOW, a_judgement, a_key, a_post, a_score, an_account
from tests.fakes.discord import Effect
from tests.fakes.discord.world import Json
from tests.fakes.drawn import as_read, components_of, done, drawn
from tests.fakes.hostile import HOSTILE, hostile_texts

PAGE = "https://example.org/1"
SEVEN = AlertId(7)
KEY = DeliveryKey("pQ-_4t2lT0bqs9uVwXyZ")


def an_alert(text: str, **changes: Any) -> Alert:
    """An alert in which everything that people outside choose is this text."""
    author = an_account(text or "x", name=text)
    values: dict[str, Any] = {
        "id": SEVEN,
        "channel": a_key(),
        "post": StoredPost(id=PostId(1), post=a_post(text=text, author=author, url=PAGE)),
        "matched": (a_score(text or "x", 0.7), a_score(f"other {text}", 0.6)),
        "mode": Mode.INDEPENDENT,
        "model": "embedding:tiny",
        "decided_at": NOW + timedelta(seconds=2),
    }
    return Alert(**values | changes)


def a_stored(text: str, **changes: Any) -> StoredPost:
    return StoredPost(id=PostId(1), post=a_post(text=text, **{"url": PAGE} | changes))


def judged(alert: Alert, *names: str) -> Alert:
    """The same alert, found not relevant by people of these names."""
    given = (a_judgement(SEVEN, actor=name, actor_name=name, judged=Judged.NOT_RELEVANT) for name in names)
    return replace(alert, judgements=tuple(given))


def cards(text: str) -> list[Card]:
    """Every card there is, full of this text."""
    alert = an_alert(text)
    wrong = judged(alert, text, f"another {text}")
    assert collapses(wrong)
    return [
        alert_card(alert),
        alert_card(replace(alert, judgements=(a_judgement(SEVEN, actor_name=text),))),
        alert_card(wrong),
        summary_card([alert]),
        summary_card([alert] * 12),
        NoticeCard(text=text),
    ]


def unwanted(found: list[Effect]) -> list[Effect]:
    """All but the address of Open post."""
    return [one for one in found if (one.kind, one.what, one.where) != ("link", PAGE, "/components/url")]


def check_everything(text: str) -> None:
    for card in cards(text):
        payload = drawn(said(card, KEY))
        assert unwanted(done(payload)) == [], card
        assert key_in(components_of(payload)) == KEY


@pytest.mark.parametrize("text", HOSTILE, ids=count())
def test_a_hostile_string_does_nothing_in_any_card(text: str) -> None:
    check_everything(text)


@given(hostile_texts() | st.text())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_made_up_strings_do_nothing_in_any_card(text: str) -> None:
    check_everything(text)


LONGEST = "*" * 5_000, "🔥" * 5_000, "w" * 5_000, "@" * 5_000, "# - 1. [x](y) " * 400


@pytest.mark.parametrize("text", LONGEST, ids=count())
def test_discord_takes_a_card_in_which_everything_is_as_long_as_can_be(text: str) -> None:
    """In an alert each part is cut where its own limit is, and all of them together still keep the embed's."""
    alert = an_alert(text, model=text, matched=tuple(a_score(text, 0.99, threshold_source=text) for _ in range(3)))
    names = [f"{number} {text}" for number in range(30)]
    relevant = [a_judgement(SEVEN, actor=name, actor_name=name) for name in names]
    full = alert_card(replace(alert, judgements=tuple(relevant)))
    (embed,) = drawn(said(full, KEY))["embeds"]
    assert units(embed["description"]) > 4_000
    for other in (full, alert_card(judged(alert, *names)), summary_card([alert] * 2_000), NoticeCard(text=text)):
        drawn(said(other, KEY))


def an_embed(card: Card) -> Json:
    (embed,) = drawn(said(card, KEY))["embeds"]
    return dict(embed)


def shown_post(text: str) -> str:
    return as_read(an_embed(alert_card(an_alert("x", post=a_stored(text)))).get("description", ""))


def test_the_posts_text_is_shown_unaltered() -> None:
    short = [text for text in HOSTILE if len(text) <= 1_000 and text.strip()]
    shown = {text: shown_post(text).replace("@\u200b", "@") for text in short}
    assert shown == {text: printable(text).replace("@\u200b", "@") for text in short}


def test_a_posts_text_is_cut_only_for_length_and_says_how_long_it_is() -> None:
    text = "word " * 2_000
    shown, _, rest = shown_post(text).partition("…")
    assert text.startswith(shown)
    assert 4_000 < len(shown) < 4_096
    assert rest == " (10,000 characters in all)"


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_post_without_text_has_no_description(text: str) -> None:
    assert "description" not in an_embed(alert_card(an_alert("x", post=a_stored(text))))


def test_an_alert_says_who_wrote_it_which_labels_it_has_and_what_it_rests_on() -> None:
    scores = (a_score("security", 0.91), a_score("data_base", 0.6))
    alert = an_alert("x", post=a_stored("Critical *RCE*\nin ExampleDB"), matched=scores)
    message = said(alert_card(replace(alert, judgements=(a_judgement(SEVEN, actor_name="Ada"),))), KEY)
    embed = drawn(message)["embeds"][0]
    assert message.content == "security 91% · @vendor\\_sec: Critical \\*RCE\\* in ExampleDB"
    assert embed["title"] == "🔴 security 91% (high), data\\_base 60%"
    assert embed["author"]["name"] == "@vendor_sec · 2026-11-02 09:00 UTC"
    assert embed["description"] == "Critical \\*RCE\\*\nin ExampleDB"
    assert embed["footer"]["text"].startswith("threshold 40% (default) · independent · embedding:tiny · alert 7 · ")
    assert embed["footer"]["text"].endswith("relevant by Ada")
    assert embed["color"] == HIGH_COLOUR


def test_eighty_percent_is_seen_in_words_and_colour_and_less_is_not() -> None:
    high, low = (an_embed(alert_card(an_alert("x", matched=(a_score("x", score),)))) for score in (0.8, 0.79))
    assert (high["title"], high["color"]) == ("🔴 x 80% (high)", HIGH_COLOUR)
    assert (low["title"], low["color"]) == ("🟠 x 79%", ALERT_COLOUR)


def test_push_messages_say_the_beginning_of_a_long_post() -> None:
    content = said(alert_card(an_alert("x", post=a_stored("word " * 900))), KEY).content
    assert content.startswith("x 70% · @vendor\\_sec: word word")
    assert content.endswith(" wor…")
    assert len(content) <= 2 * 150


def labels(card: Card) -> list[str]:
    return [part["label"] for row in drawn(said(card, KEY))["components"] for part in row["components"]]


def test_an_alert_has_its_five_buttons_in_one_row() -> None:
    card = alert_card(an_alert("security"))
    (row,) = drawn(said(card, KEY))["components"]
    assert labels(card) == [Press.RELEVANT, Press.NOT_RELEVANT, Press.WHY, Press.MORE, Press.OPEN_POST]
    *ours, page = row["components"]
    assert page["url"] == PAGE
    pressed = [parse_custom_id(part["custom_id"]) for part in ours]
    assert [(one.alert, one.key) for one in pressed if one] == [(SEVEN, KEY)] * 4
    assert [one.command for one in pressed if one] == ["+1 7", "-1 7", "/why 7", ""]


def test_a_collapsed_alert_is_two_lines_with_show_and_undo() -> None:
    message = said(alert_card(judged(an_alert("x", post=a_stored("A text.")), "Ann", "Bob")), KEY)
    assert message.content == "x 70%, other x 60% · @vendor\\_sec · 2026-11-02 09\\:00 UTC\nnot relevant by Ann, Bob"
    assert message.embed is None
    assert message.arguments()["embeds"] == []  # an edit takes the embed away
    assert [one.label for row in message.rows for one in row] == [Press.SHOW, Press.UNDO]


NO_ADDRESSES = (
    *(text for text in HOSTILE if not text.lower().startswith(("http://", "https://"))),
    "https://", "https:///x", "https://evil.example/ x", "http://a\\b", "https://bank.example@evil.example/",
    "https://evil.example/\u202egpj.exe", "https://evil.example/\ud800", "https://e.example/" + "x" * 500,
    "https://e.example/" + "字" * 100, "http://localhost/1", "http://127.0.0.1:8080/", "http://[::1]/", "https://.com/",
    "https://a..example/", "https://-a.example/", "https://a.example:http/", "https://a.example:123456/",
    "https://a.example%2f@evil.example", "https://" + "a" * 300 + ".example", "https://раураl.example",
)  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESSES, ids=count())
def test_what_discord_may_not_open_is_no_button(url: str) -> None:
    assert Press.OPEN_POST not in labels(alert_card(an_alert("x", post=a_stored("A text.", url=url))))


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        (PAGE, PAGE),
        ("https://x.com/a?b=c&d=%20#e", "https://x.com/a?b=c&d=%20#e"),
        ("http://a-b.example.co:8080", "http://a-b.example.co:8080"),
        ("https://xn--80ak6aa92e.com", "https://xn--80ak6aa92e.com"),
        ("https://a.example/🔥/é?ü", "https://a.example/%F0%9F%94%A5/%C3%A9?%C3%BC"),
    ],
)
def test_an_address_opens_as_it_is_but_for_its_letters_from_elsewhere(url: str, opens: str) -> None:
    message = said(alert_card(an_alert("x", post=a_stored("A text.", url=url))), KEY)
    assert message.rows[0][-1].url == opens


@pytest.mark.parametrize("url", [text for text in HOSTILE if "://" in text], ids=count())
def test_whatever_the_address_is_discord_takes_the_card(url: str) -> None:
    drawn(said(alert_card(an_alert("x", post=a_stored("A text.", url=url))), KEY))


def summary(alerts: list[Alert]) -> list[str]:
    return as_read(an_embed(summary_card(alerts))["description"]).split("\n")


def test_a_summary_shows_the_strongest_and_where_the_others_are() -> None:
    alerts = [an_alert("security", id=AlertId(number)) for number in range(1, 13)]
    *shown, rest = summary(alerts)
    assert [line.split(" · ")[0] for line in shown] == [f"alert {number}" for number in range(1, 11)]
    assert rest == "and 2 more: /alerts lists them"
    assert said(summary_card(alerts), KEY).content.startswith("12 alerts that could not be sent in time, of posts from")
    assert labels(summary_card(alerts)) == ["Last alerts"]


def test_what_does_not_fit_into_a_summary_is_counted_with_the_others() -> None:
    alerts = [an_alert("*" * 300, id=AlertId(number)) for number in range(1, 13)]
    *shown, rest = summary(alerts)
    assert 5 <= len(shown) < 10
    assert rest == f"and {12 - len(shown)} more: /alerts lists them"
    assert all(PAGE in line for line in shown)


def test_a_notice_is_its_words_and_a_button_to_health() -> None:
    notice = NoticeCard(text="Alerts here go on.")
    assert said(notice, KEY).content == "Alerts here go on."
    assert labels(notice) == ["Health"]
    long = said(NoticeCard(text="w" * 3_000), KEY).content
    assert units(long) <= MOST_CONTENT
    assert long.endswith("… (3,000 characters in all)")


def test_an_empty_notice_is_still_a_message() -> None:
    drawn(said(NoticeCard(text=" "), KEY))


def test_a_card_is_drawn_the_same_each_time() -> None:
    card = alert_card(an_alert("security"))
    assert isinstance(card, AlertCard)
    assert drawn(said(card, KEY)) == drawn(said(card, KEY))
