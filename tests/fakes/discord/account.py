"""REST: who the bot is, its commands, its guilds, their members. Each function takes the request's parts and answers
with what stands in the body; it raises DiscordRefusalError."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.app import Application, application_object
from tests.fakes.discord.commands import Registry
from tests.fakes.discord.errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_APPLICATION,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_USER,
    refusal,
)
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.objects import channel_object, guild_object, member_object, role_object, user_object
from tests.fakes.discord.permissions import MANAGE_THREADS, VIEW_CHANNEL
from tests.fakes.discord.world import APP_ID, BOT_USER, Channel, Guild, Json, World, speaking


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: the parts of its path, its query and its body."""

    parts: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(kw_only=True)
class Office:
    """What the REST routes work on. `emit` sends an event to the app, soon."""

    world: World
    app: Application
    commands: Registry
    limits: Limits
    gateway_url: str = ""
    emit: Any = None

    def guild(self, asked: Asked) -> Guild:
        """The guild of the path. Raises 10004, also where the bot is no member."""
        guild = self.world.guilds.get(asked.parts["guild_id"])
        if guild is None or BOT_USER not in guild.members:
            raise refusal(UNKNOWN_GUILD)
        return guild

    def channel(self, asked: Asked) -> Channel:
        """The channel of the path, which the bot can see. Raises 10003 or 50001."""
        channel = self.world.channels.get(asked.parts["channel_id"])
        if channel is None or channel.deleted:
            raise refusal(UNKNOWN_CHANNEL)
        if not self.world.permissions(BOT_USER, channel) & VIEW_CHANNEL:
            raise refusal(MISSING_ACCESS)
        return channel


def gateway(office: Office, _: Asked) -> Json:
    left = office.app.identifies_left
    limit = {"total": 1000, "remaining": left, "reset_after": 14_400_000, "max_concurrency": 1}
    return {"url": office.gateway_url, "shards": 1, "session_start_limit": limit}


def me(office: Office, _: Asked) -> Json:
    return {**user_object(office.world.users[BOT_USER]), "verified": True, "mfa_enabled": True, "email": None}


def application(office: Office, _: Asked) -> Json:
    return application_object(office.world, office.app)


def user(office: Office, asked: Asked) -> Json:
    found = office.world.users.get(asked.parts["user_id"])
    if found is None:
        raise refusal(UNKNOWN_USER)
    return user_object(found)


def open_direct_channel(office: Office, asked: Asked) -> Json:
    recipient = str((asked.body or {}).get("recipient_id"))
    if recipient not in office.world.users or recipient == BOT_USER:
        raise refusal(UNKNOWN_USER)
    return channel_object(office.world, office.world.channel_with(recipient))


def my_guilds(office: Office, _: Asked) -> list[Json]:
    return [
        {
            "id": guild.id, "name": guild.name, "icon": None, "owner": guild.owner == BOT_USER, "features": [],
            "permissions": str(office.world.guild_permissions(BOT_USER, guild)),
        }
        for guild in office.world.guilds.values()
        if BOT_USER in guild.members
    ]  # fmt: skip


def guild(office: Office, asked: Asked) -> Json:
    return guild_object(office.world, office.guild(asked))


def guild_channels(office: Office, asked: Asked) -> list[Json]:
    return [channel_object(office.world, channel) for channel in office.world.channels_of(office.guild(asked))]


def guild_roles(office: Office, asked: Asked) -> list[Json]:
    return [role_object(role) for role in office.guild(asked).roles.values()]


def member(office: Office, asked: Asked) -> Json:
    """GET /guilds/{guild_id}/members/{user_id}; the bot asks for itself with @me or its own id."""
    guild = office.guild(asked)
    who = BOT_USER if asked.parts["user_id"] == "@me" else asked.parts["user_id"]
    if who not in guild.members:
        raise refusal(UNKNOWN_MEMBER)
    return member_object(office.world, guild, who)


def channel(office: Office, asked: Asked) -> Json:
    return channel_object(office.world, office.channel(asked))


def open_thread(office: Office, asked: Asked) -> Json:
    """PATCH /channels/{channel_id}, as far as a thread is taken out of the archive."""
    channel = office.channel(asked)
    mine = office.world.permissions(BOT_USER, channel)
    if asked.body != {"archived": False} or not mine & (MANAGE_THREADS if channel.locked else speaking(channel)):
        raise refusal(MISSING_PERMISSIONS)
    channel.archived = False
    return channel_object(office.world, channel)


def commands(office: Office, asked: Asked) -> list[Json]:
    return office.commands.all(_scope(office, asked))


def write_commands(office: Office, asked: Asked) -> list[Json]:
    return office.commands.write(_scope(office, asked), asked.body)


def _scope(office: Office, asked: Asked) -> str:
    if asked.parts["application_id"] != APP_ID:
        raise refusal(UNKNOWN_APPLICATION)
    if "guild_id" not in asked.parts:
        return ""
    found = office.world.guilds.get(asked.parts["guild_id"])
    if found is None or BOT_USER not in found.members:
        raise refusal(MISSING_ACCESS)
    return found.id
