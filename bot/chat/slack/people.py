"""Who is asking: looked up by the id in a signed payload, never by a name."""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.lookups import Lookups
from bot.chat.slack.web import call
from bot.commands.types import Actor


class People(Lookups[tuple[Actor, bool]]):
    """The people of a workspace, each with whether it is a bot."""

    def __init__(self, web: AsyncWebClient) -> None:
        super().__init__(self._who)
        self._web = web

    async def actor(self, workspace: str, person: str) -> Actor:
        """A person as an Actor. Raises DeliveryError when Slack does not answer."""
        return (await self.find(workspace, person))[0]

    async def is_bot(self, workspace: str, person: str) -> bool:
        """Whether this is no person at all. Raises DeliveryError."""
        return (await self.find(workspace, person))[1]

    async def _who(self, workspace: str, person: str) -> tuple[Actor, bool]:
        user = (await call(self._web.users_info(user=person)))["user"]
        return actor(user, workspace), bool(user.get("is_bot"))


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
