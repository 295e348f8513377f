"""What people type, press and fill in in Discord: acknowledged at once, handed to the house, answered.

A platform opens a desk once its client is logged in, before it connects; commands and buttons find it there:

    client.add_dynamic_items(OurButton)
    client.desk = Desk(client, inbound, clock)

The client calls `heard` for every interaction (`on_interaction`), and `connected`, `reacted`, `joined`.
"""

import logging
import re
import secrets
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import discord

from bot.chat.base import DeliveryError, Inbound
from bot.chat.discord import cards, incoming, lines, modals, replies, voice
from bot.chat.discord.asking import Asking, say, tell
from bot.chat.discord.buttons import Drawn, Pressed, Verb, custom_id, parse_custom_id
from bot.chat.discord.ears import Ears
from bot.chat.discord.errors import call
from bot.chat.discord.incoming import asked, place
from bot.chat.discord.tree import Tree
from bot.chat.discord.voice import Voice
from bot.chat.patience import Remembered, alerts_in
from bot.commands.config_file import LONGEST
from bot.commands.suggest import Suggest
from bot.commands.types import Button, ButtonKind, Reply
from sources.clock import Clock
from storage.types import Receipt

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

_JUDGEMENT = re.compile(r"([+-]1|0) [0-9]+\b")
_MOST_BYTES = 4 * LONGEST
"""No file of so many characters is larger."""

_UNKNOWN = Reply(text="I do not know that button: it is from another time. Nothing was changed.")
_ONE_OF_THEM = Reply(text="Give me the settings as yaml or as a file, not as both. Nothing was changed.")
_OUTDATED = Reply(
    text="Discord still shows you an older form of my commands. Nothing was changed. Reload Discord (Ctrl+R), or wait "
    "some minutes, and try again."
)


