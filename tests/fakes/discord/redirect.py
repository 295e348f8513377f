"""Points the real discord.py at a local Discord, for as long as a test lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


@contextmanager
def redirected(local: "FakeDiscord") -> Iterator[None]:
    """These two are the library's own names for Discord's addresses, set by everybody who runs a proxy."""
    api, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = local.api_url, URL(local.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api, gateway
