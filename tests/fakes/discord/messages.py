"""REST: the messages of a channel and their reactions. Each function raises DiscordRefusalError."""

from datetime import timedelta

from tests.fakes.discord.account import Asked, Office
from tests.fakes.discord.content import check_edit, check_new, flags_after
from tests.fakes.discord.errors import (
    CANNOT_SEND_TO_USER,
    MISSING_PERMISSIONS,
    NOT_A_TEXT_CHANNEL,
    NOT_YOUR_MESSAGE,
    THREAD_ARCHIVED,
    THREAD_LOCKED,
    TOO_MANY_OLD_EDITS,
    UNKNOWN_EMOJI,
    UNKNOWN_MESSAGE,
    Form,
    refusal,
)
from tests.fakes.discord.objects import member_object, message_object, user_object
from tests.fakes.discord.permissions import (
    ADD_REACTIONS,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    MANAGE_THREADS,
    READ_MESSAGE_HISTORY,
)
from tests.fakes.discord.world import BOT_USER, FORUM, Channel, Guild, Json, Message, Reaction, World, speaking

OLD = timedelta(hours=1)


def send(office: Office, asked: Asked) -> Json:
    """POST /channels/{channel_id}/messages. With enforce_nonce, the first message of that nonce in the last minutes."""
    channel, body = office.channel(asked), asked.body or {}
    _may(office, channel, speaking(channel))
    if channel.type == FORUM:
        raise refusal(NOT_A_TEXT_CHANNEL)
    if channel.locked and not office.world.permissions(BOT_USER, channel) & MANAGE_THREADS:
        raise refusal(THREAD_LOCKED)
    if channel.recipient is not None and not office.world.users[channel.recipient].takes_messages:
        raise refusal(CANNOT_SEND_TO_USER)
    payload = check_new(body, may_be_ephemeral=False)
    if payload.get("embeds"):
        _may(office, channel, EMBED_LINKS)
    nonce = None if body.get("nonce") is None else str(body["nonce"])
    if nonce is not None and body.get("enforce_nonce"):
        first = _with_nonce(office.world, nonce)
        if first is not None:
            return message_object(office.world, first, with_nonce=True)
    message = Message(
        id=office.world.new_id(), channel=channel.id, author=BOT_USER, created_at=office.world.now(),
        payload=payload, flags=payload.get("flags", 0), nonce=nonce,
    )  # fmt: skip
    message.remember()
    channel.messages.append(message)
    channel.archived = False
    return message_object(office.world, message, with_nonce=True)


def edit(office: Office, asked: Asked) -> Json:
    """PATCH …/messages/{message_id}; 30046 where too many old messages of the channel were edited lately."""
    channel = office.channel(asked)
    message = _message(office, channel, asked)
    if message.author != BOT_USER:
        raise refusal(NOT_YOUR_MESSAGE)
    if channel.archived:
        raise refusal(THREAD_ARCHIVED)
    payload = check_edit(message, asked.body or {})
    if office.world.now() - message.created_at > OLD and (wait := office.limits.take_old_edit(channel.id)):
        raise refusal(TOO_MANY_OLD_EDITS, retry_after=round(wait, 3), **{"global": False})
    message.payload = payload
    message.flags = flags_after(payload, message.flags)
    message.edited_at = office.world.now()
    message.remember()
    return message_object(office.world, message)


def delete(office: Office, asked: Asked) -> None:
    channel = office.channel(asked)
    message = _message(office, channel, asked)
    if message.author != BOT_USER:
        _may(office, channel, MANAGE_MESSAGES)
    message.deleted = True


def one(office: Office, asked: Asked) -> Json:
    channel = office.channel(asked)
    _may(office, channel, READ_MESSAGE_HISTORY)
    return message_object(office.world, _message(office, channel, asked))


