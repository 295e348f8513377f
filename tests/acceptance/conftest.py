"""What the tests in the local Discord share: it, and somebody who may change settings there."""

from collections.abc import AsyncIterator

import pytest

from bot.chat.discord.platform import Discord
from tests.fakes.discord import MANAGE_CHANNELS, FakeDiscord, Person
from tests.fakes.discord_server import QuickClient


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    """With one channel, #ops; and the program's own client is quick there."""
    monkeypatch.setattr(Discord, "client_type", QuickClient)
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


@pytest.fixture
def ada(discord: FakeDiscord) -> Person:
    """Has Manage Channels."""
    return discord.person("ada", permissions=MANAGE_CHANNELS)
