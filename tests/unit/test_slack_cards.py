"""Whatever strangers write, Slack shows it as it is and does nothing else with it, and takes every card and answer."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards import AlertCard, Card, NoticeCard, Press, Wish, alert_card, collapses, summary_card
from bot.chat.plain import byline, one_line, printable
from bot.chat.slack.cards import MOST_FALLBACK, OPEN, blocks, key_in, metadata, parts, said
from bot.chat.slack.incoming import Said, channel_key
from bot.chat.slack.modals import MOST_REASON, ask_reason, reason
from bot.chat.slack.replies import SHARE, reply
from bot.commands.types import Button, ButtonKind, Reply
from classifier.types import Mode
from storage.types import Alert, AlertId, DeliveryKey, Judged, PostId, StoredPost
from tests.fakes.builders import NOW, a_judgement, a_key, a_post, a_score, an_account
from tests.fakes.hostile import HOSTILE, hostile_texts
from tests.fakes.slack import Channel, Effect, Message, Workspace, block_faults, effects, effects_of_blocks, view_faults
from tests.fakes.slack.blocks import TEXT_OF_ALL_BLOCKS, text_length
from tests.fakes.slack.content import TEXT_AN_UPDATE, content_of
from tests.fakes.slack.world import User

PAGE = "https://example.org/1"
SEVEN = AlertId(7)
TEN = st.lists(hostile_texts(), min_size=10, max_size=10)


def a_workspace() -> Workspace:
    """With a person, a channel and a group that hostile strings name."""
    made = Workspace()
    made.users["U1"] = User(id="U1", name="ada")
    made.channels["C1"] = Channel(id="C1", name="general")
    made.user_groups["oncall"] = "S1"
    return made


WORKSPACE = a_workspace()


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


def judged(alert: Alert, *names: str) -> Alert:
    """The same alert, found not relevant by people of these names, for the reason that is its text."""
    words = alert.post.post.text
    return replace(
        alert,
        judgements=tuple(
            a_judgement(SEVEN, actor=name, actor_name=name, judged=Judged.NOT_RELEVANT, reason=words) for name in names
        ),
    )


def cards(text: str) -> list[Card]:
    """Every card there is, full of this text."""
    alert = an_alert(text)
    wrong = judged(alert, text, f"another {text}")
    assert collapses(wrong)
    right = replace(alert, judgements=(a_judgement(SEVEN, actor_name=text),))
    return [
        alert_card(alert),
        alert_card(right),
        alert_card(wrong),
        summary_card([alert] * 12),
        NoticeCard(text=text),
    ]


def answer(text: str) -> Reply:
    press = Button(label=text, kind=ButtonKind.COMMAND, value=f"/why {text}")
    return Reply(text=text, buttons=(press, Button(label=text, kind=ButtonKind.SHARE), press))


def message(arguments: dict[str, Any], *, edited: bool = False) -> Message:
    """What Slack would make of this message, or of an edit to it. Raises what Slack would answer."""
    made = Message(ts="1.000001", channel="C1", user="U0")
    most, parse = (TEXT_AN_UPDATE, "client") if edited else (40_000, "none")
    content_of(arguments, most_text=most, parse=parse).write(made)
    return made


def unwanted(found: list[Effect]) -> list[Effect]:
    """All but the address of Open post, and addresses in the fallback text: that is read out, nobody can press it."""
    return [
        effect
        for effect in found
        if not (
            effect.kind == "link"
            and (effect.where == "/text" or (effect.where.endswith("/url") and effect.what == PAGE))
        )
    ]


def check_everything(text: str) -> None:
    """All that Lapwing ever says around a text from outside."""
    for card in cards(text):
        for edited in (False, True):
            assert unwanted(effects(message(said(card), edited=edited), WORKSPACE)) == [], (card, edited)
        assert block_faults(blocks(card)) == []
    shown = reply(answer(text), share="abc")
    assert effects_of_blocks(shown["blocks"], WORKSPACE) == []
    assert unwanted(effects(message(shown), WORKSPACE)) == []
    asked = Said(channel=channel_key("T1", "C1"), channel_name=text, person="U1", text=text)
    view = ask_reason(asked, "7")
    assert view_faults(view) == []
    assert effects_of_blocks([*view["blocks"], view["title"]], WORKSPACE) == []
    for said_text in (shown["text"], *(said(card)["text"] for card in cards(text))):
        said_text.encode()  # no lone surrogate goes out
        assert "\x00" not in said_text


def test_there_are_enough_hostile_strings_and_none_twice() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 200


@pytest.mark.parametrize("text", HOSTILE, ids=count())
def test_a_hostile_string_does_nothing_anywhere(text: str) -> None:
    check_everything(text)


@given(TEN, TEN)
@settings(max_examples=100, derandomize=True)
def test_ten_thousand_made_up_strings_do_nothing_anywhere(beginnings: list[str], ends: list[str]) -> None:
    """A hundred an example, since to make them up takes longer than to try them."""
    for text in (f"{beginning}{end}" for beginning in beginnings for end in ends):
        card = alert_card(an_alert(text))
        assert unwanted(effects(message(said(card), edited=True), WORKSPACE)) == []
        shown = reply(answer(text), share="abc")
        assert unwanted(effects(message(shown), WORKSPACE)) == []
        assert post_shown(card).startswith(printable(text)[:2_800])


@given(hostile_texts())
@settings(max_examples=300, derandomize=True)
def test_made_up_strings_do_nothing_in_any_card(text: str) -> None:
    check_everything(text)


def test_the_check_would_find_what_does_something() -> None:
    """A test that cannot fail proves nothing: the same words as Slack's own markup are found at once."""
    careless = {"text": "<!channel>", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*x* <@U1>"}}]}
    found = {effect.kind for effect in unwanted(effects(message(careless), WORKSPACE))}
    assert found == {"group", "mention", "format"}
    unquiet = {name: value for name, value in said(NoticeCard(text="@here")).items() if name in {"text", "blocks"}}
    assert [effect.kind for effect in effects(message(unquiet, edited=True), WORKSPACE)] == ["group"]


def post_shown(card: AlertCard) -> str:
    """What people read of the post: below the byline."""
    shown = str(blocks(card)[1]["text"]["text"])
    assert shown.startswith(byline(card))
    return shown.removeprefix(byline(card)).removeprefix("\n")


def test_the_posts_text_is_shown_unaltered() -> None:
    short = [text for text in HOSTILE if len(text) <= 2_500]
    shown = {text: post_shown(alert_card(an_alert("x", post=a_stored(text)))) for text in short}
    assert shown == {text: printable(text) for text in short}


def test_a_posts_text_is_cut_only_for_length() -> None:
    text = "word " * 2_000
    shown = post_shown(alert_card(an_alert("x", post=a_stored(text))))
    assert shown.endswith("…")
    assert text.startswith(shown[:-1])
    assert 2_800 < len(shown) < 3_000


def a_stored(text: str, **changes: Any) -> StoredPost:
    return StoredPost(id=PostId(1), post=a_post(text=text, **{"url": PAGE} | changes))


def buttons(card: Card) -> list[dict[str, Any]]:
    return [element for block in blocks(card) if block["type"] == "actions" for element in block["elements"]]


def test_an_alert_has_its_four_blocks_and_five_buttons() -> None:
    card = alert_card(an_alert("security"))
    assert [block["type"] for block in blocks(card)] == ["section", "section", "context", "actions"]
    assert [one["type"] for one in buttons(card)] == ["button", "button", "button", "overflow", "button"]
    assert [one["text"]["text"] for one in buttons(card) if "text" in one] == [
        Press.RELEVANT,
        Press.NOT_RELEVANT,
        Press.WHY,
        Press.OPEN_POST,
    ]
    assert buttons(card)[-1]["url"] == PAGE


NO_ADDRESSES = (
    *(text for text in HOSTILE if not text.startswith(("http://", "https://"))),
    "https://", "https:///x", "https://evil.example/ x", "http://a\\b", "https://bank.example@evil.example/",
    "https://evil.example/\u202egpj.exe", "https://evil.example/\ud800", "https://e.example/" + "x" * 3_000,
)  # fmt: skip


def test_only_an_address_that_slack_opens_becomes_a_button() -> None:
    for url in NO_ADDRESSES:
        card = alert_card(an_alert("x", post=a_stored("A text.", url=url)))
        assert OPEN not in [one["action_id"] for one in buttons(card)], url
        message(said(card))


def test_whatever_the_address_is_slack_takes_the_card() -> None:
    for url in (text for text in HOSTILE if "://" in text):
        message(said(alert_card(an_alert("x", post=a_stored("A text.", url=url)))))


@pytest.mark.parametrize("score", [0.7, 0.999])
@pytest.mark.parametrize("length", [10, 60, 100, 140, 141, 151, 2_000, 5_000])
def test_however_long_a_handle_is_its_menu_is_one_that_slack_takes(length: int, score: float) -> None:
    feed = an_account("https://example.org/" + "f" * length)
    card = alert_card(an_alert("x", post=a_stored("A text.", author=feed), matched=(a_score("security", score),)))
    message(said(card))
    assert any("wrong label" in str(one) for one in buttons(card))


def test_one_wish_is_a_button_and_none_is_none() -> None:
    card = alert_card(an_alert("security"))
    one, none = (replace(card, more=wishes) for wishes in ((Wish(label="Wrong", command="-1 7 wrong"),), ()))
    assert [found["value"] for found in buttons(one) if found["text"]["text"] == "Wrong"] == ["-1 7 wrong"]
    assert [found["type"] for found in buttons(none)] == ["button"] * 4
    message(said(one))
    message(said(none))


def test_blocks_have_new_ids_exactly_when_the_card_changed() -> None:
    alert = an_alert("security")
    again, changed = alert_card(an_alert("security")), alert_card(judged(alert, "Ada"))
    assert blocks(alert_card(alert)) == blocks(again)
    before, after = ({block["block_id"] for block in blocks(card)} for card in (again, changed))
    assert not before & after


def test_the_fallback_is_one_line_with_the_label_first() -> None:
    card = alert_card(an_alert("x", post=a_stored("Critical <RCE>\n& more"), matched=(a_score("security", 0.91),)))
    assert said(card)["text"] == "security 91% · @vendor_sec: Critical &lt;RCE&gt; &amp; more"
    assert len(said(NoticeCard(text="&" * 10_000))["text"]) <= 5 * MOST_FALLBACK


def test_a_summary_shows_all_its_lines_however_long_they_are() -> None:
    alerts = [an_alert("n" * 300, id=AlertId(number)) for number in range(1, 13)]
    shown = "\n".join(block["text"]["text"] for block in blocks(summary_card(alerts)))
    assert all(f"alert {number} · " in shown for number in range(1, 11))
    assert shown.endswith("and 2 more: /alerts lists them")


def test_the_key_of_a_delivery_is_found_again_and_in_no_other_message() -> None:
    assert key_in({"metadata": metadata(DeliveryKey("abc"))}) == "abc"
    for strange in ({}, {"metadata": None}, {"metadata": {"event_type": "other", "event_payload": {"key": "abc"}}}):
        assert key_in(strange) == ""
    assert key_in({"metadata": {"event_type": "lapwing_delivery", "event_payload": None}}) == ""


@given(st.text(st.sampled_from("ab \n"), max_size=400).map(lambda text: text * 60))
@settings(max_examples=100, derandomize=True)
def test_a_long_answer_is_cut_into_sections_and_nothing_of_it_is_lost(text: str) -> None:
    pieces = parts(text)
    assert all(len(piece) <= 3_000 for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")


def test_an_answer_too_long_for_slack_says_how_much_is_missing() -> None:
    shown = reply(Reply(text="x" * 30_000))
    assert text_length(shown["blocks"]) <= TEXT_OF_ALL_BLOCKS
    assert "The other 19,000 characters do not fit" in shown["blocks"][-1]["text"]["text"]


def test_an_answers_indentation_survives_a_new_section() -> None:
    lines = [f"  - label {number:04d}" for number in range(400)]
    shown = [block["text"]["text"] for block in reply(Reply(text="\n".join(lines)))["blocks"]]
    assert len(shown) > 1
    assert "\n".join(shown).split("\n") == lines


def test_an_answers_buttons_run_commands_and_share_only_what_can_be_shared() -> None:
    undo = Button(label="Undo", kind=ButtonKind.COMMAND, value="/config undo 3")
    long = Button(label="Long", kind=ButtonKind.COMMAND, value="x" * 2_001)
    given = Reply(text="Done.", buttons=(undo, long, Button(label="Share", kind=ButtonKind.SHARE)))
    shared, alone = (reply(given, share=name)["blocks"][-1]["elements"] for name in ("abc", ""))
    assert [one["value"] for one in shared] == ["/config undo 3", "abc"]
    assert shared[1]["action_id"] == SHARE
    assert [one["value"] for one in alone] == ["/config undo 3"]
    assert [block["type"] for block in reply(Reply(text="Done."))["blocks"]] == ["section"]


def test_a_reason_comes_back_on_one_line_with_its_alert() -> None:
    asked = Said(channel=channel_key("T1", "C1"), channel_name="ops", person="U1", text="")
    for words in (text for text in HOSTILE if text.split()):
        view = ask_reason(asked, "7") | {"state": {"values": {"reason": {"reason": {"value": words}}}}}
        given = reason({"view": view, "team": {"id": "T1"}, "user": {"id": "U2"}})
        assert given is not None
        assert given.text == f"-1 7 {one_line(words, MOST_REASON)}"
        assert (given.channel, given.person) == (asked.channel, "U2")


@pytest.mark.parametrize("words", [None, "", "  \n "])
def test_no_reason_is_no_command(words: str | None) -> None:
    asked = Said(channel=channel_key("T1", "C1"), channel_name="ops", person="U1", text="")
    view = ask_reason(asked, "7") | {"state": {"values": {"reason": {"reason": {"value": words}}}}}
    assert reason({"view": view, "team": {"id": "T1"}, "user": {"id": "U2"}}) is None
