"""People for tests: what they type, press and see. `ada = discord.person("ada"); await ada.uses(ops, "/watch")`."""

from typing import TYPE_CHECKING, Any

from tests.fakes.discord import components, typed
from tests.fakes.discord.commands import CHAT, MESSAGE_MENU
from tests.fakes.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, Modal
from tests.fakes.discord.messages import react, reaction_event, unreact
from tests.fakes.discord.objects import message_object
from tests.fakes.discord.permissions import (
    ADD_REACTIONS,
    ADMINISTRATOR,
    MANAGE_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    USE_APPLICATION_COMMANDS,
    VIEW_CHANNEL,
)
from tests.fakes.discord.world import BOT_USER, Channel, Emoji, Guild, Json, Message, Role, User

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


class Person:
    """One person at a Discord client. What cannot be done there raises LookupError, ValueError or AssertionError here.

    Methods that reach the app return the Interaction once it is acknowledged or its 3 s are over.
    """

    def __init__(self, discord: "FakeDiscord", user: User) -> None:
        self._discord = discord
        self._world = discord.world
        self.user = user

    @property
    def id(self) -> str:
        return self.user.id

    # --- commands ------------------------------------------------------------------------------------------------

    async def uses(self, channel: Channel, command: str, **options: Any) -> Interaction:
        """A slash command with its options, as `uses(ops, "/labels set", labels="a, b")`."""
        definition, path, data = self._command(channel, command)
        guild = self._world.guild_of(channel)
        sent, resolved = typed.filled_in(self._world, guild, typed.leaf(definition, path), options)
        data["options"] = typed.nested(path, definition, sent)
        if resolved:
            data["resolved"] = resolved
        return await self._discord.interact(self._new(COMMAND, channel, data))

    async def types_into(self, channel: Channel, command: str, option: str, text: str, **others: Any) -> Interaction:
        """Type text into an option that completes; what is offered stands in `.choices`."""
        definition, path, data = self._command(channel, command)
        guild = self._world.guild_of(channel)
        values = {**others, option: text}
        sent, _ = typed.filled_in(self._world, guild, typed.leaf(definition, path), values, focused=option)
        data["options"] = typed.nested(path, definition, sent)
        return await self._discord.interact(self._new(AUTOCOMPLETE, channel, data))

    async def uses_message_command(self, message: Message, name: str) -> Interaction:
        """An entry of the message's menu under Apps."""
        self._can_read(message)
        assert message.ephemeral_to is None, "ephemeral messages have no app menu"
        channel = self._channel(message)
        definition = self._shown(channel, MESSAGE_MENU, name)
        seen = message_object(self._world, message)  # with a message command the app may read the target's content
        seen |= {"content": message.content, "embeds": message.embeds, "components": message.components}
        data = {
            "id": definition["id"], "name": name, "type": MESSAGE_MENU, "target_id": message.id,
            "resolved": {"messages": {message.id: seen}},
        }  # fmt: skip
        return await self._discord.interact(self._new(COMMAND, channel, data))

    def commands(self, channel: Channel) -> list[str]:
        """The slash commands this person is offered there."""
        every = [*self._discord.commands.all(channel.guild or ""), *self._discord.commands.all()]
        return [f"/{it['name']}" for it in every if it["type"] == CHAT and self._is_offered(channel, it)]

    def _command(self, channel: Channel, command: str) -> tuple[Json, list[str], Json]:
        name, path = typed.words(command)
        definition = self._shown(channel, CHAT, name)
        return definition, path, {"id": definition["id"], "name": name, "type": CHAT}

    def _shown(self, channel: Channel, kind: int, name: str) -> Json:
        self._is_there(channel)
        command = self._discord.commands.shown(channel.guild or "", kind, name)
        if command is None:
            raise LookupError(f"this app has no command {name!r}; were its commands synced?")
        if not self._is_offered(channel, command):
            raise LookupError(f"{self.user.name} is not offered {name!r} in #{channel.name}: permissions")
        return command

    def _is_offered(self, channel: Channel, command: Json) -> bool:
        needed = command["default_member_permissions"]
        mine = self._world.permissions(self.id, channel)
        if channel.guild is None:
            return (bool(command["dm_permission"]) and command["contexts"] in (None, [])) or 1 in (
                command["contexts"] or []
            )
        if not mine & USE_APPLICATION_COMMANDS:
            return False
        if needed is None or mine & ADMINISTRATOR:
            return True
        return int(needed) != 0 and mine & int(needed) == int(needed)

    # --- components and modals -----------------------------------------------------------------------------------

    async def presses(self, message: Message, which: str) -> Interaction:
        """The button with that label or custom_id."""
        self._can_read(message)
        button = components.button(message.components, which)
        assert button.get("style") != components.LINK, "a link opens the browser, and the app hears nothing of it"
        assert not button.get("disabled"), f"{which!r} is disabled"
        return await self.sends_component(message, button["custom_id"])

    async def chooses(self, message: Message, which: str) -> Interaction:
        """The option of a menu with that label or value."""
        self._can_read(message)
        menu, option = components.option(message.components, which)
        data = {"custom_id": menu["custom_id"], "component_type": components.SELECT, "values": [option["value"]]}
        return await self._discord.interact(self._new(COMPONENT, self._channel(message), data, message))

    async def sends_component(self, message: Message, custom_id: str) -> Interaction:
        """Any custom_id at all, as an old message could send it: unknown ids, ids never written."""
        data = {"custom_id": custom_id, "component_type": components.BUTTON}
        return await self._discord.interact(self._new(COMPONENT, self._channel(message), data, message))

    @property
    def modals(self) -> list[Modal]:
        """The modals before this person, the newest last."""
        return [modal for modal in self._discord.modals if modal.person == self.id]

    async def submits(self, modal: Modal, values: dict[str, str] | None = None) -> Interaction:
        """Fill in (by custom_id or label) and send off. It closes when the app acknowledges."""
        assert modal in self._discord.modals, "that modal is closed"
        state = self._filled_in(modal, values or {})
        data = {"custom_id": modal.definition["custom_id"], "components": state}
        interaction = await self._discord.interact(self._new(MODAL_SUBMIT, modal.channel, data, modal.message))
        if interaction.acknowledged:
            self._discord.modals.remove(modal)
        return interaction

    def _filled_in(self, modal: Modal, values: dict[str, str]) -> list[Json]:
        left, state = dict(values), []
        for number, part in enumerate(modal.definition["components"], start=1):
            if part["type"] == components.ROW:
                field = part["components"][0]
                state.append({"type": components.ROW, "components": [_entered(field, left)], "id": number})
            elif part["type"] == components.LABEL:
                field = {**part["component"], "label": part["label"]}
                state.append({"type": components.LABEL, "component": _entered(field, left), "id": number})
            else:
                state.append({"type": part["type"], "id": number})
        if left:
            raise LookupError(f"the modal {modal.title!r} has no field {sorted(left)}")
        return state

    # --- messages and reactions ----------------------------------------------------------------------------------

    async def says(self, channel: Channel, text: str) -> Message:
        """A plain message, which an app without the messages intent does not hear of."""
        self._may(channel, SEND_MESSAGES)
        message = Message(
            id=self._world.new_id(), channel=channel.id, author=self.id, created_at=self._world.now(),
            payload={"content": text},
        )  # fmt: skip
        message.remember()
        channel.messages.append(message)
        return message

    async def reacts(self, message: Message, emoji: str | Emoji, *, burst: bool = False) -> None:
        """Add a unicode emoji, or a custom one of the guild; `burst`: a super reaction."""
        await self._react(message, emoji, added=True, burst=burst)

    async def unreacts(self, message: Message, emoji: str | Emoji) -> None:
        await self._react(message, emoji, added=False)

    async def clears(self, message: Message, emoji: str = "") -> None:
        """Take away everybody's reactions, or everybody's with this unicode emoji."""
        channel = self._channel(message)
        self._may(channel, MANAGE_MESSAGES)
        gone = {"id": None, "name": emoji}
        message.reactions = [one for one in message.reactions if emoji and one.emoji != gone]
        event: Json = {"guild_id": channel.guild, "channel_id": channel.id, "message_id": message.id}
        if emoji:
            await self._discord.gateway.emit("MESSAGE_REACTION_REMOVE_EMOJI", {**event, "emoji": gone})
        else:
            await self._discord.gateway.emit("MESSAGE_REACTION_REMOVE_ALL", event)

    async def _react(self, message: Message, emoji: str | Emoji, *, added: bool, burst: bool = False) -> None:
        self._can_read(message)
        assert message.ephemeral_to is None, "nobody can react to an ephemeral message"
        channel = self._channel(message)
        written = {"id": None, "name": emoji} if isinstance(emoji, str) else {"id": emoji.id, "name": emoji.name}
        if added:
            self._may(channel, ADD_REACTIONS | READ_MESSAGE_HISTORY)
        news = react(message, written, self.id, burst=burst) if added else unreact(message, written, self.id)
        if news and self._bot_sees(channel):
            event = reaction_event(self._world, channel, message, written, self.id, added=added, burst=burst)
            await self._discord.gateway.emit("MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE", event)

    def deletes(self, message: Message) -> None:
        """Delete a message: their own, or anybody's with Manage Messages; an ephemeral one is dismissed."""
        if self.id not in (message.author, message.ephemeral_to):
            self._may(self._channel(message), MANAGE_MESSAGES)
        message.deleted = True

    # --- standing ------------------------------------------------------------------------------------------------

    def is_given(self, role: Role) -> None:
        """A role of the guild, and so its permissions."""
        guild = next(guild for guild in self._world.guilds.values() if role.id in guild.roles)
        guild.members[self.id].append(role.id)

    def joins(self, guild: Guild) -> None:
        guild.members.setdefault(self.id, [])

    def leaves(self, guild: Guild) -> None:
        guild.members.pop(self.id, None)

    # --- seeing --------------------------------------------------------------------------------------------------

    def sees(self, channel: Channel) -> list[Message]:
        """Everything this person reads there, oldest first: messages and what only they are shown."""
        self._is_there(channel)
        shown = [message for message in channel.messages if message.ephemeral_to in (None, self.id)]
        return [message for message in shown if not message.deleted]

    def ephemerals(self, channel: Channel) -> list[Message]:
        """What only this person is shown there."""
        return [message for message in self.sees(channel) if message.ephemeral_to == self.id]

    def thinking(self, channel: Channel) -> list[Message]:
        """What still says "Lapwing is thinking…" to them."""
        return [message for message in self.sees(channel) if message.thinking]

    # --- parts ---------------------------------------------------------------------------------------------------

    def _new(self, kind: int, channel: Channel, data: Json, message: Message | None = None) -> Interaction:
        return Interaction(
            id=self._world.new_id(), kind=kind, person=self.user, channel=channel, data=data, message=message,
            created_at=self._world.now(),
        )  # fmt: skip

    def _channel(self, message: Message) -> Channel:
        return self._world.channels[message.channel]

    def _bot_sees(self, channel: Channel) -> bool:
        return bool(self._world.permissions(BOT_USER, channel) & VIEW_CHANNEL)

    def _is_there(self, channel: Channel) -> None:
        self._may(channel, VIEW_CHANNEL)

    def _may(self, channel: Channel, permission: int) -> None:
        mine = self._world.permissions(self.id, channel)
        assert not channel.deleted, f"#{channel.name} is deleted"
        assert mine & permission == permission, f"{self.user.name} may not do that in #{channel.name}"

    def _can_read(self, message: Message) -> None:
        assert not message.deleted, "the message is deleted"
        assert message.ephemeral_to in (None, self.id), "only somebody else is shown this message"
        self._is_there(self._channel(message))


def _entered(field: Json, values: dict[str, str]) -> Json:
    """A field with what was entered, taken out of `values`. Raises ValueError where the client does not let it go."""
    name = next((name for name in (field["custom_id"], field.get("label")) if name in values), None)
    text = values.pop(name) if name is not None else field.get("value") or ""
    if field["type"] == components.SELECT:
        if text and text not in [entry["value"] for entry in field["options"]]:
            raise ValueError(f"{text!r} is no option of {field.get('label')!r}")
        return {"type": components.SELECT, "custom_id": field["custom_id"], "values": [text] if text else []}
    least = field.get("min_length") or (1 if field.get("required", True) else 0)
    if (text or field.get("required", True)) and not least <= len(text) <= field.get("max_length", 4000):
        raise ValueError(f"{field.get('label')!r} takes {least} to {field.get('max_length', 4000)} characters")
    return {"type": components.TEXT_INPUT, "custom_id": field["custom_id"], "value": text, "id": 0}
