"""Slack's payloads -> what someone asked. Pure: who may do what is asked elsewhere, with the ids that stand here.

Only ids are taken from a payload: Slack signs it, but names in it are whatever people call themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.plain import person_name
from bot.chat.slack.cards import DO
from bot.chat.slack.text import unescape
from storage.types import ChannelKey, Receipt

PLATFORM = "slack"

UMBRELLA = "lapwing"
"""The one command under which all others can be said: `/lapwing watch @vendor_sec`."""

_MENTION = re.compile(r"<@(?P<id>[A-Z0-9]+)(?:\|[^>]*)?>")
_WHY_MESSAGE = re.compile(
    r"/why\s+https://[\w.-]+\.slack\.com/archives/(?P<channel>\w+)/p(?P<seconds>[0-9]+)(?P<rest>[0-9]{6})(\?\S*)?",
    re.IGNORECASE | re.ASCII,
)
_LINK = re.compile(r"https?://[^\s|>]+")
_JUDGEMENT = re.compile(r"[+-]1|0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A line someone said, and where: what becomes an Asked once the person is looked up."""

    channel: ChannelKey
    channel_name: str
    person: str
    text: str
    thread: str = ""
    """Where in the channel the answer belongs; empty: the channel itself."""


def slash(payload: dict[str, Any], prefix: str) -> Said:
    """A slash command; `prefix` stands before every command's name where one was chosen for the manifest."""
    word = str(payload["command"]).removeprefix("/").removeprefix(f"{prefix}-" if prefix else "")
    text = str(payload.get("text") or "")
    line = text if word == UMBRELLA else f"{word} {text}"
    return Said(
        channel=channel_key(payload["team_id"], payload["channel_id"]),
        channel_name=str(payload.get("channel_name") or payload["channel_id"]),
        person=payload["user_id"],
        text=command_line(line),
    )


def mention(event: dict[str, Any], workspace: str) -> Said:
    """`@lapwing watch @vendor_sec`, in a thread or not."""
    line = _MENTION.sub("", str(event.get("text") or ""), count=1)
    return Said(
        channel=channel_key(workspace, event["channel"]),
        channel_name=event["channel"],
        person=event["user"],
        text=command_line(line),
        thread=str(event.get("thread_ts") or ""),
    )


def pressed(payload: dict[str, Any]) -> Said | None:
    """A button or an option of a menu that runs a command; None when it is none of ours."""
    action = payload["actions"][0]
    value = action.get("value") or (action.get("selected_option") or {}).get("value")
    if not str(action.get("action_id", "")).startswith(f"{DO}:") or not value:
        return None
    return _at_message(payload, str(value))


def shortcut(payload: dict[str, Any], text: str) -> Said:
    """A shortcut used on a message, which comes to this command."""
    return _at_message(payload, text)


def message_text(payload: dict[str, Any]) -> str:
    """The words of the message a shortcut was used on."""
    return unescape(str(payload["message"].get("text") or ""))


def message_receipt(payload: dict[str, Any]) -> Receipt:
    """The message a shortcut was used on."""
    return Receipt(str(payload["message"]["ts"]))


def first_link(payload: dict[str, Any]) -> str:
    """The first address in the message a shortcut was used on; empty where there is none."""
    found = _LINK.search(message_text(payload))
    return found[0] if found else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in Slack something was pressed."""

    channel: str
    name: str
    thread: str


def place(payload: dict[str, Any]) -> Place:
    """Where the message stands that a payload is about."""
    container = payload.get("container", {})
    channel = payload.get("channel") or {}
    found = str(channel.get("id") or container.get("channel_id") or "")
    thread = payload.get("message", {}).get("thread_ts") or container.get("thread_ts") or ""
    return Place(channel=found, name=str(channel.get("name") or found), thread=str(thread))


def _at_message(payload: dict[str, Any], text: str) -> Said:
    where = place(payload)
    return Said(
        channel=channel_key(payload["team"]["id"], where.channel),
        channel_name=where.name,
        person=payload["user"]["id"],
        text=text,
        thread=where.thread,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reacted:
    """A reaction given to a message, or taken back."""

    channel: ChannelKey
    message: Receipt
    person: str
    emoji: str
    given: bool


def reacted(event: dict[str, Any], workspace: str) -> Reacted | None:
    """A reaction; None when it is not on a message."""
    item = event.get("item", {})
    if item.get("type") != "message":
        return None
    return Reacted(
        channel=channel_key(workspace, item["channel"]),
        message=Receipt(item["ts"]),
        person=event["user"],
        emoji=emoji(event["reaction"]),
        given=event["type"] == "reaction_added",
    )


def emoji(name: str) -> str:
    """An emoji's name without the tone of its skin: "+1::skin-tone-3" is "+1"."""
    return name.partition("::")[0]


LOCK = re.compile(r"/?config\s+lock\b", re.IGNORECASE)
"""The one command that is about people."""


def people_in(line: str) -> list[str]:
    """The ids of the people a line names."""
    return list(dict.fromkeys(found["id"] for found in _MENTION.finditer(line)))


def strangers_in(line: str) -> list[str]:
    """What stands in a line as a person and is nobody whom Slack knows."""
    return re.findall(r"@[^\s,<>]+", _MENTION.sub(" ", line))


def with_names(line: str, names: Mapping[str, str]) -> str:
    """The line with the names of the people it names, as Slack has them: none that somebody typed."""
    return _MENTION.sub(lambda found: f"<@{found['id']}|{person_name(names[found['id']])}>", line)


def linked_message(line: str) -> tuple[str, Receipt] | None:
    """The channel and the message whose link somebody asks why about; None for any other line."""
    found = _WHY_MESSAGE.fullmatch(line.strip())
    return None if found is None else (found["channel"], Receipt(f"{found['seconds']}.{found['rest']}"))


def command_line(line: str) -> str:
    """A line as the grammar reads it: Slack's marks undone, a slash before the command's word."""
    text = line.strip()
    plain = unescape(text, people=LOCK.match(text) is not None).strip()
    if not plain:
        return "/help"
    word = plain.split(maxsplit=1)[0]
    return plain if word.startswith("/") or _JUDGEMENT.fullmatch(word) else f"/{plain}"


def channel_key(workspace: str, channel: str) -> ChannelKey:
    return ChannelKey(platform=PLATFORM, workspace=workspace, channel=channel)
