"""The Web API methods that write: chat.*, views.*, reactions.*. Each takes the arguments and returns the answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.slack.app import InstalledApp
from tests.fakes.slack.content import TEXT_AN_UPDATE, content_of, structured
from tests.fakes.slack.views import view_faults
from tests.fakes.slack.world import BOT_ID, BOT_USER, Channel, Json, Message, SlackRefusalError, View, Workspace

TRIGGER_LIVES_S = 3.0


@dataclass(kw_only=True)
class Trigger:
    """What a person's act gives an app for opening one modal."""

    person: str
    made_at: float
    used: bool = False


@dataclass(kw_only=True)
class Office:
    """What the methods work on."""

    workspace: Workspace
    app: InstalledApp
    triggers: dict[str, Trigger]
    emit: Callable[[str, Json, Channel | None], None]  # event name, event, where it happened

    def channel(self, arguments: Json, *, needs_member: bool) -> Channel:
        """The channel the call names. A private one the bot is not in cannot be told from one that does not exist."""
        channel = self.workspace.channels.get(str(arguments.get("channel", "")))
        if channel is None or (channel.is_private and BOT_USER not in channel.members):
            raise SlackRefusalError("channel_not_found")
        if needs_member and BOT_USER not in channel.members:
            raise SlackRefusalError("not_in_channel")
        return channel

    def message(self, arguments: Json, name: str) -> tuple[Channel, Message]:
        channel = self.channel(arguments, needs_member=False)
        message = self.workspace.find(channel.id, str(arguments.get(name, "")))
        if message is None:
            raise SlackRefusalError("message_not_found")
        return channel, message


def post_message(office: Office, arguments: Json) -> Json:
    given = str(arguments.get("channel", ""))
    if given in office.workspace.users:  # a user's id posts to the direct conversation with them
        arguments = {**arguments, "channel": direct_channel(office.workspace, given).id}
    channel = _postable(office, arguments)
    content = content_of(arguments)
    message = Message(ts=office.workspace.new_ts(), channel=channel.id, user=BOT_USER, bot_id=BOT_ID)
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None:
        if office.workspace.find(channel.id, str(thread_ts)) is None:
            raise SlackRefusalError("thread_not_found")
        message.thread_ts = str(thread_ts)
    content.write(message)
    channel.messages.append(message)
    shown = message.shown(with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def update_message(office: Office, arguments: Json) -> Json:
    """parse and link_names start again from their defaults; parse is "client" here, unlike for a new message."""
    channel, message = office.message(arguments, "ts")
    if channel.is_archived:
        raise SlackRefusalError("is_inactive")
    if message.user != BOT_USER:
        raise SlackRefusalError("cant_update_message")
    kept = {"blocks": message.blocks, "attachments": message.attachments} if "text" not in arguments else {}
    unfurling: Json = {
        name: message.options[name] for name in ("unfurl_links", "unfurl_media") if name in message.options
    }
    content = content_of({**kept, **arguments}, most_text=TEXT_AN_UPDATE, parse="client")
    content.write(message)
    message.options |= unfurling  # an update has no say in it
    message.edited = True
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.shown()}


def delete_message(office: Office, arguments: Json) -> Json:
    channel, message = office.message(arguments, "ts")
    if message.user != BOT_USER:
        raise SlackRefusalError("cant_delete_message")
    message.deleted = True
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(office: Office, arguments: Json) -> Json:
    channel = _postable(office, arguments)
    user = str(arguments.get("user", ""))
    if user not in channel.members:
        raise SlackRefusalError("user_not_in_channel")
    message = Message(
        ts=office.workspace.new_ts(), channel=channel.id, user=BOT_USER, bot_id=BOT_ID, ephemeral_to=user,
        thread_ts=arguments.get("thread_ts"),
    )  # fmt: skip
    content_of(arguments).write(message)
    channel.ephemerals.append(message)
    return {"message_ts": message.ts}


def permalink(office: Office, arguments: Json) -> Json:
    channel, message = office.message(arguments, "message_ts")
    digits = message.ts.replace(".", "")
    url = f"https://{office.workspace.domain}.slack.com/archives/{channel.id}/p{digits}"
    return {"channel": channel.id, "permalink": url}


