"""Whether Discord will have us, asked of Discord itself: token, app, commands, gateway. `lapwing doctor` shows it.

Every problem says where to click. Everything is only read; the gateway is left at its first word.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from yarl import URL

from bot.chat.base import ChatGoneError, DeliveryError
from bot.chat.discord import tree
from bot.chat.discord.client import TIMEOUT_S, Client, log_in, point_at
from bot.chat.discord.errors import call
from bot.chat.discord.invite import APP, link, obstacle
from bot.chat.discord.servers import servers
from bot.chat.findings import Finding
from storage.types import Channel

_HELLO = 10
"""The gateway's first word."""

_NEEDLESS = {
    "gateway_presence": "Presence",
    "gateway_presence_limited": "Presence",
    "gateway_guild_members": "Server Members",
    "gateway_guild_members_limited": "Server Members",
    "gateway_message_content": "Message Content",
    "gateway_message_content_limited": "Message Content",
}
"""The intents that must be switched on by hand, by the flags that tell that they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How Discord is to be reached."""

    token: str
    api_url: str
    gateway_url: str = ""
    """Empty: where Discord says."""


class AppUnusableError(Exception):
    """Discord does not let this app in, or cannot be asked; the message says why and the way out."""


async def examine(access: Access, watching: Collection[Channel]) -> AsyncIterator[Finding]:
    """Everything that can be found out without a change; `watching`: the channels in which something is watched."""
    client = Client()
    try:
        application = await _log_in(client, access)
        yield Finding(about="discord", text=f"{application.name} as @{client.user}")
        yield intents(application)
        yield await _commands(client, application)
        yield await _gateway(client, access)
        async for found in servers(client, watching, obstacle(application) or f"Open {link(application.id)}"):
            yield found
    except (AppUnusableError, DeliveryError) as error:
        yield Finding(about="discord", wrong=True, text=str(error))
    finally:
        await client.close()


async def application_of(access: Access) -> discord.AppInfo:
    """The app that the token belongs to. Raises AppUnusableError."""
    client = Client()
    try:
        return await _log_in(client, access)
    finally:
        await client.close()


async def _log_in(client: Client, access: Access) -> discord.AppInfo:
    point_at(access.api_url, access.gateway_url)
    try:
        await log_in(client, access.token)
    except ChatGoneError as error:
        raise AppUnusableError(str(error)) from error
    except DeliveryError as error:
        raise AppUnusableError(f"{error}. {_way_there(access)}") from error
    except (KeyError, TypeError, ValueError) as error:  # a page where JSON was promised
        raise AppUnusableError(f"What answers is not Discord. {_way_there(access)}") from error
    assert client.application is not None, "it came with the login"
    return client.application


def _way_there(access: Access) -> str:
    return f"Asked was {access.api_url}: look at the network, the proxy and DISCORD_API_URL."


def intents(application: discord.AppInfo) -> Finding:
    """What must be switched on for the app, which is nothing. Pure."""
    on = sorted({name for flag, name in _NEEDLESS.items() if getattr(application.flags, flag)})
    more = f"; on and not needed: {', '.join(on)}" if on else ""
    return Finding(about="intents", text=f"none of the privileged ones is needed{more}")


async def _commands(client: Client, application: discord.AppInfo) -> Finding:
    there = await call(client.http.get_global_commands(application.id))
    return commands(application.interactions_endpoint_url, there, tree.told(tree.Tree(client)))


def commands(endpoint: str | None, there: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> Finding:
    """Whether people see our commands, and whether what they type reaches us. Pure."""
    if endpoint:
        return Finding(
            about="commands",
            wrong=True,
            text=f"Discord sends them to {endpoint}, so none reaches Lapwing. Open {APP}, General Information, empty "
            "the Interactions Endpoint URL and save.",
        )
    if tree.same(there, ours):
        return Finding(about="commands", text=f"all {len(ours)} are known to Discord")
    if not there:
        return Finding(about="commands", text="Discord knows none yet: the first `lapwing run` tells it")
    return Finding(about="commands", text="Discord knows others than these: the next `lapwing run` tells it")


async def _gateway(client: Client, access: Access) -> Finding:
    try:
        _, url, starts = await call(client.http.get_bot_gateway())
    except discord.GatewayNotFound as error:
        return Finding(about="gateway", wrong=True, text=f"Discord does not say where it is: {error}. Try again later.")
    if starts["remaining"] < 1:
        return Finding(
            about="gateway",
            wrong=True,
            text=f"Discord allows no more than {starts['total']} starts a day, and they are used up for "
            f"{starts['reset_after'] / 3_600_000:.1f} hours. Does something start Lapwing again and again?",
        )
    return await _knock(access.gateway_url or url)


async def _knock(url: str) -> Finding:
    """Whether the gateway says hello. It is left at once, so nobody's session ends."""
    limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
    address = URL(url).update_query(v="10", encoding="json")
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.ws_connect(address) as opened:
            said = await opened.receive_json(timeout=TIMEOUT_S)
        if said.get("op") == _HELLO:
            return Finding(about="gateway", text="it answers; nothing in your network need be reachable from outside")
        problem = f"it said {said}"
    except (aiohttp.ClientError, OSError, AttributeError, TypeError, ValueError) as error:
        problem = str(error) or type(error).__name__
    return Finding(
        about="gateway",
        wrong=True,
        text=f"no connection could be opened ({problem}). Discord's is at wss://gateway.discord.gg, port 443: let it "
        "through the proxy or firewall, and look at DISCORD_GATEWAY_URL.",
    )
