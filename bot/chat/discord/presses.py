"""What comes of buttons and of what is filled into dialogs, once they are acknowledged."""

import re
from dataclasses import replace
from typing import Any

import discord

from bot.chat.answers import UNKNOWN_BUTTON, say
from bot.chat.base import Inbound
from bot.chat.discord import cards, modals, replies
from bot.chat.discord.asking import Asking, tell
from bot.chat.discord.buttons import Drawn, Pressed, Verb, custom_id
from bot.chat.discord.incoming import asked, place
from bot.chat.discord.voice import Voice
from bot.commands.types import Button, ButtonKind, Reply

Interaction = discord.Interaction[Any]

_JUDGEMENT = re.compile(r"([+-]1|0) [0-9]+\b")


class Presses:
    """Does what buttons say, for whoever presses them."""

    def __init__(self, inbound: Inbound, asking: Asking) -> None:
        self._inbound = inbound
        self._asking = asking

    async def press(self, interaction: Interaction, pressed: Pressed, speaking: Voice) -> None:
        """What a button is for."""
        match pressed.verb:
            case Verb.SHARE:
                await tell(speaking, self._asking.shareable.shared(pressed.value))
            case Verb.SHOW:
                await self._show(interaction, pressed, speaking)
            case Verb.MORE:
                await self._more(interaction, pressed, speaking)
            case _ if _JUDGEMENT.match(pressed.command):
                await self._judge(interaction, pressed, speaking)
            case _:
                await self._asking.answer(asked(interaction, pressed.command), speaking)

    async def fill_in(self, interaction: Interaction, data: dict[str, Any], speaking: Voice) -> None:
        """What was filled into a dialog."""
        line = modals.filled_in(data["custom_id"], data["components"])
        if line is None:
            await tell(speaking, UNKNOWN_BUTTON)
        elif _JUDGEMENT.match(line):
            reply = await self._asking.answered(asked(interaction, line), speaking)
            await tell(speaking, Reply(text=reply.text))
        else:
            await self._asking.answer(asked(interaction, line), speaking)

    async def _judge(self, interaction: Interaction, pressed: Pressed, speaking: Voice) -> None:
        """Stored first. The card shows who judged how, so the answer is for this person alone, and a reason is asked
        for only of whoever wants to give one."""
        reply = await self._asking.answered(asked(interaction, pressed.command), speaking)
        word = Reply(text=reply.text)
        if reply.public and pressed.verb is Verb.NOT_RELEVANT:
            await say(speaking.private(replace(replies.message(word), rows=((_add_a_reason(pressed),),))))
        else:
            await tell(speaking, word)

    async def _more(self, interaction: Interaction, pressed: Pressed, speaking: Voice) -> None:
        """What else can be done about an alert, as buttons for one person."""
        card = await self._inbound.alert_card(place(interaction), pressed.alert)
        if card is None:
            await tell(speaking, _gone(pressed))
            return
        wishes = tuple(Button(label=one.label, kind=ButtonKind.COMMAND, value=one.command) for one in card.more)
        await tell(speaking, Reply(text=f"What else about alert {pressed.alert}?", buttons=wishes))

    async def _show(self, interaction: Interaction, pressed: Pressed, speaking: Voice) -> None:
        """A collapsed alert as a whole, for one person."""
        card = await self._inbound.alert_card(place(interaction), pressed.alert)
        if card is None:
            await tell(speaking, _gone(pressed))
        else:
            await say(speaking.private(cards.said(card, pressed.key)))


def _add_a_reason(pressed: Pressed) -> Drawn:
    return Drawn(label="Add a reason", id=custom_id(Verb.REASON, pressed.alert, pressed.key))


def _gone(pressed: Pressed) -> Reply:
    return Reply(text=f"Alert {pressed.alert} is not there any more. /alerts lists the last ones.")
