"""What the real discord.py makes of a message of Lapwing's, as Discord takes it and as people read it. Pure."""

import re
from functools import cache

from discord import ActionRow
from discord.http import handle_message_parameters

from bot.chat.discord.message import Message
from tests.fakes.discord.content import check_new
from tests.fakes.discord.effects import Effect, effects_of
from tests.fakes.discord.permissions import EVERYBODY, MENTION_EVERYONE
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Json, User

HOSTILE_ID = "123456789012345678"
"""The person whom many of the hostile strings name."""


def drawn(message: Message) -> Json:
    """What goes over the wire. Raises what Discord would answer."""
    with handle_message_parameters(**message.arguments()) as made:
        assert made.payload is not None
        payload = dict(made.payload)
    taken = check_new(payload, may_be_ephemeral=False)
    assert str(taken["content"]).strip(), "push messages would say nothing"
    return payload


def done(payload: Json) -> list[Effect]:
    """What a payload does where Lapwing may ping everybody, the person whom hostile strings name included."""
    discord = _where_all_may_be_pinged()
    return effects_of(payload, discord.world, channel=discord.channel("ops").id)


@cache
def _where_all_may_be_pinged() -> FakeDiscord:
    discord = FakeDiscord()
    discord.guild(bot_permissions=EVERYBODY | MENTION_EVERYONE)
    discord.channel("ops")
    discord.world.users[HOSTILE_ID] = User(id=HOSTILE_ID, name="ada")
    return discord


def as_read(text: str) -> str:
    """What people read of harmless markdown: backslashes before punctuation are not shown."""
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", text)


def components_of(payload: Json) -> list[ActionRow]:
    """The rows of a payload as discord.py has them in a message that it read."""
    return [ActionRow(row) for row in payload["components"]]