def history(office: Office, asked: Asked) -> list[Json]:
    """GET …/messages, the newest first. Without Read Message History there are none, and no error."""
    channel = office.channel(asked)
    limit = _limit(asked, most=100, usual=50)
    given = [name for name in ("before", "after", "around") if name in asked.query]
    if len(given) > 1:
        form = Form()
        form.wrong("_all", "MUTUALLY_EXCLUSIVE", "before, after and around are mutually exclusive.")
        form.raise_if_wrong()
    if not office.world.permissions(BOT_USER, channel) & READ_MESSAGE_HISTORY:
        return []
    found = channel.standing()
    if "before" in asked.query:
        found = [message for message in found if int(message.id) < int(asked.query["before"])][-limit:]
    elif "after" in asked.query:
        found = [message for message in found if int(message.id) > int(asked.query["after"])][:limit]
    elif "around" in asked.query:
        middle = int(asked.query["around"])
        earlier = [message for message in found if int(message.id) < middle][-(limit // 2) :]
        found = earlier + [message for message in found if int(message.id) >= middle][: limit - len(earlier)]
    else:
        found = found[-limit:]
    return [message_object(office.world, message) for message in reversed(found)]


# --- reactions -------------------------------------------------------------------------------------------------------


def who_reacted(office: Office, asked: Asked) -> list[Json]:
    """GET …/reactions/{emoji}, by user id, `after` one of them; of `type` 1 those who gave a super reaction."""
    channel = office.channel(asked)
    _may(office, channel, READ_MESSAGE_HISTORY)
    message = _message(office, channel, asked)
    limit, after = _limit(asked, most=100, usual=25), int(asked.query.get("after", "0"))
    emoji = as_emoji(office.world, office.world.guild_of(channel), asked.parts["emoji"])
    reaction = next((one for one in message.reactions if one.emoji == emoji), Reaction(emoji=emoji))
    users = reaction.bursts if asked.query.get("type") == "1" else reaction.users
    sorted_ids = sorted((it for it in users if int(it) > after), key=int)
    return [user_object(office.world.users[it]) for it in sorted_ids[:limit]]


def add_reaction(office: Office, asked: Asked) -> None:
    """PUT …/reactions/{emoji}/@me"""
    channel = office.channel(asked)
    _may(office, channel, ADD_REACTIONS)
    _may(office, channel, READ_MESSAGE_HISTORY)
    message = _message(office, channel, asked)
    emoji = as_emoji(office.world, office.world.guild_of(channel), asked.parts["emoji"])
    if react(message, emoji, BOT_USER):
        office.emit("MESSAGE_REACTION_ADD", reaction_event(office.world, channel, message, emoji, BOT_USER, added=True))


def remove_reaction(office: Office, asked: Asked) -> None:
    """DELETE …/reactions/{emoji}/{user_id or @me}"""
    channel = office.channel(asked)
    message = _message(office, channel, asked)
    who = asked.parts["user_id"]
    if who != "@me":
        _may(office, channel, MANAGE_MESSAGES)
    user = BOT_USER if who == "@me" else who
    emoji = as_emoji(office.world, office.world.guild_of(channel), asked.parts["emoji"])
    if unreact(message, emoji, user):
        event = reaction_event(office.world, channel, message, emoji, user, added=False)
        office.emit("MESSAGE_REACTION_REMOVE", event)


def as_emoji(world: World, guild: Guild | None, written: str) -> Json:
    """ "👍", or "name:id" of a custom emoji. Raises 10014 for what is neither."""
    name, _, emoji_id = written.partition(":")
    if emoji_id:
        custom = guild.emojis.get(emoji_id) if guild is not None else None
        if custom is None or custom.name != name:
            raise refusal(UNKNOWN_EMOJI)
        return {"id": custom.id, "name": custom.name}
    if not written or written.isascii():
        raise refusal(UNKNOWN_EMOJI)
    return {"id": None, "name": written}


def react(message: Message, emoji: Json, user: str, *, burst: bool = False) -> bool:
    """Add it; False when it was there."""
    reaction = next((it for it in message.reactions if it.emoji == emoji), None)
    if reaction is None:
        reaction = Reaction(emoji=emoji)
        message.reactions.append(reaction)
    if user in reaction.everyone:
        return False
    (reaction.bursts if burst else reaction.users).append(user)
    return True


def unreact(message: Message, emoji: Json, user: str) -> bool:
    """Take it away; False when it was not there."""
    for reaction in message.reactions:
        if reaction.emoji == emoji and user in reaction.everyone:
            (reaction.users if user in reaction.users else reaction.bursts).remove(user)
            if not reaction.everyone:
                message.reactions.remove(reaction)
            return True
    return False


def reaction_event(
    world: World, channel: Channel, message: Message, emoji: Json, user: str, *, added: bool, burst: bool = False
) -> Json:
    """MESSAGE_REACTION_ADD or _REMOVE; only the first names the member and the message's author."""
    event: Json = {
        "user_id": user, "channel_id": channel.id, "message_id": message.id, "emoji": emoji, "type": int(burst),
        "burst": burst,
    }  # fmt: skip
    guild = world.guild_of(channel)
    if guild is not None:
        event["guild_id"] = guild.id
    if added:
        event["message_author_id"] = message.author
        if guild is not None:
            event["member"] = member_object(world, guild, user)
    return event


# --- checks ----------------------------------------------------------------------------------------------------------


def _may(office: Office, channel: Channel, permission: int) -> None:
    if not office.world.permissions(BOT_USER, channel) & permission:
        raise refusal(MISSING_PERMISSIONS)


def _message(office: Office, channel: Channel, asked: Asked) -> Message:
    message = office.world.message(channel, asked.parts["message_id"])
    if message is None:
        raise refusal(UNKNOWN_MESSAGE)
    return message


def _with_nonce(world: World, nonce: str) -> Message | None:
    """The bot's message of that nonce, wherever it stands, as the documentation says: by the same author."""
    since = world.now() - world.nonces_last
    for channel in world.channels.values():
        for message in reversed(channel.messages):
            if message.created_at < since:
                break
            if message.nonce == nonce and message.author == BOT_USER and not message.deleted:
                return message
    return None


def _limit(asked: Asked, *, most: int, usual: int) -> int:
    raw = asked.query.get("limit", str(usual))
    if not raw.isdecimal() or not 1 <= int(raw) <= most:
        form = Form()
        form.wrong("limit", "NUMBER_TYPE_MAX", f"int value should be 1 to {most}.")
        form.raise_if_wrong()
    return int(raw)
