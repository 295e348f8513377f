"""The local Discord: its guilds, one app, one server on 127.0.0.1. Built from Discord's documentation only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web

from tests.fakes.discord import interactions
from tests.fakes.discord.account import Office
from tests.fakes.discord.answers import Answers
from tests.fakes.discord.app import Application
from tests.fakes.discord.commands import Registry
from tests.fakes.discord.errands import Errands
from tests.fakes.discord.faults import Faults
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.interactions import Interaction, Modal
from tests.fakes.discord.limits import Limits
from tests.fakes.discord.objects import channel_object, guild_create
from tests.fakes.discord.people import Person
from tests.fakes.discord.permissions import ADMINISTRATOR, EVERYBODY, VIEW_CHANNEL, Overwrite
from tests.fakes.discord.rest import PREFIX, ROUTES, Call, RestApi
from tests.fakes.discord.world import BOT_USER, THREAD, Channel, Emoji, Guild, Json, Role, User, World

Found = TypeVar("Found")


class FakeDiscord:
    """Start it with `async with FakeDiscord.running() as discord`, or `start` and `close`.

    A client finds it at `discord.api_url` and `discord.gateway_url` with `discord.app.token`. Everything runs in the
    test's own event loop; `close` ends every task and raises what went wrong in one.
    """

    def __init__(self, *, limits: Limits | None = None) -> None:
        self.world = World()
        self.app = Application()
        self.complaints: list[str] = []  # what the app did against the protocol, or what is not known here
        self.faults = Faults(ROUTES)
        self.gateway = Gateway(self.world, self.app, self.complaints)
        self.commands = Registry(self.world.new_id)
        self.modals: list[Modal] = []
        self._errands = Errands()
        self.office = Office(
            world=self.world, app=self.app, commands=self.commands, limits=limits or Limits(), emit=self._emit_soon
        )
        self._answers = Answers(self.world)
        self._api = RestApi(office=self.office, answers=self._answers, faults=self.faults, spawn=self._errands.spawn)
        self._people: dict[str, Person] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    @classmethod
    @asynccontextmanager
    async def running(cls, *, limits: Limits | None = None) -> "AsyncIterator[FakeDiscord]":
        """A started one, closed at the end."""
        discord = cls(limits=limits)
        await discord.start()
        try:
            yield discord
        finally:
            await discord.close()

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; 0 takes any free port."""
        site = web.Application(client_max_size=10_000_000)
        site.router.add_get("/gateway/", self.gateway.handle)
        site.router.add_get("/gateway/resume/", self.gateway.handle)
        self._api.add_to(site)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = self._runner.addresses[0][1]
        self.office.gateway_url = self.gateway_url
        self.world.cdn_url = f"http://127.0.0.1:{self._port}"
        self.gateway.resume_url = f"{self.gateway_url}resume/"

    async def close(self) -> None:
        """End the sockets, the tasks and the server; raises what went wrong in a task."""
        self._api.ended.set()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._errands.close()

    @property
    def api_url(self) -> str:
        """DISCORD_API_URL, and discord.http.Route.BASE."""
        return f"http://127.0.0.1:{self._port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """DISCORD_GATEWAY_URL, and discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY."""
        return f"ws://127.0.0.1:{self._port}/gateway/"

    @property
    def calls(self) -> list[Call]:
        """Every REST request so far."""
        return self._api.calls

    @property
    def limits(self) -> Limits:
        return self.office.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self.office.limits = limits

    @property
    def interactions(self) -> list[Interaction]:
        """Every one so far."""
        return self._answers.all

    @property
    def acknowledge_within_s(self) -> float:
        """How long the app has to acknowledge. Discord: 3.0."""
        return self._answers.acknowledge_within_s

    @acknowledge_within_s.setter
    def acknowledge_within_s(self, seconds: float) -> None:
        self._answers.acknowledge_within_s = seconds

    async def until(self, look: Callable[[], Found], timeout_s: float = 5.0) -> Found:
        """What `look` returns once it is true."""
        return await self.world.until(look, timeout_s)

    async def idle(self, timeout_s: float = 5.0) -> None:
        """Until nothing is on its way. Raises TimeoutError."""
        await self._errands.idle(timeout_s)

    # --- what there is -------------------------------------------------------------------------------------------

    def guild(self, name: str = "lookouts", *, bot: bool = True, bot_permissions: int = EVERYBODY) -> Guild:
        """The guild of that name, made when first named, owned by somebody of no further part."""
        found = next((guild for guild in self.world.guilds.values() if guild.name == name), None)
        if found is not None:
            return found
        owner = self._user(f"owner of {name}")
        guild = self.world.new_guild(name, owner.id)
        if bot:
            self._admit_bot(guild, bot_permissions)
        return guild

    def channel(self, name: str, *, guild: Guild | None = None, private_to: list[Person] | None = None) -> Channel:
        """The channel of that name, made when first named, in the guild "lookouts" unless told. `private_to`: only
        these people see it; the bot neither, unless an overwrite lets it in."""
        home = guild or self.guild()
        for channel in self.world.channels_of(home):
            if channel.name == name:
                return channel
        channel = Channel(id=self.world.new_id(), name=name, guild=home.id)
        if private_to is not None:
            channel.overwrites[home.id] = Overwrite(deny=VIEW_CHANNEL)
            channel.overwrites |= {person.id: Overwrite(allow=VIEW_CHANNEL) for person in private_to}
        self.world.channels[channel.id] = channel
        return channel

    def thread(self, name: str, parent: Channel) -> Channel:
        """A new public thread in that channel."""
        thread = Channel(id=self.world.new_id(), name=name, guild=parent.guild, parent=parent.id, type=THREAD)
        self.world.channels[thread.id] = thread
        return thread

    def person(self, name: str, *, permissions: int = 0, guild: Guild | None = None) -> Person:
        """The person of that name, made when first named, a member of the guild "lookouts" unless told, with these
        permissions besides everybody's."""
        user = self._user(name)
        if user.id in self._people:
            return self._people[user.id]
        person = self._people[user.id] = Person(self, user)
        home = guild or self.guild()
        person.joins(home)
        if permissions:
            person.is_given(self.world.new_role(home, f"{name}'s role", permissions))
        return person

    def administrator(self, name: str) -> Person:
        return self.person(name, permissions=ADMINISTRATOR)

    def emoji(self, name: str, *, guild: Guild | None = None) -> Emoji:
        """A custom emoji of the guild."""
        emoji = Emoji(id=self.world.new_id(), name=name)
        (guild or self.guild()).emojis[emoji.id] = emoji
        return emoji

    def role(self, name: str, *, permissions: int = 0, mentionable: bool = False, guild: Guild | None = None) -> Role:
        return self.world.new_role(guild or self.guild(), name, permissions, mentionable=mentionable)

    def direct(self, person: Person) -> Channel:
        """The direct channel between the bot and that person."""
        return self.world.channel_with(person.id)

    def _user(self, name: str) -> User:
        user = next((user for user in self.world.users.values() if user.name == name), None)
        if user is None:
            user = User(id=self.world.new_id(), name=name)
            self.world.users[user.id] = user
        return user

    def _admit_bot(self, guild: Guild, permissions: int) -> None:
        role = self.world.new_role(guild, "lapwing", permissions)
        role.managed = True
        guild.members[BOT_USER] = [role.id]

    # --- what happens --------------------------------------------------------------------------------------------

    async def allows(self, channel: Channel, who: Person | Role | None, permissions: int) -> None:
        """An overwrite that allows somebody (None: the bot) these permissions there."""
        await self._overwrite(channel, who, Overwrite(allow=permissions))

    async def denies(self, channel: Channel, who: Person | Role | None, permissions: int) -> None:
        """An overwrite that denies somebody (None: the bot) these permissions there."""
        await self._overwrite(channel, who, Overwrite(deny=permissions))

    async def _overwrite(self, channel: Channel, who: Person | Role | None, overwrite: Overwrite) -> None:
        saw = self._bot_sees(channel)
        channel.overwrites[BOT_USER if who is None else who.id] = overwrite
        if saw or self._bot_sees(channel):
            await self.gateway.emit("CHANNEL_UPDATE", channel_object(self.world, channel))

    async def deletes_channel(self, channel: Channel) -> None:
        event = channel_object(self.world, channel)
        saw = self._bot_sees(channel)
        channel.deleted = True
        if saw:
            await self.gateway.emit("CHANNEL_DELETE", event)

    async def adds_bot(self, guild: Guild, permissions: int = EVERYBODY) -> None:
        """Somebody opens the invite link. A guild joined says nothing of `unavailable`."""
        self._admit_bot(guild, permissions)
        event = guild_create(self.world, guild)
        del event["unavailable"]
        await self.gateway.emit("GUILD_CREATE", event)

    async def removes_bot(self, guild: Guild) -> None:
        """Somebody kicks the bot."""
        del guild.members[BOT_USER]
        await self.gateway.emit("GUILD_DELETE", {"id": guild.id})

    async def outage(self, guild: Guild) -> None:
        """The guild becomes unavailable for a while."""
        guild.available = False
        await self.gateway.emit("GUILD_DELETE", {"id": guild.id, "unavailable": True})

    async def outage_over(self, guild: Guild) -> None:
        guild.available = True
        await self.gateway.emit("GUILD_CREATE", guild_create(self.world, guild))

    async def interact(self, interaction: Interaction) -> Interaction:
        """Bring an interaction to the app; returns when it is acknowledged, or when its time is over."""
        self._answers.all.append(interaction)
        heard = await self.gateway.emit("INTERACTION_CREATE", interactions.payload(self.world, interaction))
        if not heard:
            interaction.problem = "no_connection"
            return interaction
        try:
            await asyncio.wait_for(interaction.answered.wait(), self.acknowledge_within_s)
        except TimeoutError:
            interaction.problem = "timeout"
        if interaction.modal is not None:
            self.modals.append(interaction.modal)
        return interaction

    def _bot_sees(self, channel: Channel) -> bool:
        return bool(self.world.permissions(BOT_USER, channel) & VIEW_CHANNEL)

    def _emit_soon(self, name: str, data: Json) -> None:
        self._errands.spawn(self.gateway.emit(name, data), f"emit {name}")
