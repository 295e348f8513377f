"""The local Slack: one workspace, one app, one server on 127.0.0.1. Built from Slack's documentation only."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web

from tests.fakes.slack import payloads
from tests.fakes.slack.app import PLAIN_MANIFEST, InstalledApp
from tests.fakes.slack.courier import Courier, Delivery, Kind, Road, now
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.http_mode import HttpMode
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.manifest import check_manifest
from tests.fakes.slack.methods import Office, Trigger
from tests.fakes.slack.people import Person
from tests.fakes.slack.responses import Responses
from tests.fakes.slack.sockets import SocketMode
from tests.fakes.slack.web import Call, WebApi
from tests.fakes.slack.world import BOT_USER, HOME_TEAM, Channel, Json, Message, User, Workspace

Found = TypeVar("Found")


class FakeSlack:
    """Start it with `async with FakeSlack.running() as slack`, or `start` and `close`.

    The real clients find it at `slack.url` with `slack.app.bot_token` and `slack.app.app_token`. Everything runs in
    the test's own event loop; `close` ends every task and raises what went wrong in one.
    """

    def __init__(self, manifest: Json | None = None, *, limits: Limits | None = None) -> None:
        self.workspace = Workspace()
        self.app = InstalledApp(manifest=PLAIN_MANIFEST)
        self.faults = Faults()
        self.courier = Courier()
        self.sockets = SocketMode(self.courier.complaints)
        self.http = HttpMode(self.app, self.courier.complaints)
        self.responses = Responses(self.workspace, self.faults)
        self.triggers: dict[str, Trigger] = {}
        self._people: dict[str, Person] = {}
        self.office = Office(workspace=self.workspace, app=self.app, triggers=self.triggers, emit=self._emit)
        self._api = WebApi(
            office=self.office,
            limits=limits or Limits(),
            faults=self.faults,
            spawn=self.courier.spawn,
            open_ticket=self._new_socket_url,
        )
        self._runner: web.AppRunner | None = None
        self._port = 0
        if manifest is not None:
            self.install(manifest)

    @classmethod
    @asynccontextmanager
    async def running(cls, manifest: Json | None = None, *, limits: Limits | None = None) -> "AsyncIterator[FakeSlack]":
        """A started one, closed at the end."""
        slack = cls(manifest, limits=limits)
        await slack.start()
        try:
            yield slack
        finally:
            await slack.close()

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; 0 takes any free port."""
        site = web.Application(client_max_size=10_000_000)
        site.add_routes(
            [
                web.route("*", "/api/{method}", self._api.handle),
                web.get("/link/", self.sockets.handle),
                web.post("/response/{secret}", self.responses.handle),
            ]
        )
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """End the sockets, the tasks and the server."""
        self._api.ended.set()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.courier.close()

    def install(self, manifest: Json) -> InstalledApp:
        """Make the app from this manifest, as a person does by pasting it. Raises ValueError where Slack refuses."""
        faults = check_manifest(manifest)
        if faults:
            raise ValueError("Slack refuses this manifest: " + "; ".join(faults))
        self.app.manifest = manifest
        return self.app

    @property
    def url(self) -> str:
        """SLACK_API_URL."""
        return f"http://127.0.0.1:{self._port}/api/"

    @property
    def road(self) -> Road:
        """The way payloads take, as the manifest says."""
        return self.sockets if self.app.socket_mode else self.http

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far."""
        return self._api.calls

    @property
    def limits(self) -> Limits:
        return self._api.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._api.limits = limits

    @property
    def complaints(self) -> list[str]:
        """What the app did against the protocol; a well-behaved one leaves this empty."""
        return self.courier.complaints

    # --- the workspace -------------------------------------------------------------------------------------------

    def person(
        self, name: str, *, team: str = HOME_TEAM, is_admin: bool = False, is_owner: bool = False,
        is_restricted: bool = False, is_ultra_restricted: bool = False,
    ) -> Person:  # fmt: skip
        """The person of that name, made when first named; another `team` makes a stranger."""
        user = next((user for user in self.workspace.users.values() if user.name == name), None)
        if user is None:
            user = User(
                id=f"U{self.workspace.number():09d}", name=name, team=team, is_admin=is_admin, is_owner=is_owner,
                is_restricted=is_restricted, is_ultra_restricted=is_ultra_restricted,
            )  # fmt: skip
            self.workspace.users[user.id] = user
        return self._people.setdefault(user.id, Person(self, user))

    def channel(
        self, name: str, *members: Person, bot: bool = True, is_private: bool = False, is_ext_shared: bool = False
    ) -> Channel:
        """The channel of that name, made when first named, with these members and, unless `bot` is false, the bot."""
        channel = next((channel for channel in self.workspace.channels.values() if channel.name == name), None)
        if channel is None:
            channel = Channel(
                id=f"C{self.workspace.number():09d}", name=name, is_private=is_private, is_ext_shared=is_ext_shared,
                members={BOT_USER} if bot else set(),
            )  # fmt: skip
            self.workspace.channels[channel.id] = channel
        channel.members |= {person.id for person in members}
        return channel

    async def until(self, look: Callable[[], Found], timeout_s: float = 5.0) -> Found:
        """What `look` returns once it is true."""
        return await self.workspace.until(look, timeout_s)

    def revoke_token(self) -> None:
        """Calls answer token_revoked from now on; the app hears tokens_revoked if it may."""
        event = {"type": "tokens_revoked", "tokens": {"bot": [BOT_USER]}, "event_ts": self.workspace.new_ts()}
        self._emit("tokens_revoked", event, None)
        self.app.standing = "token_revoked"

    def uninstall(self) -> None:
        """Calls answer account_inactive from now on."""
        self._emit("app_uninstalled", {"type": "app_uninstalled", "event_ts": self.workspace.new_ts()}, None)
        self.app.standing = "account_inactive"

    def reinstall(self) -> None:
        self.app.standing = "ok"

    # --- payloads ------------------------------------------------------------------------------------------------

    async def bring(self, kind: Kind, payload: Json, *, accepts_response: bool = False) -> Delivery:
        """Bring a payload to the app; returns after the first attempt."""
        if kind == "interactive" and not self.app.interactive:
            raise LookupError("This app is not configured to handle interactive responses")
        return await self.courier.bring(self.road, kind, payload, accepts_response=accepts_response)

    async def bring_again(self, delivery: Delivery) -> Delivery:
        """The same payload once more, as a redelivery."""
        return await self.courier.again(self.road, delivery)

    async def bring_event(self, name: str, event: Json, channel: Channel | None) -> Delivery | None:
        """An event, if the app subscribed to it and may see it; else None."""
        return await self._bring_event(event, channel) if self._hears(name, channel) else None

    def _hears(self, name: str, channel: Channel | None) -> bool:
        """Is the app subscribed, installed and there? That it was removed it hears all the same."""
        there = channel is None or BOT_USER in channel.members or name.endswith("_left")
        return name in self.app.events and self.app.standing == "ok" and there

    async def _bring_event(self, event: Json, channel: Channel | None) -> Delivery:
        payload = payloads.event_callback(self.app, event, number=self.workspace.number(), channel=channel)
        return await self.bring("events_api", payload)

    def new_trigger(self, user: User) -> str:
        """A trigger_id, good for one modal within 3 s."""
        trigger = f"{self.workspace.number()}.{secrets.token_hex(8)}"
        self.triggers[trigger] = Trigger(person=user.id, made_at=now())
        return trigger

    def new_response_url(self, channel: Channel, user: User, original: Message | None = None) -> str:
        return f"http://127.0.0.1:{self._port}/response/{self.responses.new(channel, user.id, original)}"

    def _new_socket_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/link/?ticket={self.sockets.new_ticket()}&app_id={self.app.app_token[7:17]}"

    def _emit(self, name: str, event: Json, channel: Channel | None) -> None:
        """An event that nobody waits for."""
        if self._hears(name, channel):
            self.courier.spawn(self._bring_event(event, channel), name)

    async def settled(self, timeout_s: float = 5.0) -> None:
        """Until no payload is on its way and no late work is left."""
        await self.courier.idle(timeout_s)
        await asyncio.sleep(0)
