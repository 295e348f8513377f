"""Buttons: what their ids say, how they are drawn, and the way of a press to the desk.

A button's id outlives every process: it says what is wanted and carries the key of its message's delivery, so that the
message can be found again by it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self, cast

import discord

from bot.chat.discord.text import MOST_LABEL, plain, units
from storage.types import AlertId, DeliveryKey

MOST_ID = 100
MOST_IN_A_ROW = 5
MOST_ROWS = 5

_NO_ALERT = AlertId(0)
_NO_KEY = DeliveryKey("")


class Verb(StrEnum):
    """What a button is for, as its id says it."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not"
    WHY = "why"
    MORE = "more"
    SHOW = "show"
    UNDO = "undo"
    REASON = "reason"
    ALERTS = "alerts"
    HEALTH = "health"
    DO = "do"
    SHARE = "share"


_COMMANDS = {
    Verb.RELEVANT: "+1 {alert}",
    Verb.NOT_RELEVANT: "-1 {alert}",
    Verb.WHY: "/why {alert}",
    Verb.UNDO: "0 {alert}",
    Verb.ALERTS: "/alerts",
    Verb.HEALTH: "/health",
}

_ID = re.compile(
    r"lw1\|(?:(?P<own>do|share)\|(?P<value>.+)"
    rf"|(?P<verb>{'|'.join(verb for verb in Verb if verb not in {Verb.DO, Verb.SHARE})})"
    r"\|(?P<alert>[0-9]{1,18})\|(?P<key>[^|]+))",
    re.DOTALL,
)
"""The first version of what an id says; a change of meaning takes another number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What the id of a pressed button says."""

    verb: Verb
    alert: AlertId = _NO_ALERT
    """0 where the button is about no alert."""

    key: DeliveryKey = _NO_KEY
    """The delivery whose message carries the button; empty under answers."""

    value: str = ""
    """Of DO the command, of SHARE the name under which the answer is remembered."""

    @property
    def command(self) -> str:
        """What somebody would type instead of pressing; empty where no command does that."""
        if self.verb is Verb.DO:
            return self.value
        return _COMMANDS.get(self.verb, "").format(alert=self.alert)


def custom_id(verb: Verb, alert: AlertId | None, key: DeliveryKey) -> str:
    """The id of a button on a card. Raises ValueError where it would be too long for Discord."""
    made = f"lw1|{verb}|{alert or 0}|{key}"
    if units(made) > MOST_ID:
        raise ValueError(f"the id of a button has at most {MOST_ID} characters, and {made!r} has more")
    return made


def do_id(command: str) -> str:
    """The id of a button that runs a command for whoever presses it; empty where the command does not fit into one, as
    when it is too long or has more than one line."""
    return _own_id(Verb.DO, command)


def share_id(name: str) -> str:
    """The id of a button that shows a private answer to the channel; empty where there is no name."""
    return _own_id(Verb.SHARE, name)


def _own_id(verb: Verb, value: str) -> str:
    made = f"lw1|{verb}|{value}"
    return made if value.strip() and made.isprintable() and units(made) <= MOST_ID else ""


def parse_custom_id(text: str) -> Pressed | None:
    """What an id says; None when it is none of ours."""
    found = _ID.fullmatch(text)
    return None if found is None else _pressed(found)


def _pressed(found: re.Match[str]) -> Pressed:
    if found["own"]:
        return Pressed(verb=Verb(found["own"]), value=found["value"])
    return Pressed(verb=Verb(found["verb"]), alert=AlertId(int(found["alert"])), key=DeliveryKey(found["key"]))


def key_in(components: Iterable[discord.Component]) -> str:
    """The key of the delivery that a message was, out of its rows of buttons; empty for any other message."""
    for row in components:
        for part in row.children if isinstance(row, discord.ActionRow) else ():
            pressed = parse_custom_id(part.custom_id or "")
            if pressed is not None and pressed.key:
                return pressed.key
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """A button as Discord shows it: one that says something to us, or one that opens a page."""

    label: str
    id: str = ""
    url: str = ""
    style: discord.ButtonStyle = discord.ButtonStyle.secondary

    def item(self) -> discord.ui.Item[Any]:
        """Discord's own object for it: a new one each time, since a view keeps what is put into it."""
        label = plain(self.label, MOST_LABEL)
        if self.url:
            return discord.ui.Button(label=label, url=self.url)
        return OurButton(discord.ui.Button(label=label, custom_id=self.id, style=self.style))


class Desk(Protocol):
    """Who does what buttons ask for."""

    async def pressed(self, interaction: discord.Interaction[Any], pressed: Pressed) -> None:
        """Acknowledge the press within 3 seconds and do what it means."""


class _HasDesk(Protocol):
    desk: Desk


class OurButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_ID):
    """Every button of ours: discord.py makes one out of the id that was pressed, also under messages of former runs.

    The client has to know the class: `client.add_dynamic_items(OurButton)`.
    """

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  (named so by discord.py)
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
    ) -> Self:
        """The button that was pressed."""
        return cls(cast("discord.ui.Button[discord.ui.View]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the client's desk."""
        pressed = parse_custom_id(self.item.custom_id or "")
        if pressed is not None:
            await cast("_HasDesk", interaction.client).desk.pressed(interaction, pressed)
