"""The Web API methods that read: conversations.*, users.*, reactions.get, bots.info, auth.test."""

from base64 import b64decode, b64encode
from binascii import Error as BadBase64Error
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.fakes.slack.methods import Office, direct_channel
from tests.fakes.slack.world import APP_ID, BOT_ID, BOT_USER, HOME_TEAM, Channel, Json, Message, SlackRefusalError


def auth_test(office: Office, arguments: Json) -> Json:
    return {
        "url": f"https://{office.workspace.domain}.slack.com/",
        "team": "Home",
        "user": office.workspace.users[BOT_USER].name,
        "team_id": HOME_TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def bots_info(office: Office, arguments: Json) -> Json:
    if arguments.get("bot") != BOT_ID:
        raise SlackRefusalError("bot_not_found")
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER, "name": "lapwing", "deleted": False}}


def conversation_info(office: Office, arguments: Json) -> Json:
    channel = office.channel(arguments, needs_member=False)
    shown = channel.shown()
    if not true(arguments.get("include_num_members")):
        shown.pop("num_members", None)
    return {"channel": shown}


def conversation_list(office: Office, arguments: Json) -> Json:
    wanted = str(arguments.get("types") or "public_channel").replace(" ", "").split(",")
    kinds = {"public_channel": "channels", "private_channel": "groups", "im": "im"}
    if set(wanted) - {*kinds, "mpim"}:
        raise SlackRefusalError("invalid_types")
    shown = [
        channel.shown()
        for channel in office.workspace.channels.values()
        if channel.kind in {kinds[kind] for kind in wanted if kind in kinds}
        and not (channel.is_private and BOT_USER not in channel.members)
        and not (channel.is_archived and true(arguments.get("exclude_archived")))
    ]
    page, more = _page(shown, arguments, most=1000)
    return {"channels": page, **more}


def conversation_members(office: Office, arguments: Json) -> Json:
    channel = office.channel(arguments, needs_member=False)
    page, more = _page(sorted(channel.members), arguments, most=1000)
    return {"members": page, **more}


def conversation_open(office: Office, arguments: Json) -> Json:
    if known := office.workspace.channels.get(str(arguments.get("channel", ""))):
        if not known.is_im or BOT_USER not in known.members:
            raise SlackRefusalError("channel_not_found")
        return {"channel": {"id": known.id}}
    users = str(arguments.get("users") or "").split(",")
    if len(users) != 1 or users[0] not in office.workspace.users:
        raise SlackRefusalError("user_not_found")
    return {"channel": {"id": direct_channel(office.workspace, users[0]).id}}


def history(office: Office, arguments: Json) -> Json:
    channel = office.channel(arguments, needs_member=True)
    whole = [message for message in channel.standing() if message.thread_ts in (None, message.ts)]
    return _messages(office, arguments, sorted(whole, key=_moment, reverse=True))


def replies(office: Office, arguments: Json) -> Json:
    channel = office.channel(arguments, needs_member=True)
    parent = str(arguments.get("ts", ""))
    thread = [message for message in channel.standing() if parent in (message.ts, message.thread_ts)]
    if not thread:
        raise SlackRefusalError("thread_not_found")
    return _messages(office, arguments, sorted(thread, key=_moment))


def reactions_get(office: Office, arguments: Json) -> Json:
    channel, message = office.message(arguments, "timestamp")
    if BOT_USER not in channel.members:
        raise SlackRefusalError("channel_not_found")
    return {"type": "message", "channel": channel.id, "message": message.shown()}


def user_info(office: Office, arguments: Json) -> Json:
    user = office.workspace.users.get(str(arguments.get("user", "")))
    if user is None:
        raise SlackRefusalError("user_not_found")
    return {"user": user.shown()}


def user_list(office: Office, arguments: Json) -> Json:
    home = [user.shown() for user in office.workspace.users.values() if not user.is_stranger]
    page, more = _page(home, arguments, most=1000)
    return {"members": page, **more}


def true(value: object) -> bool:
    """Booleans as Slack reads them: true, "true", 1, "1"."""
    return str(value).lower() in ("true", "1")


def kind_of(office: Office, arguments: Json) -> str:
    """channels, groups or im: which scope a conversations method asks for."""
    channel: Channel | None = office.workspace.channels.get(str(arguments.get("channel", "")))
    return "channels" if channel is None else channel.kind


def _moment(message: Message) -> Decimal:
    return Decimal(message.ts)


def _bound(arguments: Json, name: str) -> Decimal | None:
    try:
        return Decimal(str(arguments[name])) if arguments.get(name) not in (None, "") else None
    except InvalidOperation:
        raise SlackRefusalError(f"invalid_ts_{name}") from None


def _messages(office: Office, arguments: Json, messages: list[Message]) -> Json:
    oldest, latest = _bound(arguments, "oldest"), _bound(arguments, "latest")
    inclusive = true(arguments.get("inclusive"))
    within = [
        message
        for message in messages
        if (oldest is None or _moment(message) > oldest or (inclusive and _moment(message) == oldest))
        and (latest is None or _moment(message) < latest or (inclusive and _moment(message) == latest))
    ]
    page, more = _page(within, arguments, most=999, usual=100)
    metadata = true(arguments.get("include_all_metadata")) and "metadata.message:read" in office.app.scopes
    shown = [message.shown(with_metadata=metadata) for message in page]
    return {"messages": shown, "has_more": bool(more["response_metadata"]["next_cursor"]), **more}


def _page(items: list[Any], arguments: Json, *, most: int, usual: int = 100) -> tuple[list[Any], Json]:
    """One page of the items, and the response_metadata with the cursor of the next."""
    try:
        size = int(arguments.get("limit") or usual)
        start = int(b64decode(str(arguments.get("cursor") or ""), validate=True).decode() or "0")
    except (ValueError, BadBase64Error):
        raise SlackRefusalError("invalid_cursor" if arguments.get("cursor") else "invalid_limit") from None
    if not 1 <= size <= most:
        raise SlackRefusalError("invalid_limit")
    end = start + size
    cursor = b64encode(str(end).encode()).decode() if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": cursor}}


READING: dict[str, Callable[[Office, Json], Json]] = {
    "auth.test": auth_test,
    "bots.info": bots_info,
    "conversations.history": history,
    "conversations.info": conversation_info,
    "conversations.list": conversation_list,
    "conversations.members": conversation_members,
    "conversations.open": conversation_open,
    "conversations.replies": replies,
    "reactions.get": reactions_get,
    "users.info": user_info,
    "users.list": user_list,
}
