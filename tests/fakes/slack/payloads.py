"""The payloads an app receives, by docs.slack.dev/reference/interaction-payloads and /apis/events-api. Pure."""

import time

from tests.fakes.slack.app import InstalledApp
from tests.fakes.slack.world import APP_ID, BOT_USER, HOME_TEAM, Channel, Json, Message, User, View, Workspace


def slash(
    app: InstalledApp, workspace: Workspace, user: User, channel: Channel, *, command: str, text: str,
    response_url: str, trigger_id: str,
) -> Json:  # fmt: skip
    """A slash command. All values are strings, since over HTTP they come as a form."""
    return {
        "token": app.verification_token,
        "team_id": user.team,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def channel_name(channel: Channel) -> str:
    """What payloads call it: private channels keep their name to themselves."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private and BOT_USER not in channel.members else channel.name


def _interaction(app: InstalledApp, workspace: Workspace, user: User, kind: str) -> Json:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team},
        "api_app_id": APP_ID,
        "token": app.verification_token,
        "team": {"id": HOME_TEAM, "domain": workspace.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def block_actions(
    app: InstalledApp, workspace: Workspace, user: User, channel: Channel, *, message: Message, action: Json,
    response_url: str, trigger_id: str,
) -> Json:  # fmt: skip
    """A press in a message. An ephemeral message is named by its container only."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    payload = _interaction(app, workspace, user, "block_actions") | {
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    if message.ephemeral_to is None:
        payload["message"] = message.shown(with_metadata=True)
    return payload


def message_action(
    app: InstalledApp, workspace: Workspace, user: User, channel: Channel, *, message: Message, callback_id: str,
    response_url: str, trigger_id: str,
) -> Json:  # fmt: skip
    """A message shortcut."""
    return _interaction(app, workspace, user, "message_action") | {
        "callback_id": callback_id,
        "action_ts": f"{time.time():.6f}",
        "trigger_id": trigger_id,
        "response_url": response_url,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message_ts": message.ts,
        "message": message.shown(with_metadata=True),
    }


def view_submission(
    app: InstalledApp, workspace: Workspace, user: User, *, view: View, values: Json, trigger_id: str
) -> Json:
    """A modal sent off."""
    return _interaction(app, workspace, user, "view_submission") | {
        "trigger_id": trigger_id,
        "view": view.shown(values),
        "response_urls": [],
    }


def view_closed(app: InstalledApp, workspace: Workspace, user: User, *, view: View) -> Json:
    """A modal closed, for views with notify_on_close."""
    return _interaction(app, workspace, user, "view_closed") | {"view": view.shown(), "is_cleared": False}


def event_callback(app: InstalledApp, event: Json, *, number: int, channel: Channel | None) -> Json:
    """The envelope of an event. `event_id` stays the same when it is brought again."""
    return {
        "token": app.verification_token,
        "team_id": HOME_TEAM,
        "context_team_id": HOME_TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number:010d}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": HOME_TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
        "event_context": f"4-{number}",
    }


def said(user: User, channel: Channel, *, kind: str, text: str, ts: str, thread_ts: str | None, number: int) -> Json:
    """An app_mention or message event."""
    event: Json = {
        "type": kind,
        "user": user.id,
        "text": text,
        "ts": ts,
        "event_ts": ts,
        "team": HOME_TEAM,
        "channel": channel.id,
        "client_msg_id": f"{number:08d}-0000-4000-8000-000000000000",
    }
    if kind == "message":
        event["channel_type"] = channel.event_kind
    if thread_ts is not None:
        event["thread_ts"] = thread_ts
    if user.is_stranger:
        event |= {"user_team": user.team, "source_team": user.team, "team": user.team}
    return event


def action_of(block: Json, element: Json, *, option: Json | None = None) -> Json:
    """What stands in `actions` of a press."""
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": f"{time.time():.6f}",
    }
    for name in ("text", "value", "style"):
        if name in element:
            action[name] = element[name]
    if option is not None:
        action["selected_option"] = option
    return action
