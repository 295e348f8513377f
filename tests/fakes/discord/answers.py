"""How the app answers interactions: the callback within 3 s, then the interaction's webhook for 15 minutes."""

import time
from typing import Any

from tests.fakes.discord.components import check_modal
from tests.fakes.discord.content import check_edit, check_new, flags_after
from tests.fakes.discord.errors import (
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Form,
    refusal,
)
from tests.fakes.discord.interactions import (
    ACKNOWLEDGE_WITHIN_S,
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    TOKEN_LASTS_S,
    Interaction,
    Modal,
    metadata,
)
from tests.fakes.discord.objects import message_object
from tests.fakes.discord.world import APP_ID, BOT_USER, EPHEMERAL, LOADING, Json, Message, World

PONG, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
_ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED_MESSAGE, MODAL),
    COMPONENT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE),
}


class Answers:
    """Every interaction so far, and what the app may still answer to each. Raises DiscordRefusalError."""

    def __init__(self, world: World) -> None:
        self.acknowledge_within_s = ACKNOWLEDGE_WITHIN_S
        self.all: list[Interaction] = []
        self._world = world

    # --- the callback --------------------------------------------------------------------------------------------

    def callback(self, interaction_id: str, token: str, body: Json, *, with_response: bool) -> Json | None:
        """POST /interactions/{id}/{token}/callback"""
        interaction = next((it for it in self.all if (it.id, it.token) == (interaction_id, token)), None)
        if interaction is None:
            raise refusal(UNKNOWN_INTERACTION)
        self._note_time(interaction)
        if interaction.response_type is not None:
            raise refusal(ALREADY_ACKNOWLEDGED)
        kind, data = body.get("type"), body.get("data") or {}
        allowed = _ALLOWED[interaction.kind]
        if kind not in allowed or (kind in (DEFERRED_UPDATE, UPDATE) and interaction.message is None):
            form = Form()
            form.wrong("type", "BASE_TYPE_CHOICES", f"Value must be one of {allowed} for this interaction.")
            form.raise_if_wrong()
        assert isinstance(kind, int)
        self._respond(interaction, kind, data)
        interaction.response_type = kind
        interaction.answered.set()
        return self._callback_response(interaction) if with_response else None

    def _note_time(self, interaction: Interaction) -> None:
        """The first callback counts, late or not. Raises 10062 for a late one."""
        if interaction.acknowledged_at is None:
            interaction.acknowledged_at = time.monotonic()
        if interaction.problem is not None:
            raise refusal(UNKNOWN_INTERACTION)

    def _respond(self, interaction: Interaction, kind: int, data: Json) -> None:
        if kind == MESSAGE:
            payload = check_new(data, may_be_ephemeral=True)
            interaction.original = self._new_message(interaction, payload, int(data.get("flags", 0)))
        elif kind == DEFERRED_MESSAGE:
            flags = int(data.get("flags", 0)) & EPHEMERAL | LOADING
            interaction.original = self._new_message(interaction, {}, flags)
        elif kind == CHOICES:
            interaction.choices = _checked_choices(interaction, data)
        elif kind == MODAL:
            form = Form()
            check_modal(form, data)
            form.raise_if_wrong()
            interaction.modal = Modal(
                id=self._world.new_id(), person=interaction.person.id, channel=interaction.channel, definition=data,
                message=interaction.message,
            )  # fmt: skip
        else:
            assert interaction.message is not None
            interaction.original = interaction.message
            if kind == UPDATE:
                self._edit(interaction.message, data)

    def _callback_response(self, interaction: Interaction) -> Json:
        it: Json = {"id": interaction.id, "type": interaction.kind}
        original = interaction.original
        if original is not None:
            it |= {
                "response_message_id": original.id, "response_message_loading": original.thinking,
                "response_message_ephemeral": bool(original.flags & EPHEMERAL),
            }  # fmt: skip
        answer: Json = {"interaction": it}
        if original is not None and interaction.response_type in (MESSAGE, UPDATE):
            message = message_object(self._world, original)
            answer["resource"] = {"type": interaction.response_type, "message": message}
        return answer

    # --- the webhook ---------------------------------------------------------------------------------------------

    def follow_up(self, application: str, token: str, body: Json) -> Json:
        """POST /webhooks/{app}/{token}. Right after a deferral it fills the message that is thinking."""
        interaction = self._open(application, token)
        original = interaction.original
        if original is not None and original.thinking and not original.deleted:
            self._fill(original, check_new(body, may_be_ephemeral=True))
            return message_object(self._world, original)
        payload = check_new(body, may_be_ephemeral=True)
        message = self._new_message(interaction, payload, int(body.get("flags", 0)))
        interaction.followups.append(message)
        return message_object(self._world, message)

    def read(self, application: str, token: str, message_id: str) -> Json:
        return message_object(self._world, self._message(self._open(application, token), message_id))

    def edit(self, application: str, token: str, message_id: str, body: Json) -> Json:
        """PATCH …/messages/{id or @original}; a message that is thinking becomes what is said here."""
        message = self._message(self._open(application, token), message_id)
        if message.thinking:
            self._fill(message, check_edit(message, body))
        else:
            self._edit(message, body)
        return message_object(self._world, message)

    def delete(self, application: str, token: str, message_id: str) -> None:
        self._message(self._open(application, token), message_id).deleted = True

    def _open(self, application: str, token: str) -> Interaction:
        """The interaction whose token this is. An unacknowledged one has no webhook yet; a token lasts 15 minutes."""
        interaction = next((it for it in self.all if it.token == token), None)
        if application != APP_ID or interaction is None or interaction.response_type is None:
            raise refusal(UNKNOWN_WEBHOOK)
        if (self._world.now() - interaction.created_at).total_seconds() > TOKEN_LASTS_S:
            raise refusal(INVALID_WEBHOOK_TOKEN)
        return interaction

    def _message(self, interaction: Interaction, message_id: str) -> Message:
        mine = [interaction.original, *interaction.followups]
        for message in mine:
            if (
                message is not None
                and not message.deleted
                and message_id in (message.id, self._alias(interaction, message))
            ):
                return message
        raise refusal(UNKNOWN_MESSAGE)

    def _alias(self, interaction: Interaction, message: Message) -> str | None:
        return "@original" if message is interaction.original else None

    # --- messages ------------------------------------------------------------------------------------------------

    def _new_message(self, interaction: Interaction, payload: Json, flags: int) -> Message:
        kinds = {COMMAND: 20 if interaction.data.get("type") == 1 else 23}
        message = Message(
            id=self._world.new_id(), channel=interaction.channel.id, author=BOT_USER, created_at=self._world.now(),
            payload=payload, flags=flags, type=kinds.get(interaction.kind, 19), interaction=metadata(interaction),
            ephemeral_to=interaction.person.id if flags & EPHEMERAL else None,
        )  # fmt: skip
        message.remember()
        interaction.channel.messages.append(message)
        return message

    def _fill(self, message: Message, payload: Json) -> None:
        """The answer after a deferral. Whether it is ephemeral was said by then."""
        message.payload = payload
        message.flags &= ~LOADING
        message.remember()

    def _edit(self, message: Message, body: Json) -> None:
        message.payload = check_edit(message, body)
        message.flags = flags_after(message.payload, message.flags)
        message.edited_at = self._world.now()
        message.remember()


def _checked_choices(interaction: Interaction, data: Json) -> list[Json]:
    choices: Any = data.get("choices")
    form = Form()
    if not isinstance(choices, list) or len(choices) > 25:
        form.wrong("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        form.raise_if_wrong()
    for number, choice in enumerate(choices):
        form.too_long(f"data.choices.{number}.name", choice.get("name"), 100, least=1)
        if isinstance(choice.get("value"), str):
            form.too_long(f"data.choices.{number}.value", choice["value"], 100, least=1)
    form.raise_if_wrong()
    assert interaction.kind == AUTOCOMPLETE
    return list(choices)