class Desk:
    """Everything that people can do with commands, menus, buttons and dialogs."""

    def __init__(self, client: discord.Client, inbound: Inbound, clock: Clock) -> None:
        """A client has one desk: its commands are made here."""
        self._inbound = inbound
        self._ears = Ears(client, Tree(client), inbound, clock)
        self._asking = Asking(inbound)
        self._shareable: Remembered[Reply] = Remembered()
        self._seen: Remembered[None] = Remembered()

    # --- commands and menus ------------------------------------------------------------------------------------------

    async def asks(self, interaction: Interaction, line: str) -> None:
        """A command, as the line that the grammar knows. Who sees the answer is settled first: Discord wants it so."""
        if self._is_news(interaction):
            question = asked(interaction, line)
            speaking = await voice.of_command(interaction, public=self._inbound.is_public(question))
            await self._guarded(speaking, self._answer(interaction, line, speaking))

    def suggested(self, interaction: Interaction, wanted: Suggest, typed: str) -> list[str]:
        """What may be meant by what somebody has typed into an option so far."""
        return lines.choices(self._inbound.suggest(place(interaction), wanted, typed))

    async def imports(self, interaction: Interaction, yaml: str | None, file: discord.Attachment | None) -> None:
        """Settings out of an option, a file or, where neither is given, a dialog."""
        if yaml is None and file is None:
            await self._open(interaction, modals.ask_yaml())
        elif file is None:
            await self.asks(interaction, lines.imported(yaml or ""))
        elif self._is_news(interaction):
            speaking = await voice.of_command(interaction, public=False)
            doing = self._import(interaction, file, speaking) if yaml is None else tell(speaking, _ONE_OF_THEM)
            await self._guarded(speaking, doing)

    async def _import(self, interaction: Interaction, file: discord.Attachment, speaking: Voice) -> None:
        text = await _text_of(file)
        if isinstance(text, Reply):
            await tell(speaking, text)
        else:
            await self._answer(interaction, lines.imported(text), speaking)

    async def classifies(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu of a message: what this channel's labels make of it."""
        await self.asks(interaction, lines.line("/test", incoming.message_text(message)))

    async def explains(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu of a message: why it is an alert, or why the post it links to is none."""
        if not self._is_news(interaction):
            return
        speaking = await voice.of_command(interaction, public=False)
        await self._guarded(speaking, self._explain(interaction, message, speaking))

    async def _explain(self, interaction: Interaction, message: discord.Message, speaking: Voice) -> None:
        alerts = await alerts_in(self._inbound, place(interaction), Receipt(str(message.id)))
        link = incoming.first_link(message)
        if alerts or link:
            await self._answer(interaction, lines.line("/why", alerts[0] if alerts else link), speaking)
        else:
            await tell(speaking, Reply(text="That message is no alert of mine, and holds no link to a post."))

    async def outdated(self, interaction: Interaction) -> None:
        """A command that Discord knows of an earlier version of ours."""
        if interaction.type is discord.InteractionType.application_command:
            await tell(await voice.of_command(interaction, public=False), _OUTDATED)

    # --- buttons and dialogs -----------------------------------------------------------------------------------------

    async def pressed(self, interaction: Interaction, pressed: Pressed) -> None:
        """A button of ours, under a message of this run or of an earlier one."""
        if not self._is_news(interaction):
            return
        if pressed.verb is Verb.REASON:
            await self._open(interaction, modals.ask_reason(pressed.alert))
            return
        speaking = await voice.of_press(interaction)
        await self._guarded(speaking, self._press(interaction, pressed, speaking))

    async def heard(self, interaction: Interaction) -> None:
        """Any interaction: what was filled into dialogs is taken here, and buttons that nobody knows any more."""
        data: dict[str, Any] = dict(interaction.data or {})
        if interaction.type is discord.InteractionType.modal_submit and self._is_news(interaction):
            speaking = await voice.of_dialog(interaction)
            await self._guarded(speaking, self._fill_in(interaction, data, speaking))
        elif interaction.type is discord.InteractionType.component and parse_custom_id(data["custom_id"]) is None:
            await tell(await voice.of_press(interaction), _UNKNOWN)

    async def _press(self, interaction: Interaction, pressed: Pressed, speaking: Voice) -> None:
        match pressed.verb:
            case Verb.SHARE:
                await self._share(pressed.value, speaking)
            case Verb.SHOW:
                await self._show(interaction, pressed, speaking)
            case Verb.MORE:
                await self._more(interaction, pressed, speaking)
            case _ if _JUDGEMENT.match(pressed.command):
                await self._judge(interaction, pressed, speaking)
            case _:
                await self._answer(interaction, pressed.command, speaking)

    async def _fill_in(self, interaction: Interaction, data: dict[str, Any], speaking: Voice) -> None:
        line = modals.filled_in(data["custom_id"], data["components"])
        if line is None:
            await tell(speaking, _UNKNOWN)
        elif _JUDGEMENT.match(line):
            reply = await self._asking.answered(asked(interaction, line), speaking)
            await tell(speaking, Reply(text=reply.text))
        else:
            await self._answer(interaction, line, speaking)

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

    async def _share(self, name: str, speaking: Voice) -> None:
        reply = self._shareable.get(name)
        if reply is None:
            await tell(speaking, Reply(text="That answer is too old to be shared. Ask again, then share."))
        else:
            await tell(speaking, Reply(text=reply.text, public=True))

    # --- what Discord tells by itself --------------------------------------------------------------------------------

    async def connected(self) -> None:
        """A session has begun: what was done before it was not heard."""
        await self._ears.connected()

    async def reacted(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody gave a reaction or took it back."""
        await self._ears.reacted(event)

    async def joined(self, guild: discord.Guild) -> None:
        """We were added to a server."""
        await self._ears.joined(guild)

    # --- parts -------------------------------------------------------------------------------------------------------

    async def _answer(self, interaction: Interaction, line: str, speaking: Voice) -> None:
        reply = await self._asking.answered(asked(interaction, line), speaking)
        await tell(speaking, reply, share=self._keep(reply))

    async def _open(self, interaction: Interaction, dialog: discord.ui.Modal) -> None:
        """A dialog is an acknowledgement itself: nothing else can be said of it."""
        try:
            await call(interaction.response.send_modal(dialog))
        except DeliveryError as error:
            log.warning("unopened dialog reason=%r", str(error))

    async def _guarded(self, speaking: Voice, doing: Awaitable[None]) -> None:
        """A fault of ours gets a code that stands in the log beside it, and is told to whoever met it."""
        try:
            await doing
        except Exception:
            code = secrets.token_hex(2)
            log.exception("failed interaction code=%s", code)
            await tell(speaking, Reply(text=f"Sorry, that did not work. Code {code}."))

    def _is_news(self, interaction: Interaction) -> bool:
        """Whatever comes twice over a connection that is taken up again is done once."""
        name = str(interaction.id)
        if name in self._seen:
            return False
        self._seen.put(name, None)
        return True

    def _keep(self, reply: Reply) -> str:
        """Remember an answer that may be shared, under a name that its button carries."""
        if reply.public or not any(button.kind is ButtonKind.SHARE for button in reply.buttons):
            return ""
        name = secrets.token_urlsafe(9)
        self._shareable.put(name, reply)
        return name


def _add_a_reason(pressed: Pressed) -> Drawn:
    return Drawn(label="Add a reason", id=custom_id(Verb.REASON, pressed.alert, pressed.key))


def _gone(pressed: Pressed) -> Reply:
    return Reply(text=f"Alert {pressed.alert} is not there any more. /alerts lists the last ones.")


async def _text_of(file: discord.Attachment) -> str | Reply:
    """The text of a file that somebody sent; what is wrong with it, where it cannot be one."""
    if file.size > _MOST_BYTES:
        return Reply(text=f"The file is too long: {LONGEST:,} characters at most. Nothing was changed.")
    try:
        return (await call(file.read())).decode("utf-8-sig")
    except UnicodeDecodeError:
        return Reply(text="The file is no text (UTF-8). /config export gives one that is. Nothing was changed.")
    except DeliveryError as error:
        return Reply(text=f"I could not read the file: {error}. Nothing was changed. Try again.")
