"""Permission flags, and what somebody may do in a channel. Pure; docs.discord.com/developers/topics/permissions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1

EVERYBODY = (
    VIEW_CHANNEL | SEND_MESSAGES | SEND_MESSAGES_IN_THREADS | EMBED_LINKS | READ_MESSAGE_HISTORY | ADD_REACTIONS
    | USE_APPLICATION_COMMANDS
)  # fmt: skip


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows and denies to a role or a member, over what they have."""

    allow: int = 0
    deny: int = 0


def in_channel(
    *, everyone: int, roles: Iterable[int], is_owner: bool, ids: tuple[str, list[str], str],
    overwrites: Mapping[str, Overwrite], speaking: int = SEND_MESSAGES,
) -> int:  # fmt: skip
    """The permissions there. `ids`: the guild (and so its everyone role), the roles, the member, as overwrites name
    them. Without VIEW_CHANNEL nothing is left; without `speaking` what needs it falls away as well."""
    base = everyone
    for role in roles:
        base |= role
    if is_owner or base & ADMINISTRATOR:
        return ALL
    guild_id, role_ids, member_id = ids
    base = _apply(base, [overwrites.get(guild_id)])
    base = _apply(base, [overwrites.get(role_id) for role_id in role_ids])
    base = _apply(base, [overwrites.get(member_id)])
    if not base & VIEW_CHANNEL:
        return 0
    if not base & speaking:
        base &= ~(EMBED_LINKS | MENTION_EVERYONE)
    return base


def _apply(base: int, overwrites: list[Overwrite | None]) -> int:
    found = [overwrite for overwrite in overwrites if overwrite is not None]
    for overwrite in found:
        base &= ~overwrite.deny
    for overwrite in found:
        base |= overwrite.allow
    return base
