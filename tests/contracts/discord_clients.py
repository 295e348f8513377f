"""A discord.py client for the tests of the local Discord: it answers in all the ways there are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from re import Match
from typing import Any, Self

import discord
from discord import app_commands

from tests.fakes.discord import FakeDiscord, redirected

INTENTS = discord.Intents(guilds=True, guild_reactions=True)
Answer = Callable[[discord.Interaction[Any]], Any]


class Judge(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"judge:(?P<key>\w+)"):
    """A button that is known by its custom_id alone, as after a restart."""

    def __init__(self, key: str) -> None:
        super().__init__(discord.ui.Button(label="Relevant", custom_id=f"judge:{key}"))
        self.key = key

    @classmethod
    async def from_custom_id(cls, _interaction: Any, _item: Any, match: Match[str], /) -> Self:
        return cls(match["key"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(interaction.client, Listener)
        interaction.client.judged.append(self.key)
        await interaction.response.send_message("Thank you", ephemeral=True)


class Reason(discord.ui.Modal, title="Why not?"):
    """A modal with one field."""

    text: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Reason", custom_id="reason", max_length=20)

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        await interaction.response.send_message(f"because {self.text.value}", ephemeral=True)


class Listener(discord.Client):
    """Writes down what it hears. `answer` says how /watch is answered."""

    def __init__(self, *, intents: discord.Intents = INTENTS, **options: Any) -> None:
        super().__init__(
            intents=intents, guild_ready_timeout=0.05, max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(), **options,
        )  # fmt: skip
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []
        self.judged: list[str] = []
        self.failures: list[Exception] = []
        self.choices = ["@vendor_sec", "@version"]
        self.answer: Answer = lambda interaction: interaction.response.send_message("Watching")
        self._add_commands()

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Judge)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord wants 5 s between two IDENTIFYs; the local one does not unless told."""

    def _add_commands(self) -> None:
        @self.tree.command(description="What this channel watches")
        async def watch(interaction: discord.Interaction[Any], account: str | None = None) -> None:
            self.heard.append(("watch", account))
            await self.answer(interaction)

        @watch.autocomplete("account")
        async def complete(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
            self.heard.append(("complete", current))
            return [app_commands.Choice(name=it, value=it) for it in self.choices]

        labels = app_commands.Group(name="labels", description="What to look for")

        @labels.command(name="set", description="Replace all labels")
        async def labels_set(interaction: discord.Interaction[Any], labels: str, least: int = 40) -> None:
            self.heard.append(("labels set", (labels, least)))
            await interaction.response.send_message("set")

        self.tree.add_command(labels)

        @self.tree.command(description="Only for managers")
        @app_commands.default_permissions(manage_channels=True)
        async def lock(interaction: discord.Interaction[Any], who: discord.Member) -> None:
            self.heard.append(("lock", who.name))
            await interaction.response.send_modal(Reason())

        @self.tree.context_menu(name="Classify this")
        async def classify(interaction: discord.Interaction[Any], message: discord.Message) -> None:
            self.heard.append(("classify", message.content))
            await interaction.response.send_message("92% security", ephemeral=True)

        @self.tree.error
        async def failed(_: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
            self.failures.append(error)

    async def on_resumed(self) -> None:
        self.heard.append(("resumed", None))

    async def on_disconnect(self) -> None:
        self.heard.append(("disconnect", None))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("add", (str(event.emoji), event.user_id, event.message_id)))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("remove", (str(event.emoji), event.user_id, event.message_id)))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.heard.append(("join", guild.name))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.heard.append(("leave", guild.name))

    async def on_guild_channel_delete(self, channel: Any) -> None:
        self.heard.append(("channel gone", channel.name))

    def count(self, what: str) -> int:
        return sum(kind == what for kind, _ in self.heard)


@asynccontextmanager
async def listening(local: FakeDiscord, *, sync: bool = True, **options: Any) -> AsyncIterator[Listener]:
    """A client that is ready, with its commands synced, and closed at the end."""
    client = Listener(**options)
    with redirected(local):
        running = asyncio.create_task(client.start(local.app.token), name="client")
        try:
            await wait_ready(client, running)
            if sync:
                await client.tree.sync()
            yield client
        finally:
            await close(client, running)


async def wait_ready(client: Listener, running: "asyncio.Task[None]") -> None:
    """Raises what ended the client, or TimeoutError."""
    async with asyncio.timeout(10):
        while not client.is_ready():
            if running.done():
                running.result()
            await asyncio.sleep(0.01)


async def close(client: Listener, running: "asyncio.Task[None]") -> None:
    """End the client with its connections; aiohttp needs two turns of the loop to let them go."""
    await client.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(0.01)
