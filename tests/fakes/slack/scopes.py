"""Which scope, token and rate-limit tier each Web API method asks for, by docs.slack.dev/reference/methods."""

from dataclasses import dataclass

# Every bot scope an app like ours could ask for, and a few it should not; docs.slack.dev/reference/scopes
_SCOPES = (
    "app_mentions:read assistant:write bookmarks:read bookmarks:write calls:read calls:write canvases:read "
    "canvases:write channels:history channels:join channels:manage channels:read channels:write.invites "
    "channels:write.topic chat:write chat:write.customize chat:write.public commands conversations.connect:manage "
    "conversations.connect:read conversations.connect:write dnd:read emoji:read files:read files:write groups:history "
    "groups:read groups:write groups:write.invites groups:write.topic im:history im:read im:write incoming-webhook "
    "links.embed:write links:read links:write metadata.message:read mpim:history mpim:read mpim:write pins:read "
    "pins:write reactions:read reactions:write reminders:read reminders:write remote_files:read remote_files:share "
    "remote_files:write team.billing:read team.preferences:read team:read tokens.basic usergroups:read "
    "usergroups:write users.profile:read users:read users:read.email users:write workflow.steps:execute"
)
KNOWN_BOT_SCOPES = frozenset(_SCOPES.split())

# What each event needs before Slack lets an app subscribe to it; docs.slack.dev/reference/events
EVENT_SCOPES = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "channel_archive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_id_changed": "channels:read",
    "channel_left": "channels:read",
    "channel_rename": "channels:read",
    "channel_shared": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_unshared": "channels:read",
    "group_archive": "groups:read",
    "group_deleted": "groups:read",
    "group_left": "groups:read",
    "group_rename": "groups:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "tokens_revoked": None,
    "user_change": "users:read",
}


@dataclass(frozen=True)
class MethodRules:
    """`{kind}` in a scope stands for channels, groups or im; the scope is None where any token will do."""

    scope: str | None
    per_minute: int  # calls a minute of its tier; the tiers promise "at least" this many
    token: str = "xoxb"


METHODS = {
    "apps.connections.open": MethodRules("connections:write", 1, "xapp"),
    "auth.test": MethodRules(None, 600, "any"),
    "bots.info": MethodRules("users:read", 50),
    "chat.delete": MethodRules("chat:write", 50),
    "chat.getPermalink": MethodRules(None, 600),
    "chat.postEphemeral": MethodRules("chat:write", 100),
    "chat.postMessage": MethodRules("chat:write", 600),  # limited a channel, see Limits
    "chat.update": MethodRules("chat:write", 50),
    "conversations.history": MethodRules("{kind}:history", 50),
    "conversations.info": MethodRules("{kind}:read", 50),
    "conversations.list": MethodRules("channels:read", 20),
    "conversations.members": MethodRules("{kind}:read", 100),
    "conversations.open": MethodRules("im:write", 50),
    "conversations.replies": MethodRules("{kind}:history", 50),
    "reactions.add": MethodRules("reactions:write", 50),
    "reactions.get": MethodRules("reactions:read", 50),
    "reactions.remove": MethodRules("reactions:write", 20),
    "users.info": MethodRules("users:read", 100),
    "users.list": MethodRules("users:read", 20),
    "views.open": MethodRules(None, 100),
    "views.update": MethodRules(None, 100),
}
