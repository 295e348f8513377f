"""Would Slack take this manifest? By slackapi/manifest-schema (1.0.0) and docs.slack.dev/reference/app-manifest."""

import re
from collections import Counter
from typing import Any

from tests.fakes.slack.scopes import EVENT_SCOPES, KNOWN_BOT_SCOPES
from tests.fakes.slack.world import Json

# Slack's own commands. A manifest that names one is refused as a whole.
_RESERVED = (
    "apps archive away call canvas close collapse dm dnd expand feed feedback huddle invite join kick leave list me "
    "msg mute open part prefs remind remove rename s search shortcuts shrug star status topic unarchive who"
)
RESERVED_COMMANDS = frozenset(_RESERVED.split())
CONTESTED_COMMANDS = frozenset({"help"})  # Slack's own in some clients, an app's in others: refused here to be safe

_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
_COMMAND = re.compile(r"/[a-z0-9][a-z0-9_-]*")
_NAMES = {
    "": "_metadata display_information features oauth_config settings",
    "_metadata": "major_version minor_version",
    "display_information": "name description background_color long_description",
    "features": "app_home bot_user shortcuts slash_commands unfurl_domains",
    "features.app_home": "home_tab_enabled messages_tab_enabled messages_tab_read_only_enabled",
    "features.bot_user": "display_name always_online",
    "oauth_config": "redirect_urls scopes token_management_enabled pkce_enabled",
    "oauth_config.scopes": "bot user bot_optional user_optional",
    "settings": "allowed_ip_address_ranges event_subscriptions incoming_webhooks interactivity org_deploy_enabled "
    "socket_mode_enabled is_hosted token_rotation_enabled function_runtime",
    "settings.event_subscriptions": "request_url bot_events user_events metadata_subscriptions",
    "settings.interactivity": "is_enabled request_url message_menu_options_url",
}


class _Reader:
    """Walks the manifest and writes down what is wrong, one line each, with the path."""

    def __init__(self, manifest: Json) -> None:
        self.faults: list[str] = []
        self._manifest = manifest

    def wrong(self, path: str, what: str) -> None:
        self.faults.append(f"{path}: {what}")

    def group(self, path: str) -> Json:
        """The object at a dotted path; {} when it is absent or no object."""
        found: Any = self._manifest
        for name in path.split(".") if path else []:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            self.wrong(path, "must be an object")
            return {}
        return found

    def text(self, path: str, value: object, most: int, least: int = 1) -> str:
        if not isinstance(value, str):
            self.wrong(path, "must be a string")
            return ""
        if not least <= len(value) <= most:
            self.wrong(path, f"has {len(value)} characters, allowed are {least} to {most}")
        return value

    def items(self, path: str, value: object, most: int) -> list[Any]:
        if not isinstance(value, list):
            self.wrong(path, "must be a list")
            return []
        if not 1 <= len(value) <= most:
            self.wrong(path, f"has {len(value)} entries, allowed are 1 to {most}")
        return value

    def names(self, path: str, thing: Json, allowed: str, required: str = "") -> None:
        for name in thing:
            if name not in allowed.split():
                self.wrong(path, f"{name} is not a known property")
        for name in required.split():
            if name not in thing:
                self.wrong(path, f"{name} is missing")

    def url(self, path: str, value: object, most: int) -> None:
        if not _URL.fullmatch(self.text(path, value, most)):
            self.wrong(path, "must be a URL that begins with https:// or http://")


def check_manifest(manifest: Json) -> list[str]:
    """Every reason to refuse it; empty when Slack takes it."""
    read = _Reader(manifest)
    for path, allowed in _NAMES.items():
        read.names(path or "manifest", read.group(path), allowed)
    if "display_information" not in manifest:
        read.wrong("manifest", "display_information is missing")
    _display(read)
    socket_mode = read.group("settings").get("socket_mode_enabled", False) is True
    _commands(read, socket_mode)
    _shortcuts(read)
    _scopes(read)
    _hearing(read, socket_mode)
    return read.faults


def _display(read: _Reader) -> None:
    shown = read.group("display_information")
    read.text("display_information.name", shown.get("name"), 35)
    if "description" in shown:
        read.text("display_information.description", shown["description"], 140)
    if "long_description" in shown:
        read.text("display_information.long_description", shown["long_description"], 4000, least=175)
    color = shown.get("background_color", "#000000")
    if not isinstance(color, str) or not re.fullmatch(r"#([0-9a-fA-F]{3}){1,2}", color):
        read.wrong("display_information.background_color", "must be a colour such as #1d9bd1")
    bot = read.group("features.bot_user")
    if "bot_user" in read.group("features"):
        name = read.text("features.bot_user.display_name", bot.get("display_name"), 80)
        if not re.fullmatch(r"[A-Za-z0-9._ -]*", name):
            read.wrong("features.bot_user.display_name", "allowed are letters, digits and - _ .")


