"""The app as a manifest made it and a workspace installed it."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.slack.world import Json

APP_LEVEL_SCOPE = "connections:write"

_EVERYTHING = (
    "app_mentions:read channels:history channels:read chat:write commands groups:history groups:read im:history "
    "im:read im:write metadata.message:read reactions:read reactions:write users:read"
)

_EVENTS = (
    "app_mention app_uninstalled channel_archive channel_left channel_unarchive group_archive group_left "
    "group_unarchive member_joined_channel message.im reaction_added reaction_removed tokens_revoked"
)

# For tests of the fake itself and of single calls: an app that may do all an alert bot does.
PLAIN_MANIFEST: Json = {
    "display_information": {"name": "Lapwing"},
    "features": {
        "bot_user": {"display_name": "lapwing", "always_online": True},
        "slash_commands": [
            {"command": "/watch", "description": "What this channel watches", "should_escape": True},
            {"command": "/test", "description": "Try a text", "should_escape": False},
        ],
        "shortcuts": [
            {"name": "Classify this", "type": "message", "callback_id": "classify", "description": "What is it about?"}
        ],
    },
    "oauth_config": {"scopes": {"bot": _EVERYTHING.split()}},
    "settings": {
        "event_subscriptions": {"bot_events": _EVENTS.split()},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


@dataclass(kw_only=True)
class InstalledApp:
    """Its tokens, what it may do and where it hears. `standing` is what auth finds: ok, or the error it answers."""

    manifest: Json
    bot_token: str = "xoxb-100-200-abcdefABCDEF"
    app_token: str = "xapp-1-A0LAPWING0-300-fedcba"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    verification_token: str = "gIkuvaNzQIHg97ATvDxqgjtO"
    standing: str = "ok"
    reached_at: dict[str, str] = field(default_factory=dict)  # scheme and host of the manifest -> those of the test
    app_scopes: frozenset[str] = frozenset({APP_LEVEL_SCOPE})

    @property
    def scopes(self) -> list[str]:
        return list(self._part("oauth_config", "scopes").get("bot", []))

    @property
    def events(self) -> frozenset[str]:
        return frozenset(self._part("settings", "event_subscriptions").get("bot_events", []))

    @property
    def socket_mode(self) -> bool:
        return bool(self.manifest.get("settings", {}).get("socket_mode_enabled", False))

    @property
    def interactive(self) -> bool:
        return bool(self._part("settings", "interactivity").get("is_enabled", False))

    def command(self, name: str) -> Json | None:
        """The slash command of that name, or None."""
        commands: list[Json] = self.manifest.get("features", {}).get("slash_commands", [])
        return next((command for command in commands if command["command"] == name), None)

    def shortcut(self, callback_id: str) -> Json | None:
        shortcuts: list[Json] = self.manifest.get("features", {}).get("shortcuts", [])
        return next((shortcut for shortcut in shortcuts if shortcut["callback_id"] == callback_id), None)

    def url_for(self, kind: str, payload: Json) -> str:
        """Where HTTP mode sends this kind of payload. Raises LookupError unless that is this machine."""
        if kind == "slash_commands":
            command = self.command(payload["command"])
            assert command is not None
            url = str(command.get("url", ""))
        elif kind == "interactive":
            url = self._part("settings", "interactivity").get("request_url", "")
        else:
            url = self._part("settings", "event_subscriptions").get("request_url", "")
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        local = self.reached_at.get(base, base)
        if urlsplit(local).hostname != "127.0.0.1":
            raise LookupError(f"nothing is sent to {base}; say where it is here: slack.app.reached_at[{base!r}] = ...")
        return local + str(url).removeprefix(base)

    def _part(self, group: str, name: str) -> dict[str, Any]:
        part = self.manifest.get(group, {}).get(name, {})
        assert isinstance(part, dict)
        return part
