"""An interaction from the person's press to the app's answers, and the payload that tells the app of it."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime

from tests.fakes.discord.objects import channel_object, guild_object, member_object, message_object, user_object
from tests.fakes.discord.world import APP_ID, BOT_USER, Channel, Json, Message, User, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LASTS_S = 15 * 60.0


@dataclass(eq=False, kw_only=True)
class Modal:
    """A modal open before a person. `definition` is what the app sent."""

    id: str
    person: str
    channel: Channel
    definition: Json
    message: Message | None  # whose button opened it

    @property
    def title(self) -> str:
        return str(self.definition["title"])


@dataclass(eq=False, kw_only=True)
class Interaction:
    """One interaction. Times are of time.monotonic(), in seconds, but `created_at`, which is the world's.

    problem: None, "timeout" (no answer within 3 s) or "no_connection" (nobody was there to hear it). What the person
    then reads is "The application did not respond".
    """

    id: str
    kind: int
    person: User
    channel: Channel
    data: Json
    created_at: datetime
    message: Message | None = None  # of the component
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    sent_at: float = field(default_factory=time.monotonic)
    acknowledged_at: float | None = None
    response_type: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Modal | None = None
    problem: str | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acknowledged(self) -> bool:
        """In time."""
        return self.response_type is not None

    @property
    def deferred(self) -> bool:
        """Acknowledged without an answer: 5 or 6."""
        return self.response_type in (5, 6)

    @property
    def latency_s(self) -> float | None:
        """How long the acknowledgement took, also when it came too late; None while there is none."""
        return None if self.acknowledged_at is None else self.acknowledged_at - self.sent_at

    @property
    def answers(self) -> list[Message]:
        """The messages it was answered with, those deleted left out: the original, then the follow-ups."""
        own = [self.original] if self.original is not None and self.original is not self.message else []
        return [message for message in [*own, *self.followups] if not message.deleted]

    @property
    def answer(self) -> Message:
        """The only answer. Raises ValueError where there is none, or more than one."""
        (only,) = self.answers
        return only


def payload(world: World, interaction: Interaction) -> Json:
    """INTERACTION_CREATE."""
    channel, person = interaction.channel, interaction.person
    guild = world.guild_of(channel)
    it: Json = {
        "id": interaction.id, "application_id": APP_ID, "type": interaction.kind, "data": interaction.data,
        "token": interaction.token, "version": 1, "channel_id": channel.id, "locale": "en-US",
        "app_permissions": str(world.permissions(BOT_USER, channel)), "entitlements": [],
        "channel": channel_object(world, channel) | {"permissions": str(world.permissions(person.id, channel))},
        "authorizing_integration_owners": {"0": guild.id if guild else "0"}, "context": 0 if guild else 1,
        "attachment_size_limit": 10_485_760,
    }  # fmt: skip
    if guild is not None:
        whole = guild_object(world, guild)
        it |= {
            "guild_id": guild.id, "guild_locale": "en-US", "member": member_object(world, guild, person.id, channel),
            "guild": {"id": guild.id, "locale": "en-US", "features": whole["features"]},
        }  # fmt: skip
    else:
        it["user"] = user_object(person)
    if interaction.message is not None:
        it["message"] = message_object(world, interaction.message)
    return it


def metadata(interaction: Interaction) -> Json:
    """What a message keeps of the interaction it answers."""
    it: Json = {
        "id": interaction.id, "type": interaction.kind, "user": user_object(interaction.person),
        "authorizing_integration_owners": {"0": interaction.channel.guild or "0"},
    }  # fmt: skip
    if interaction.kind == COMMAND:
        it["name"] = interaction.data["name"]
    return it