def _commands(read: _Reader, socket_mode: bool) -> None:
    if "slash_commands" not in read.group("features"):
        return
    path = "features.slash_commands"
    commands = read.items(path, read.group("features")["slash_commands"], 50)
    names = Counter(command.get("command") for command in commands if isinstance(command, dict))
    for name, times in names.items():
        if times > 1:
            read.wrong(path, f"{name} is named {times} times")
    for number, command in enumerate(commands):
        _command(read, f"{path}[{number}]", command, socket_mode)


def _command(read: _Reader, path: str, command: object, socket_mode: bool) -> None:
    if not isinstance(command, dict):
        read.wrong(path, "must be an object")
        return
    read.names(path, command, "command url description usage_hint should_escape", "command description")
    name = read.text(f"{path}.command", command.get("command"), 32, least=2)
    if not _COMMAND.fullmatch(name):
        read.wrong(f"{path}.command", f"{name!r} must be a slash and then lower-case letters, digits, - or _")
    if name.removeprefix("/") in RESERVED_COMMANDS | CONTESTED_COMMANDS:
        read.wrong(f"{path}.command", f"{name} is reserved by Slack")
    read.text(f"{path}.description", command.get("description"), 2000)
    if "usage_hint" in command:
        read.text(f"{path}.usage_hint", command["usage_hint"], 1000)
    if not isinstance(command.get("should_escape", False), bool):
        read.wrong(f"{path}.should_escape", "must be true or false")
    if "url" in command:
        read.url(f"{path}.url", command["url"], 3000)
    elif not socket_mode:
        read.wrong(path, "url is missing, and Socket Mode is off")


def _shortcuts(read: _Reader) -> None:
    if "shortcuts" not in read.group("features"):
        return
    path = "features.shortcuts"
    shortcuts = read.items(path, read.group("features")["shortcuts"], 10)
    ids = Counter(shortcut.get("callback_id") for shortcut in shortcuts if isinstance(shortcut, dict))
    for callback_id, times in ids.items():
        if times > 1:
            read.wrong(path, f"callback_id {callback_id} is named {times} times")
    for number, shortcut in enumerate(shortcuts):
        here = f"{path}[{number}]"
        if not isinstance(shortcut, dict):
            read.wrong(here, "must be an object")
            continue
        read.names(here, shortcut, "name type callback_id description", "name type callback_id description")
        for name, most in (("name", 24), ("callback_id", 255), ("description", 150)):
            read.text(f"{here}.{name}", shortcut.get(name), most)
        if shortcut.get("type") not in ("message", "global"):
            read.wrong(f"{here}.type", "must be message or global")


def _scopes(read: _Reader) -> None:
    path = "oauth_config.scopes.bot"
    scopes = read.group("oauth_config.scopes").get("bot", [])
    if not isinstance(scopes, list):
        read.wrong(path, "must be a list")
        return
    for scope in scopes:
        if scope not in KNOWN_BOT_SCOPES:
            read.wrong(path, f"{scope} is not a scope of bots")
    for scope, times in Counter(scopes).items():
        if times > 1:
            read.wrong(path, f"{scope} is named {times} times")
    features = read.group("features")
    if scopes and "bot_user" not in features:
        read.wrong("features", "bot_user is missing, and bot scopes need it")
    if ("slash_commands" in features or "shortcuts" in features) and "commands" not in scopes:
        read.wrong(path, "commands is missing, and slash commands and shortcuts need it")


def _hearing(read: _Reader, socket_mode: bool) -> None:
    """Events, interactivity, and where requests go without Socket Mode."""
    for name in ("event_subscriptions", "interactivity"):
        group = read.group(f"settings.{name}")
        if "request_url" in group:
            read.url(f"settings.{name}.request_url", group["request_url"], 3500)
        elif not socket_mode and (group.get("bot_events") or group.get("is_enabled") is True):
            read.wrong(f"settings.{name}", "request_url is missing, and Socket Mode is off")
    interactivity = read.group("settings.interactivity")
    if interactivity and not isinstance(interactivity.get("is_enabled"), bool):
        read.wrong("settings.interactivity", "is_enabled is missing")
    if "shortcuts" in read.group("features") and interactivity.get("is_enabled") is not True:
        read.wrong("settings.interactivity", "shortcuts need it enabled")
    events = read.group("settings.event_subscriptions").get("bot_events", [])
    if len(events) > 100:
        read.wrong("settings.event_subscriptions.bot_events", "more than 100 events")
    held = read.group("oauth_config.scopes").get("bot", [])
    for event in events:
        if event not in EVENT_SCOPES:
            read.wrong("settings.event_subscriptions.bot_events", f"{event} is not a known event")
        elif EVENT_SCOPES[event] not in (None, *held):
            read.wrong("settings.event_subscriptions.bot_events", f"{event} needs the scope {EVENT_SCOPES[event]}")
