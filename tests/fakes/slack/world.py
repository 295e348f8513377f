"""What a Slack workspace holds: people, channels, messages, open views. Plain data, no network."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

Json = dict[str, Any]
Found = TypeVar("Found")

HOME_TEAM = "T0HOME0000"
BOT_USER = "U0LAPWING0"
BOT_ID = "B0LAPWING0"
APP_ID = "A0LAPWING0"


class SlackRefusalError(Exception):
    """What the Web API answers as `ok: false`."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.error = error
        self.fields = fields


@dataclass(kw_only=True)
class User:
    """A person or a bot as users.info shows them. A stranger is a person of another team, met in a shared channel."""

    id: str
    name: str
    team: str = HOME_TEAM
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False

    @property
    def is_stranger(self) -> bool:
        return self.team != HOME_TEAM

    def shown(self) -> Json:
        """The user object of users.info. Strangers have no roles here."""
        about: Json = {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": self.name.title(),
            "tz": "Europe/Berlin",
            "profile": {"display_name": self.name, "real_name": self.name.title(), "team": self.team},
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        if self.is_stranger:
            about["is_stranger"] = True
        if not self.deleted:
            about |= {
                "is_admin": self.is_admin or self.is_owner,
                "is_owner": self.is_owner,
                "is_primary_owner": False,
                "is_restricted": self.is_restricted or self.is_ultra_restricted,
                "is_ultra_restricted": self.is_ultra_restricted,
            }
        return about


@dataclass(kw_only=True)
class Message:
    """A message as it stands now. `revisions` holds every form it had, oldest first, the present one last."""

    ts: str
    channel: str
    user: str
    text: str = ""
    bot_id: str | None = None
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: bool = False
    deleted: bool = False
    ephemeral_to: str | None = None
    options: Json = field(default_factory=dict)  # parse, link_names, mrkdwn, unfurl_links, unfurl_media
    revisions: list[Json] = field(default_factory=list)

    def remember(self) -> None:
        """Keep the present form among the revisions."""
        self.revisions.append({"text": self.text, "blocks": self.blocks, "options": dict(self.options)})

    def shown(self, *, with_metadata: bool = False) -> Json:
        """The message object of conversations.history and of payloads."""
        shown: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": HOME_TEAM}
        if self.bot_id is not None:
            shown |= {"bot_id": self.bot_id, "app_id": APP_ID}
        for name, value in (("blocks", self.blocks), ("attachments", self.attachments)):
            if value:
                shown[name] = value
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": f"{self.ts.split('.')[0]}.000000"}
        if self.reactions:
            shown["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions.items()
            ]
        if self.metadata is not None and with_metadata:
            shown["metadata"] = self.metadata
        return shown


@dataclass(kw_only=True)
class Channel:
    """A channel, with its messages in order of ts. Deleted ones stay in the list, marked; ephemerals stand apart."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_im: bool = False
    messages: list[Message] = field(default_factory=list)
    ephemerals: list[Message] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What scopes and events call it: channels, groups or im."""
        if self.is_im:
            return "im"
        return "groups" if self.is_private else "channels"

    @property
    def event_kind(self) -> str:
        """What `channel_type` says in events."""
        return {"im": "im", "groups": "group", "channels": "channel"}[self.kind]

    def standing(self) -> list[Message]:
        """The messages people can read, oldest first."""
        return [message for message in self.messages if not message.deleted]

    def shown(self) -> Json:
        """The channel object of conversations.info and conversations.list, as the bot sees it."""
        if self.is_im:
            other = next(iter(self.members - {BOT_USER}), BOT_USER)
            return {"id": self.id, "is_im": True, "user": other, "is_archived": self.is_archived}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_general": False,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_org_shared": False,
            "is_member": BOT_USER in self.members,
            "num_members": len(self.members),
            "context_team_id": HOME_TEAM,
        }


@dataclass(kw_only=True)
class View:
    """A modal that one person has open."""

    id: str
    person: str
    definition: Json
    hash: str

    def shown(self, values: Json | None = None) -> Json:
        """The view object of payloads, with what was filled in."""
        return {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "close": None,
            "submit": None,
            **self.definition,
            "id": self.id,
            "team_id": HOME_TEAM,
            "hash": self.hash,
            "state": {"values": values or {}},
            "root_view_id": self.id,
            "previous_view_id": None,
            "app_id": APP_ID,
            "app_installed_team_id": HOME_TEAM,
            "bot_id": BOT_ID,
        }


class Workspace:
    """Everything a test may look at."""

    domain = "home"

    def __init__(self) -> None:
        self.users: dict[str, User] = {
            BOT_USER: User(id=BOT_USER, name="lapwing", is_bot=True),
            "USLACKBOT": User(id="USLACKBOT", name="slackbot"),
        }
        self.channels: dict[str, Channel] = {}
        self.user_groups: dict[str, str] = {}  # handle -> id
        self.views: dict[str, View] = {}
        self._numbers = count(1)
        self._last_ts = 0

    def number(self) -> int:
        """A number never given before, for ids."""
        return next(self._numbers)

    def new_ts(self) -> str:
        """A timestamp in microseconds, later than every one before it."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def find(self, channel: str, ts: str) -> Message | None:
        """The message people can read there, or None. Ephemeral ones are never found, as in Slack."""
        return next((message for message in self.channels[channel].standing() if message.ts == ts), None)

    def members(self, channel: Channel) -> list[User]:
        return [self.users[member] for member in sorted(channel.members)]

    async def until(self, look: Callable[[], Found], timeout_s: float = 5.0) -> Found:
        """What `look` returns once it is true; it is asked every 5 ms. Raises TimeoutError with its last value."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := look()):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)  # what is looked at may lie outside this Slack
                return found
        except TimeoutError:
            raise TimeoutError(f"not within {timeout_s} s; the last look gave {look()!r}") from None