def add_reaction(office: Office, arguments: Json) -> Json:
    channel, message = office.message(arguments, "timestamp")
    react(office, channel, message, BOT_USER, str(arguments.get("name", "")))
    return {}


def remove_reaction(office: Office, arguments: Json) -> Json:
    channel, message = office.message(arguments, "timestamp")
    unreact(office, channel, message, BOT_USER, str(arguments.get("name", "")))
    return {}


def react(office: Office, channel: Channel, message: Message, user: str, name: str) -> None:
    """Add one person's reaction. Raises already_reacted, invalid_name."""
    if not name.replace(":", "").replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackRefusalError("invalid_name")
    users = message.reactions.setdefault(name, [])
    if user in users:
        raise SlackRefusalError("already_reacted")
    users.append(user)
    office.emit("reaction_added", _reaction_event(office, "reaction_added", message, user, name), channel)


def unreact(office: Office, channel: Channel, message: Message, user: str, name: str) -> None:
    """Take one person's reaction away. Raises no_reaction."""
    if user not in message.reactions.get(name, []):
        raise SlackRefusalError("no_reaction")
    message.reactions[name].remove(user)
    if not message.reactions[name]:
        del message.reactions[name]
    office.emit("reaction_removed", _reaction_event(office, "reaction_removed", message, user, name), channel)


def open_view(office: Office, arguments: Json) -> Json:
    trigger = office.triggers.get(str(arguments.get("trigger_id", "")))
    if trigger is None:
        raise SlackRefusalError("invalid_trigger_id")
    if trigger.used:
        raise SlackRefusalError("exchanged_trigger_id")
    if time.monotonic() - trigger.made_at > TRIGGER_LIVES_S:
        raise SlackRefusalError("expired_trigger_id")
    definition = checked_view(arguments.get("view"))
    trigger.used = True
    number = office.workspace.number()
    view = View(id=f"V{number:09d}", person=trigger.person, definition=definition, hash=f"{number}.h")
    office.workspace.views[view.id] = view
    return {"view": view.shown()}


def update_view(office: Office, arguments: Json) -> Json:
    view = office.workspace.views.get(str(arguments.get("view_id", "")))
    if view is None:
        raise SlackRefusalError("not_found")
    if arguments.get("hash") not in (None, view.hash):
        raise SlackRefusalError("hash_conflict")
    view.definition = checked_view(arguments.get("view"))
    view.hash = f"{office.workspace.number()}.h"
    return {"view": view.shown()}


def checked_view(given: object) -> Json:
    """The modal's definition. Raises invalid_arguments with every fault."""
    view = structured(given, "invalid_arguments")
    faults = view_faults(view)
    if faults or not isinstance(view, dict):
        raise SlackRefusalError(
            "invalid_arguments", response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]}
        )
    blocks = [{**block, "block_id": block.get("block_id") or f"v{at}"} for at, block in enumerate(view["blocks"])]
    return {**view, "blocks": blocks}


def direct_channel(workspace: Workspace, user: str) -> Channel:
    """The conversation of that person and the bot, made when it is first asked for."""
    for channel in workspace.channels.values():
        if channel.is_im and user in channel.members:
            return channel
    channel = Channel(id=f"D{workspace.number():09d}", name="", is_im=True, members={user, BOT_USER})
    workspace.channels[channel.id] = channel
    return channel


def _postable(office: Office, arguments: Json) -> Channel:
    public = "chat:write.public" in office.app.scopes
    channel = office.channel(arguments, needs_member=False)
    if BOT_USER not in channel.members and not public:
        raise SlackRefusalError("not_in_channel")
    if channel.is_archived:
        raise SlackRefusalError("is_archived")
    return channel


def _reaction_event(office: Office, kind: str, message: Message, user: str, name: str) -> Json:
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": office.workspace.new_ts(),
    }


WRITING: dict[str, Callable[[Office, Json], Json]] = {
    "chat.delete": delete_message,
    "chat.getPermalink": permalink,
    "chat.postEphemeral": post_ephemeral,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "views.open": open_view,
    "views.update": update_view,
}
