"""What there is in the local Discord: people, guilds, roles, channels, messages. Plain state; no HTTP here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.fakes.discord.permissions import (
    ALL,
    EVERYBODY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
    Overwrite,
    in_channel,
)

Json = dict[str, Any]
Found = TypeVar("Found")

APP_ID = "1200000000000000001"
BOT_USER = APP_ID  # for apps made since 2017 both ids are the same
EPOCH_MS = 1_420_070_400_000

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_EMBEDS = 1 << 2
TEXT, DIRECT, THREAD, FORUM = 0, 1, 11, 15  # channel types


@dataclass(eq=False, kw_only=True)
class User:
    id: str
    name: str
    bot: bool = False
    takes_messages: bool = True  # of bots, in private


@dataclass(eq=False, kw_only=True)
class Role:
    id: str
    name: str
    permissions: int
    position: int = 1
    mentionable: bool = False
    managed: bool = False


@dataclass(eq=False, kw_only=True)
class Emoji:
    """A custom emoji of a guild."""

    id: str
    name: str


@dataclass(eq=False, kw_only=True)
class File:
    """A file that somebody or the app has uploaded."""

    id: str
    filename: str
    content: bytes


@dataclass(eq=False, kw_only=True)
class Guild:
    id: str
    name: str
    owner: str
    roles: dict[str, Role] = field(default_factory=dict)  # the one with the guild's id is @everyone
    members: dict[str, list[str]] = field(default_factory=dict)  # user id -> role ids
    emojis: dict[str, Emoji] = field(default_factory=dict)
    available: bool = True


@dataclass(eq=False, kw_only=True)
class Reaction:
    emoji: Json  # {"id": None or a custom emoji's, "name": …}
    users: list[str] = field(default_factory=list)
    bursts: list[str] = field(default_factory=list)  # those who gave a super reaction

    @property
    def everyone(self) -> list[str]:
        return [*self.users, *self.bursts]


@dataclass(eq=False, kw_only=True)
class Message:
    """A message as it stands. `payload` holds content, embeds, components, attachments and allowed_mentions as last
    written."""

    id: str
    channel: str
    author: str
    created_at: datetime
    payload: Json
    flags: int = 0
    type: int = 0
    edited_at: datetime | None = None
    deleted: bool = False
    nonce: str | None = None
    ephemeral_to: str | None = None  # a user
    interaction: Json | None = None  # what it answers, as interaction_metadata
    reactions: list[Reaction] = field(default_factory=list)
    versions: list[Json] = field(default_factory=list)

    @property
    def content(self) -> str:
        return str(self.payload.get("content") or "")

    @property
    def embeds(self) -> list[Json]:
        return list(self.payload.get("embeds") or [])

    @property
    def components(self) -> list[Json]:
        return list(self.payload.get("components") or [])

    @property
    def attachments(self) -> list[Json]:
        return list(self.payload.get("attachments") or [])

    @property
    def thinking(self) -> bool:
        """Nothing but "Lapwing is thinking…" yet."""
        return bool(self.flags & LOADING)

    def remember(self) -> None:
        """Keep this version as one that people have seen."""
        self.versions.append({name: self.payload.get(name) for name in ("content", "embeds", "components")})


@dataclass(eq=False, kw_only=True)
class Channel:
    """A channel of a guild, with `parent` a thread in one or, with `recipient`, a direct one."""

    id: str
    name: str
    guild: str | None = None
    recipient: str | None = None
    parent: str | None = None
    type: int = TEXT
    locked: bool = False  # a thread
    archived: bool = False  # a thread
    overwrites: dict[str, Overwrite] = field(default_factory=dict)  # by role or user id
    messages: list[Message] = field(default_factory=list)  # oldest first, ephemeral ones among them
    deleted: bool = False

    def standing(self) -> list[Message]:
        """What is there for all to read."""
        return [message for message in self.messages if not message.deleted and message.ephemeral_to is None]


def speaking(channel: Channel) -> int:
    """The permission to say something there."""
    return SEND_MESSAGES if channel.parent is None else SEND_MESSAGES_IN_THREADS


class World:
    """Everything, and its clock: `advance` makes it later, for tokens that end and messages that grow old."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {BOT_USER: User(id=BOT_USER, name="lapwing", bot=True)}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.cdn_url = ""  # where files are given out
        self.nonces_last = timedelta(minutes=3)  # Discord: "the past few minutes"
        self._ahead = timedelta()
        self._last_id = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, **how_long: float) -> None:
        """Make it later by a timedelta's arguments, as `hours=1`."""
        self._ahead += timedelta(**how_long)

    def new_id(self) -> str:
        """A snowflake: the time in its upper bits, always rising."""
        milliseconds = int(self.now().timestamp() * 1000) - EPOCH_MS
        self._last_id = max(milliseconds << 22, self._last_id + 1)
        return str(self._last_id)

    def keep_file(self, filename: str, content: bytes) -> File:
        file = File(id=self.new_id(), filename=filename, content=content)
        self.files[file.id] = file
        return file

    def new_guild(self, name: str, owner: str, *, guild_id: str = "") -> Guild:
        guild = Guild(id=guild_id or self.new_id(), name=name, owner=owner)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=EVERYBODY, position=0)
        guild.members[owner] = []
        self.guilds[guild.id] = guild
        return guild

    def new_role(self, guild: Guild, name: str, permissions: int, *, mentionable: bool = False) -> Role:
        role = Role(
            id=self.new_id(), name=name, permissions=permissions, position=len(guild.roles), mentionable=mentionable
        )
        guild.roles[role.id] = role
        return role

    def channel_with(self, user: str) -> Channel:
        """The direct channel of the bot with that user, opened when first asked for."""
        for channel in self.channels.values():
            if channel.recipient == user:
                return channel
        channel = Channel(id=self.new_id(), name="", recipient=user)
        self.channels[channel.id] = channel
        return channel

    def channels_of(self, guild: Guild) -> list[Channel]:
        return [
            channel
            for channel in self.channels.values()
            if channel.guild == guild.id and channel.parent is None and not channel.deleted
        ]

    def guild_of(self, channel: Channel) -> Guild | None:
        return None if channel.guild is None else self.guilds[channel.guild]

    def message(self, channel: Channel, message_id: str) -> Message | None:
        """A message that all may read there, or None."""
        return next((message for message in channel.standing() if message.id == message_id), None)

    def permissions(self, user: str, channel: Channel) -> int:
        """What that user may do there; 0 for whoever is not in the guild."""
        guild = self.guild_of(channel)
        if guild is None:
            return EVERYBODY if user in (channel.recipient, BOT_USER) else 0
        if user not in guild.members:
            return 0
        role_ids = guild.members[user]
        ruling = channel if channel.parent is None else self.channels[channel.parent]
        return in_channel(
            everyone=guild.roles[guild.id].permissions,
            roles=[guild.roles[role_id].permissions for role_id in role_ids],
            is_owner=guild.owner == user,
            ids=(guild.id, role_ids, user),
            overwrites=ruling.overwrites,
            speaking=speaking(channel),
        )

    def guild_permissions(self, user: str, guild: Guild) -> int:
        """The same without any channel's overwrites."""
        if guild.owner == user:
            return ALL
        total = guild.roles[guild.id].permissions
        for role_id in guild.members.get(user, []):
            total |= guild.roles[role_id].permissions
        return total

    async def until(self, look: Callable[[], Found], timeout_s: float = 5.0) -> Found:
        """What `look` returns once it is true. Raises AssertionError after `timeout_s`."""
        end = asyncio.get_running_loop().time() + timeout_s
        while not (found := look()):
            assert asyncio.get_running_loop().time() < end, f"still {found!r} after {timeout_s} s"
            await asyncio.sleep(0.005)
        return found
