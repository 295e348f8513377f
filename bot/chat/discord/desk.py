"""What people type, press and fill in in Discord: acknowledged at once, handed to the house, answered.

A platform opens a desk once its client is logged in, before it connects; commands and buttons find it there:

    client.add_dynamic_items(OurButton)
    client.desk = Desk(client, inbound, clock)

The client calls `heard` for every interaction (`on_interaction`), and what Discord tells by itself.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any

import discord

from bot.chat.answers import NEITHER_ALERT_NOR_LINK, UNKNOWN_BUTTON, why
from bot.chat.base import DeliveryError, Inbound
from bot.chat.discord import incoming, lines, modals, voice
from bot.chat.discord.asking import Asking, tell
from bot.chat.discord.buttons import Pressed, Verb, parse_custom_id
from bot.chat.discord.client import Cleared, Client
from bot.chat.discord.ears import Ears
from bot.chat.discord.errors import call
from bot.chat.discord.incoming import asked, place
from bot.chat.discord.presses import Presses
from bot.chat.discord.tree import Tree
from bot.chat.discord.voice import Voice
from bot.chat.patience import Seen
from bot.commands.config_file import LONGEST
from bot.commands.suggest import Suggest
from bot.commands.types import Reply
from sources.clock import Clock
from storage.types import Receipt

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

_MOST_BYTES = 4 * LONGEST
"""No file of so many characters is larger."""

_READ_WITHIN_S = 30.0

_NOT_HERE = Reply(text="Between the two of us nothing is set. Ask in the channel that this is about.")
_ONE_OF_THEM = Reply(text="Give me the settings as yaml or as a file, not as both. Nothing was changed.")
_OUTDATED = Reply(
    text="Discord still shows you an older form of my commands. Nothing was changed. Reload Discord (Ctrl+R), or wait "
    "some minutes, and try again."
)


class Desk:
    """Everything that people can do with commands, menus, buttons and dialogs."""

    def __init__(self, client: Client, inbound: Inbound, clock: Clock) -> None:
        """A client has one desk: its commands are made here."""
        self._client = client
        self._inbound = inbound
        self._ears = Ears(client, Tree(client), inbound, clock)
        self._asking = Asking(inbound)
        self._presses = Presses(inbound, self._asking)
        self._seen = Seen()

    # --- commands and menus ------------------------------------------------------------------------------------------

    async def asks(self, interaction: Interaction, line: str) -> None:
        """A command, as the line that the grammar knows. Who sees the answer is settled first: Discord wants it so."""
        if self._is_news(interaction):
            question = asked(interaction, line)
            speaking = await voice.of_command(interaction, public=self._inbound.is_public(question))
            await self._guarded(speaking, self._asking.answer(question, speaking))

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
            await self._asking.answer(asked(interaction, lines.imported(text)), speaking)

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
        where, link = place(interaction), incoming.first_link(message)
        line = await why(self._inbound, where, Receipt(str(message.id)), link)
        if line:
            await self._asking.answer(asked(interaction, line), speaking)
        else:
            await tell(speaking, NEITHER_ALERT_NOR_LINK)

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
        if interaction.guild_id is None:
            await tell(speaking, _NOT_HERE)
            return
        await self._guarded(speaking, self._presses.press(interaction, pressed, speaking))

    async def heard(self, interaction: Interaction) -> None:
        """Any interaction: what was filled into dialogs is taken here, and buttons that nobody knows any more."""
        data: dict[str, Any] = dict(interaction.data or {})
        if interaction.type is discord.InteractionType.modal_submit and self._is_news(interaction):
            speaking = await voice.of_dialog(interaction)
            await self._guarded(speaking, self._presses.fill_in(interaction, data, speaking))
        elif interaction.type is discord.InteractionType.component and parse_custom_id(data["custom_id"]) is None:
            await tell(await voice.of_press(interaction), UNKNOWN_BUTTON)

    # --- what Discord tells by itself --------------------------------------------------------------------------------

    async def connected(self) -> None:
        """A session has begun: what was done before it was not heard."""
        await self._ears.connected()

    async def reacted(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody gave a reaction or took it back."""
        await self._ears.reacted(event)

    async def cleared(self, event: Cleared) -> None:
        """Somebody took away what others gave."""
        await self._ears.cleared(event)

    async def joined(self, guild: discord.Guild) -> None:
        """We were added to a server."""
        await self._ears.joined(guild)

    # --- parts -------------------------------------------------------------------------------------------------------

    async def _open(self, interaction: Interaction, dialog: discord.ui.Modal) -> None:
        """A dialog is an acknowledgement itself: nothing else can be said of it."""
        try:
            await call(interaction.response.send_modal(dialog))
        except DeliveryError as error:
            log.warning("unopened dialog reason=%r", str(error))

    async def _guarded(self, speaking: Voice, doing: Coroutine[Any, Any, None]) -> None:
        """A fault of ours gets a code that stands in the log beside it, and is told to whoever met it."""
        try:
            await self._client.until_closed(doing)
        except Exception:
            code = secrets.token_hex(2)
            log.exception("failed interaction code=%s", code)
            await tell(speaking, Reply(text=f"Sorry, that did not work. Code {code}."))

    def _is_news(self, interaction: Interaction) -> bool:
        """Whatever comes twice over a connection that is taken up again is done once."""
        return self._seen.is_news(str(interaction.id))


async def _text_of(file: discord.Attachment) -> str | Reply:
    """The text of a file that somebody sent; what is wrong with it, where it cannot be one."""
    if file.size > _MOST_BYTES:
        return Reply(text=f"The file is too long: {LONGEST:,} characters at most. Nothing was changed.")
    try:
        return (await call(asyncio.wait_for(file.read(), _READ_WITHIN_S))).decode("utf-8-sig")
    except UnicodeDecodeError:
        return Reply(text="The file is no text (UTF-8). /config export gives one that is. Nothing was changed.")
    except DeliveryError as error:
        return Reply(text=f"I could not read the file: {error}. Nothing was changed. Try again.")
