"""The manifest with which a workspace installs Lapwing. Pure."""

from typing import Any

from bot.chat.slack.incoming import UMBRELLA
from bot.commands.catalogue import CATALOGUE

WHY, CLASSIFY = "why", "classify"
"""The ids of the message shortcuts."""

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "metadata.message:read",
    "reactions:read",
    "users:read",
)
"""What the bot may do, and nothing more: hear commands and mentions, post, find its own posts again, read reactions."""

EVENTS = ("app_mention", "app_uninstalled", "member_joined_channel", "reaction_added", "reaction_removed")

MOST_HINT = 1_000


def manifest(*, prefix: str = "", url: str = "") -> dict[str, Any]:
    """`prefix` stands before each command ("acme": /acme-watch); `url`: where Slack reaches Lapwing, in HTTP mode."""
    address = {"url": f"{url.rstrip('/')}/slack/events"} if url else {}
    requests = {"request_url": address["url"]} if url else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Lapwing",
            "description": "A lookout: watches accounts and raises the alarm in the channels that asked for it.",
            "background_color": "#1d3b2f",
        },
        "features": {
            "bot_user": {"display_name": "Lapwing", "always_online": True},
            "slash_commands": [
                _command(word, meaning, hint, prefix, address) for word, meaning, hint in _commands(prefix)
            ],
            "shortcuts": [
                {
                    "name": "Classify this",
                    "type": "message",
                    "callback_id": CLASSIFY,
                    "description": "What this channel's labels would make of this message",
                },
                {
                    "name": "Why this alert?",
                    "type": "message",
                    "callback_id": WHY,
                    "description": "Why this alert came, or why a post did not alert",
                },
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**requests, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **requests},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def commands(prefix: str = "") -> list[str]:
    """The names of all commands, as people type them."""
    return [_name(word, prefix) for word, _, _ in _commands(prefix)]


def _name(word: str, prefix: str) -> str:
    """The umbrella keeps its name, so that it always works."""
    return f"/{prefix}-{word}" if prefix and word != UMBRELLA else f"/{word}"


def _commands(prefix: str) -> list[tuple[str, str, str]]:
    """(word, meaning, usage hint) of each command that a slash can begin. Slack keeps a bare /help for itself."""
    own = [
        (one.word.removeprefix("/"), one.meaning, _hint(one.word, one.usages))
        for one in CATALOGUE
        if one.word.startswith("/") and (prefix or one.word != "/help")
    ]
    return [(UMBRELLA, "all of my commands under one name", "help | watch @account | labels set a, b"), *own]


def _hint(word: str, usages: tuple[str, ...]) -> str:
    hints = [usage.removeprefix(word).strip() for usage in usages if usage.startswith(word)]
    return " | ".join(hint for hint in hints if hint)[:MOST_HINT]


def _command(word: str, meaning: str, hint: str, prefix: str, address: dict[str, str]) -> dict[str, Any]:
    command: dict[str, Any] = {"command": _name(word, prefix), "description": meaning, "should_escape": True, **address}
    return command | ({"usage_hint": hint} if hint else {})
