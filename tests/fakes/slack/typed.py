"""What a person types, as Slack hands it to an app. Pure.

A command whose manifest says should_escape gets mentions, channels and links in angle brackets; any text gets
&amp; &lt; &gt;. The forms are those of docs.slack.dev/interactivity/implementing-slash-commands and of message text.
"""

import re

from tests.fakes.slack.world import Workspace

# Slack links a bare name only when it ends like a real domain; a few endings stand for the whole list.
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|org|net|io|dev|social|xyz|app|de|uk|eu|jp)"
_TYPED = re.compile(
    rf"(?P<url>https?://[^\s<>|]+)"
    rf"|(?P<mail>[A-Za-z0-9._%+-]+@{_DOMAIN})\b"
    rf"|(?P<domain>\b{_DOMAIN}\b(?:/[^\s<>|]*)?)"
    r"|@(?P<person>[a-z0-9][a-z0-9._-]*)"
    r"|#(?P<channel>[a-z0-9][a-z0-9_-]*)",
    re.IGNORECASE,
)
_ENDS_A_SENTENCE = ".,;:!?)"


def escaped(text: str) -> str:
    """The three characters that Slack always writes as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_command_text(text: str, workspace: Workspace, *, should_escape: bool) -> str:
    """The `text` of a slash command."""
    return _linked(text, workspace, with_names=True) if should_escape else escaped(text)


def as_message_text(text: str, workspace: Workspace) -> str:
    """The `text` of a message or a mention. What is already written as <@U123> stays so."""
    parts = re.split(r"(<@[UW][A-Z0-9]+>)", text)
    return "".join(
        part if number % 2 else _linked(part, workspace, with_names=False) for number, part in enumerate(parts)
    )


def _linked(text: str, workspace: Workspace, *, with_names: bool) -> str:
    done: list[str] = []
    at = 0
    for match in _TYPED.finditer(text):
        found, end = _link(match, workspace, with_names=with_names)
        done += [escaped(text[at : match.start()]), found, escaped(text[end : match.end()])]
        at = match.end()
    return "".join([*done, escaped(text[at:])])


def _link(match: re.Match[str], workspace: Workspace, *, with_names: bool) -> tuple[str, int]:
    """The written form of one find, and where in the typed text it ends."""
    whole = match.group()
    if match["url"] or match["domain"]:
        kept = whole.rstrip(_ENDS_A_SENTENCE)
        form = escaped(kept)
        return (f"<{form}>" if match["url"] else f"<http://{form}|{form}>"), match.start() + len(kept)
    if match["mail"]:
        return f"<mailto:{whole}|{whole}>", match.end()
    if match["person"]:
        user = next((user for user in workspace.users.values() if user.name == whole[1:].lower()), None)
        if user is not None:
            return (f"<@{user.id}|{user.name}>" if with_names else f"<@{user.id}>"), match.end()
    if match["channel"]:
        channel = next((channel for channel in workspace.channels.values() if channel.name == whole[1:].lower()), None)
        if channel is not None:
            return f"<#{channel.id}|{channel.name}>", match.end()
    return escaped(whole), match.end()
