"""Who is asking: looked up by the id in a signed payload, never by a name."""

import asyncio
import time
from typing import Any
from weakref import WeakValueDictionary

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.web import call
from bot.commands.types import Actor

_REMEMBERED_S = 300.0
_MOST_REMEMBERED = 10_000


class People:
    """The people of a workspace, each asked for once in five minutes."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._known: dict[str, tuple[float, Actor, bool]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, person: str) -> asyncio.Lock:
        """What somebody does is done in the order they did it, however long each look-up takes."""
        return self._turns.setdefault(person, asyncio.Lock())

    async def actor(self, workspace: str, person: str) -> Actor:
        """A person as an Actor. Raises DeliveryError when Slack does not answer."""
        return (await self._find(workspace, person))[0]

    async def is_bot(self, workspace: str, person: str) -> bool:
        """Whether this is no person at all. Raises DeliveryError."""
        return (await self._find(workspace, person))[1]

    async def _find(self, workspace: str, person: str) -> tuple[Actor, bool]:
        known = self._known.get(person)
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1], known[2]
        user = (await call(self._web.users_info(user=person)))["user"]
        found = actor(user, workspace), bool(user.get("is_bot"))
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[person] = (time.monotonic(), *found)
        return found


def actor(user: dict[str, Any], workspace: str) -> Actor:
    """Members of the workspace may change settings; guests, and outsiders in a shared channel, may not. Pure."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or user.get("real_name") or user.get("name") or user["id"]
    guest = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger")
    teams = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", [])}
    insider = workspace in teams and not user.get("deleted")
    return Actor(
        id=user["id"],
        name=str(name),
        member=bool(insider and not guest),
        admin=bool(insider and (user.get("is_admin") or user.get("is_owner"))),
    )
