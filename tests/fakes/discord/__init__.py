"""A local Discord for tests: REST API v10, gateway, interactions, people. The real discord.py talks to it.

    async with FakeDiscord.running() as discord:
        ada = discord.person("ada", permissions=MANAGE_CHANNELS)
        ops = discord.channel("ops")
        ...  # the app runs with DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url and
        ...  # discord.app.token; a bare discord.py inside `with redirected(discord)`
        await discord.until(lambda: discord.gateway.ready)
        interaction = await ada.uses(ops, "/watch", account="@vendor_sec")
        await discord.until(lambda: ada.ephemerals(ops))

Modules: world (what there is, and its clock: `discord.world.advance(hours=1)`), objects (it as JSON), permissions;
rest, account, messages, answers (the REST API); content, components, attachments, commands (what it takes); errors,
limits; faults (what goes wrong); gateway, sessions, events, app; interactions; people, typed (what people do); effects
(what a message does to them); errands; redirect (discord.py pointed here); server (all together).
"""

from tests.fakes.discord.app import Application
from tests.fakes.discord.effects import Effect, effects, effects_of, pings
from tests.fakes.discord.faults import (
    Fault,
    banned,
    hanging,
    late,
    never_arrived,
    rate_limited,
    reply_lost,
    server_error,
    slow_reply,
)
from tests.fakes.discord.interactions import Interaction, Modal
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.people import Person
from tests.fakes.discord.permissions import (
    ADMINISTRATOR,
    EMBED_LINKS,
    EVERYBODY,
    MANAGE_CHANNELS,
    MENTION_EVERYONE,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
)
from tests.fakes.discord.redirect import redirected
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import APP_ID, BOT_USER, Channel, Emoji, File, Guild, Message, Role

__all__ = [
    "ADMINISTRATOR", "APP_ID", "BOT_USER", "EMBED_LINKS", "EVERYBODY", "MANAGE_CHANNELS", "MENTION_EVERYONE",
    "READ_MESSAGE_HISTORY", "SEND_MESSAGES", "VIEW_CHANNEL", "Application", "Channel", "Effect", "Emoji", "FakeDiscord",
    "Fault", "File", "Guild", "Interaction", "Limits", "Message", "Modal", "Person", "Role", "banned", "effects",
    "effects_of", "hanging", "late", "never_arrived", "pings", "rate_limited", "redirected", "reply_lost",
    "server_error", "slow_reply",
]  # fmt: skip
