"""Which events an app hears, by the intents it asked for, and how a session begins."""

from collections.abc import Iterator

from tests.fakes.discord.app import Application, application_object
from tests.fakes.discord.objects import guild_create, user_object
from tests.fakes.discord.world import BOT_USER, Json, World

GUILDS, GUILD_REACTIONS, DIRECT_REACTIONS = 1 << 0, 1 << 10, 1 << 13

_ALWAYS = ("READY", "RESUMED", "INTERACTION_CREATE")
_OF_GUILDS = ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "GUILD_ROLE_UPDATE", "CHANNEL_CREATE",
              "CHANNEL_UPDATE", "CHANNEL_DELETE")  # fmt: skip
_OF_REACTIONS = ("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL",
                 "MESSAGE_REACTION_REMOVE_EMOJI")  # fmt: skip


def events_for(name: str, data: Json, intents: int) -> bool:
    """Does an app with these intents hear this event? Raises LookupError for an event not known here."""
    if name in _ALWAYS:
        return True
    if name in _OF_GUILDS:
        return bool(intents & GUILDS)
    if name in _OF_REACTIONS:
        return bool(intents & (GUILD_REACTIONS if "guild_id" in data else DIRECT_REACTIONS))
    raise LookupError(f"this local Discord has no event {name}")


def ready(world: World, app: Application, session_id: str, resume_url: str) -> Iterator[tuple[str, Json]]:
    """READY, then each guild the bot is in."""
    guilds = [guild for guild in world.guilds.values() if BOT_USER in guild.members]
    yield (
        "READY",
        {
            "v": 10, "user": {**user_object(world.users[BOT_USER]), "verified": True, "mfa_enabled": True},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds], "session_id": session_id,
            "resume_gateway_url": resume_url, "application": application_object(world, app, partial=True),
            "session_type": "normal", "private_channels": [], "relationships": [], "user_settings": {},
        },
    )  # fmt: skip
    for guild in guilds:
        if guild.available:
            yield "GUILD_CREATE", guild_create(world, guild)
