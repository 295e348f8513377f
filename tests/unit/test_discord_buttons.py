"""What the ids of buttons say, and the way of a press to the desk, with the real discord.py."""

from typing import Any

import discord
import pytest
from hypothesis import given, settings

from bot.chat.discord.buttons import (
    MOST_ID,
    Drawn,
    OurButton,
    Pressed,
    Verb,
    custom_id,
    do_id,
    key_in,
    parse_custom_id,
    share_id,
)
from bot.chat.discord.message import Message
from storage.types import AlertId, DeliveryKey
from tests.contracts.discord_clients import Listener, listening
from tests.fakes.discord import FakeDiscord
from tests.fakes.drawn import components_of, drawn
from tests.fakes.hostile import HOSTILE, hostile_texts

KEY = DeliveryKey("pQ-_4t2lT0bqs9uVwXyZ")
SEVEN = AlertId(7)
CARD_VERBS = [verb for verb in Verb if verb not in {Verb.DO, Verb.SHARE}]


@pytest.mark.parametrize("verb", CARD_VERBS)
def test_an_id_says_what_was_put_into_it(verb: Verb) -> None:
    assert parse_custom_id(custom_id(verb, SEVEN, KEY)) == Pressed(verb=verb, alert=SEVEN, key=KEY)
    assert parse_custom_id(custom_id(verb, None, KEY)) == Pressed(verb=verb, alert=AlertId(0), key=KEY)


def test_ids_stay_what_they_were_since_old_messages_carry_them() -> None:
    assert custom_id(Verb.NOT_RELEVANT, SEVEN, KEY) == f"lw1|not|7|{KEY}"
    assert do_id("/config undo 12") == "lw1|do|/config undo 12"
    assert share_id("abc") == "lw1|share|abc"


@given(hostile_texts())
@settings(max_examples=500, derandomize=True)
def test_a_command_comes_back_as_it_was_or_gets_no_button(command: str) -> None:
    made = do_id(command)
    assert len(made) <= MOST_ID
    assert not made or parse_custom_id(made) == Pressed(verb=Verb.DO, value=command)


def test_a_command_of_ninety_three_characters_fits_and_a_longer_one_does_not() -> None:
    assert len(do_id("x" * 93)) == MOST_ID
    assert do_id("x" * 94) == ""
    assert do_id("🔥" * 47) == ""


@pytest.mark.parametrize("command", ["", " ", "/config import\nlabels: [a]", "/why \u202ex", "/why \ud800"])
def test_what_is_no_line_of_text_gets_no_button(command: str) -> None:
    assert do_id(command) == ""
    assert share_id(command) == ""


STRANGE = (
    *HOSTILE, "lw1", "lw1|", "lw1|why", "lw1|why|7", "lw1|why|7|", "lw1|why|x|k", "lw1|why|-7|k", "lw1|why|7|k|more",
    "lw1|eat|7|k", "lw1|do|", "lw1|share|", "lw2|why|7|k", " lw1|why|7|k", "lw1|why|" + "9" * 19 + "|k",
    "judge:7", "lw1|why|٧|k",
)  # fmt: skip


@pytest.mark.parametrize("text", STRANGE)
def test_an_id_that_is_not_ours_means_nothing(text: str) -> None:
    assert parse_custom_id(text) is None


@pytest.mark.parametrize(
    ("made", "command"),
    [
        (custom_id(Verb.RELEVANT, SEVEN, KEY), "+1 7"),
        (custom_id(Verb.NOT_RELEVANT, SEVEN, KEY), "-1 7"),
        (custom_id(Verb.UNDO, SEVEN, KEY), "0 7"),
        (custom_id(Verb.WHY, SEVEN, KEY), "/why 7"),
        (custom_id(Verb.ALERTS, None, KEY), "/alerts"),
        (custom_id(Verb.HEALTH, None, KEY), "/health"),
        (custom_id(Verb.MORE, SEVEN, KEY), ""),
        (custom_id(Verb.SHOW, SEVEN, KEY), ""),
        (custom_id(Verb.REASON, SEVEN, KEY), ""),
        (do_id("/unwatch all yes"), "/unwatch all yes"),
        (share_id("abc"), ""),
    ],
)
def test_a_button_comes_to_the_command_that_does_the_same(made: str, command: str) -> None:
    pressed = parse_custom_id(made)
    assert pressed is not None
    assert pressed.command == command


def test_an_id_that_discord_would_refuse_is_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="at most 100 characters"):
        custom_id(Verb.WHY, SEVEN, DeliveryKey("k" * 91))


def a_message(*buttons: Drawn) -> Message:
    return Message(content="An alert", rows=(buttons,))


WHY = Drawn(label="Why?", id=custom_id(Verb.WHY, SEVEN, KEY))
OPEN = Drawn(label="Open post", url="https://example.org/1")
UNDO = Drawn(label="Undo", id=do_id("/config undo 3"))


def test_the_key_is_found_in_whatever_button_carries_one() -> None:
    assert key_in(components_of(drawn(a_message(OPEN, UNDO, WHY)))) == KEY


def test_a_message_without_our_buttons_carries_no_key() -> None:
    assert key_in(components_of(drawn(a_message(OPEN, UNDO)))) == ""
    assert key_in([]) == ""
    menu: Any = {"type": 1, "components": [{"type": 3, "custom_id": "judge:7", "options": []}]}
    assert key_in([discord.ActionRow(menu)]) == ""


def test_a_button_shows_its_label_cut_and_says_its_id() -> None:
    (row,) = drawn(a_message(Drawn(label="w" * 100, id=WHY.id), OPEN))["components"]
    ours, link = row["components"]
    assert (ours["label"], ours["custom_id"]) == ("w" * 79 + "…", WHY.id)
    assert (link["label"], link["url"]) == ("Open post", OPEN.url)


def test_views_stay_alive_for_ever_and_are_new_each_time() -> None:
    message = a_message(WHY, OPEN)
    first, second = (message.arguments()["view"] for _ in range(2))
    assert first is not second
    assert first.timeout is None
    assert first.is_persistent()


class FakeDesk:
    """Remembers what was pressed."""

    def __init__(self) -> None:
        self.presses: list[Pressed] = []

    async def pressed(self, interaction: discord.Interaction[Any], pressed: Pressed) -> None:
        self.presses.append(pressed)
        await interaction.response.defer()


async def test_a_press_reaches_the_desk_also_from_a_message_of_a_former_run() -> None:
    async with FakeDiscord.running() as local:
        ada, ops = local.person("ada"), local.channel("ops")
        async with listening(local, sync=False) as client:
            await client.get_partial_messageable(int(ops.id)).send(**a_message(WHY, OPEN, UNDO).arguments())
        async with listening(local, sync=False) as client:
            desk = FakeDesk()
            with_desk(client, desk)
            (alert,) = ada.sees(ops)
            for label in ("Why?", "Undo"):
                assert (await ada.presses(alert, label)).acknowledged
        assert desk.presses == [
            Pressed(verb=Verb.WHY, alert=SEVEN, key=KEY),
            Pressed(verb=Verb.DO, value="/config undo 3"),
        ]
        assert local.complaints == []


def with_desk(client: Listener, desk: FakeDesk) -> None:
    client.desk = desk  # type: ignore[attr-defined]  # where the house's own client has it
    client.add_dynamic_items(OurButton)
