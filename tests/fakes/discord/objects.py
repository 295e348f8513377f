"""How Discord writes its objects as JSON. Pure, from docs.discord.com/developers/resources."""

from datetime import datetime

from tests.fakes.discord.world import APP_ID, BOT_USER, DIRECT, Channel, Guild, Json, Message, Role, User, World


def written(moment: datetime | None) -> str | None:
    """2026-11-02T10:00:00.000000+00:00"""
    return None if moment is None else moment.isoformat(timespec="microseconds")


def user_object(user: User) -> Json:
    it: Json = {
        "id": user.id, "username": user.name, "discriminator": "0", "global_name": user.name.title(), "avatar": None,
        "public_flags": 0,
    }  # fmt: skip
    return it | ({"bot": True} if user.bot else {})


def member_object(world: World, guild: Guild, user: str, channel: Channel | None = None) -> Json:
    """A guild member; with a channel also what they may do there, as interactions tell it."""
    it: Json = {
        "user": user_object(world.users[user]), "nick": None, "avatar": None, "roles": list(guild.members[user]),
        "joined_at": "2026-01-01T00:00:00.000000+00:00", "premium_since": None, "deaf": False, "mute": False,
        "flags": 0, "pending": False, "communication_disabled_until": None,
    }  # fmt: skip
    return it if channel is None else it | {"permissions": str(world.permissions(user, channel))}


def role_object(role: Role) -> Json:
    return {
        "id": role.id, "name": role.name, "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "hoist": False, "icon": None,
        "unicode_emoji": None, "position": role.position, "permissions": str(role.permissions),
        "managed": role.managed, "mentionable": role.mentionable, "flags": 0,
    }  # fmt: skip


def channel_object(world: World, channel: Channel) -> Json:
    last = channel.standing()[-1].id if channel.standing() else None
    guild = world.guild_of(channel)
    if guild is None:
        assert channel.recipient is not None
        recipient = user_object(world.users[channel.recipient])
        return {"id": channel.id, "type": DIRECT, "last_message_id": last, "recipients": [recipient], "flags": 0}
    overwrites = [
        {"id": who, "type": 0 if who in guild.roles else 1, "allow": str(it.allow), "deny": str(it.deny)}
        for who, it in channel.overwrites.items()
    ]
    if channel.parent is not None:
        return {
            "id": channel.id, "type": channel.type, "guild_id": guild.id, "parent_id": channel.parent,
            "name": channel.name, "owner_id": guild.owner, "last_message_id": last, "rate_limit_per_user": 0,
            "message_count": len(channel.standing()), "member_count": 1, "flags": 0,
            "thread_metadata": {
                "archived": channel.archived, "auto_archive_duration": 1440, "locked": channel.locked,
                "archive_timestamp": "2026-11-02T09:00:00.000000+00:00",
            },
        }  # fmt: skip
    return {
        "id": channel.id, "type": channel.type, "guild_id": guild.id, "name": channel.name, "topic": None,
        "position": 0, "permission_overwrites": overwrites, "nsfw": False, "last_message_id": last,
        "rate_limit_per_user": 0, "parent_id": None, "flags": 0,
    }  # fmt: skip


def guild_object(world: World, guild: Guild) -> Json:
    """As GET /guilds/{id} answers it."""
    emojis = [
        {"id": emoji.id, "name": emoji.name, "roles": [], "require_colons": True, "managed": False, "animated": False,
         "available": True}
        for emoji in guild.emojis.values()
    ]  # fmt: skip
    return {
        "id": guild.id, "name": guild.name, "icon": None, "splash": None, "discovery_splash": None,
        "owner_id": guild.owner, "afk_channel_id": None, "afk_timeout": 300, "verification_level": 1,
        "default_message_notifications": 1, "explicit_content_filter": 0, "emojis": emojis, "features": [],
        "roles": [role_object(role) for role in guild.roles.values()], "mfa_level": 0, "application_id": None,
        "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None, "vanity_url_code": None,
        "description": None, "banner": None, "premium_tier": 0, "preferred_locale": "en-US",
        "public_updates_channel_id": None, "nsfw_level": 0, "premium_progress_bar_enabled": False, "stickers": [],
    }  # fmt: skip


def guild_create(world: World, guild: Guild) -> Json:
    """The event: the guild with its channels and, without the members intent, only the bot among the members."""
    return guild_object(world, guild) | {
        "joined_at": "2026-01-01T00:00:00.000000+00:00", "large": False, "unavailable": False,
        "member_count": len(guild.members), "voice_states": [], "threads": [], "presences": [], "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
        "channels": [channel_object(world, channel) for channel in world.channels_of(guild)],
        "members": [member_object(world, guild, BOT_USER)],
    }  # fmt: skip


def message_object(world: World, message: Message, *, with_nonce: bool = False) -> Json:
    """The message as the bot reads it, which sees the content of its own messages without any intent."""
    theirs = message.author != BOT_USER and message.interaction is None
    it: Json = {
        "id": message.id, "channel_id": message.channel, "author": user_object(world.users[message.author]),
        "content": "" if theirs else message.content, "timestamp": written(message.created_at),
        "edited_timestamp": written(message.edited_at), "tts": False, "mention_everyone": False, "mentions": [],
        "mention_roles": [], "attachments": [] if theirs else message.attachments,
        "embeds": [] if theirs else [_embed(it) for it in message.embeds],
        "components": [] if theirs else message.components, "pinned": False, "type": message.type,
        "flags": message.flags,
    }  # fmt: skip
    if message.reactions:
        it["reactions"] = [
            {
                "emoji": reaction.emoji, "count": len(reaction.everyone), "me": BOT_USER in reaction.users,
                "count_details": {"burst": len(reaction.bursts), "normal": len(reaction.users)},
                "me_burst": BOT_USER in reaction.bursts, "burst_colors": [],
            }
            for reaction in message.reactions
        ]  # fmt: skip
    if message.interaction is not None:
        it |= {"interaction_metadata": message.interaction, "webhook_id": APP_ID, "application_id": APP_ID}
    if with_nonce and message.nonce is not None:
        it["nonce"] = message.nonce
    return it


def _embed(embed: Json) -> Json:
    return {"type": "rich", **embed}
