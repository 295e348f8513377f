"""The servers that Lapwing was added to, and what it may do in each channel in which something is watched."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime

import discord
from discord.abc import GuildChannel

from bot.chat.base import ChannelGoneError
from bot.chat.discord.errors import call
from bot.chat.discord.permissions import POSTING, POSTING_IN_THREADS, missing
from bot.chat.findings import Finding
from storage.types import Channel


async def servers(client: discord.Client, watching: Collection[Channel], way_in: str) -> AsyncIterator[Finding]:
    """A finding for each server, and one for each channel that cannot be posted in. Raises DeliveryError.

    `way_in`: how Lapwing is added to a server.
    """
    by_server: dict[str, list[Channel]] = defaultdict(list)
    for channel in watching:
        by_server[channel.key.workspace].append(channel)
    found = await call(_all(client))
    if not found:
        yield Finding(about="server", wrong=True, text=f"Lapwing is in none yet. {way_in}")
    for server in found:
        here = by_server.pop(str(server.id), [])
        async for finding in _server(client, server, here):
            yield finding
    for channels in by_server.values():
        yield Finding(
            about="server",
            wrong=True,
            text=f"Lapwing is no more in that of {', '.join(map(_named, channels))}. What was set there is kept; to go "
            f"on, add it again. {way_in}",
        )


async def _all(client: discord.Client) -> list[discord.Guild]:
    return [server async for server in client.fetch_guilds(limit=None)]


async def _server(client: discord.Client, server: discord.Guild, watching: Sequence[Channel]) -> AsyncIterator[Finding]:
    assert client.user is not None, "who is logged in knows its own id"
    if not watching:
        yield Finding(about="server", text=f"{server.name}: nothing is watched there yet")
        return
    server = await call(client.fetch_guild(server.id, with_counts=False))
    me = await call(server.fetch_member(client.user.id))
    if me.timed_out_until is not None and me.is_timed_out():
        yield timed_out(server.name, me.timed_out_until)
        return
    known = await _channels(server)
    problems = [finding for channel in watching if (finding := await _channel(server, known, me, channel)) is not None]
    fine = len(watching) - len(problems)
    if fine:
        yield Finding(about="server", text=f"{server.name}: alerts can be posted in {_count(fine, len(watching))}")
    for problem in problems:
        yield problem


def timed_out(server: str, until: datetime) -> Finding:
    """Somebody gave Lapwing a time-out. Pure."""
    return Finding(
        about="server",
        wrong=True,
        text=f"{server}: Lapwing has a time-out until {until:%Y-%m-%d %H:%M} UTC and can post nowhere. Right-click it "
        "among the members, Remove Timeout.",
    )


async def _channels(server: discord.Guild) -> dict[int, GuildChannel]:
    """All of them by their ids, seen or not; none where one is of a kind that discord.py does not know yet."""
    try:
        return {one.id: one for one in await call(server.fetch_channels())}
    except discord.InvalidData:
        return {}


async def _channel(
    server: discord.Guild, known: Mapping[int, GuildChannel], me: discord.Member, channel: Channel
) -> Finding | None:
    """What stands in the way of posting there."""
    where = f"{_named(channel)} in {server.name}"
    try:
        found = await _find(server, known, int(channel.key.channel))
        if not isinstance(found, discord.Thread):
            return _of_place(where, found, me, POSTING)
        parent = await _find(server, known, found.parent_id)
    except (ChannelGoneError, discord.InvalidData) as error:
        return Finding(about="channel", wrong=True, text=f"{where}: {error}. What was set there is kept.")
    assert not isinstance(parent, discord.Thread), "no thread is in a thread"
    if found.locked and not GuildChannel.permissions_for(parent, me).manage_threads:
        return Finding(about="channel", wrong=True, text=f"{where}: this thread is locked. In its menu, Unlock Thread.")
    return _of_place(where, parent, me, POSTING_IN_THREADS)


async def _find(
    server: discord.Guild, known: Mapping[int, GuildChannel], channel: int
) -> GuildChannel | discord.Thread:
    """Raises DeliveryError, InvalidData where it is of a kind that discord.py does not know yet."""
    return known[channel] if channel in known else await call(server.fetch_channel(channel))


def _of_place(where: str, place: GuildChannel, me: discord.Member, needed: Mapping[str, str]) -> Finding | None:
    held = GuildChannel.permissions_for(place, me)  # not its own kind's, which takes away what is allowed but cannot be
    lacking = missing(held, needed)
    return denied(where, place.name, lacking, of_role=missing(me.guild_permissions, needed)) if lacking else None


def denied(where: str, place: str, lacking: Sequence[str], *, of_role: Collection[str]) -> Finding:
    """What is lacking in a channel, and where it is given. `of_role`: what is lacking in the whole server. Pure."""
    everywhere = [name for name in lacking if name in of_role]
    here = [name for name in lacking if name not in of_role]
    ways = []
    if everywhere:
        ways.append(f"Open Server Settings, Roles, Lapwing's role, Permissions, and switch on {', '.join(everywhere)}.")
    if here:
        ways.append(
            f"Open Edit Channel (the gear at #{place}), Permissions, add Lapwing's role and allow {', '.join(here)}."
        )
    return Finding(about="channel", wrong=True, text=f"{where}: missing {', '.join(lacking)}. {' '.join(ways)}")


def _named(channel: Channel) -> str:
    return f"#{channel.name}"


def _count(fine: int, of: int) -> str:
    """How many of those in which something is watched."""
    if of == 1:
        return "the one channel in which something is watched"
    return f"{'all' if fine == of else f'{fine} of the'} {of} channels in which something is watched"
