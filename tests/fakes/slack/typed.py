"""What a person types, as Slack hands it to an app. Pure.

A command whose manifest says should_escape gets mentions, channels and links in angle brackets; any text gets
&amp; &lt; &gt;. The forms are those of docs.slack.dev/interactivity/implementing-slash-commands and of message text.
"""

import re
from collections.abc import Iterable

from tests.fakes.slack.world import Workspace

# Slack links a bare name only when it ends like a real domain; a few endings stand for the whole list.
_DOMAIN = r"(?:[a-z0-9][a-z0-9-]{0,62}\.)+(?:com|org|net|io|dev|social|xyz|app|de|uk|eu|jp)"
_LINKS = (
    r"(?P<url>https?://[^\s<>|]+)"
    rf"|(?<![a-z0-9._%+-])(?P<mail>[a-z0-9._%+-]{{1,64}}@{_DOMAIN})\b"
    rf"|(?<![a-z0-9.-])(?P<domain>{_DOMAIN}\b(?:/[^\s<>|]*)?)"
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
    for match in _typed(workspace).finditer(text):
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
        user = next(user for user in workspace.users.values() if user.name == match["person"].lower())
        return (f"<@{user.id}|{user.name}>" if with_names else f"<@{user.id}>"), match.end()
    channel = next(channel for channel in workspace.channels.values() if channel.name == match["channel"].lower())
    return f"<#{channel.id}|{channel.name}>", match.end()


def _typed(workspace: Workspace) -> re.Pattern[str]:
    """Everything Slack finds in typed text: links, and the names of people and channels there are."""
    people = _any_of(user.name for user in workspace.users.values())
    channels = _any_of(channel.name for channel in workspace.channels.values() if channel.name)
    names = rf"|@(?P<person>{people})(?![\w@-])(?!\.\w)|#(?P<channel>{channels})(?![\w-])"
    return re.compile(_LINKS + names, re.IGNORECASE)


def _any_of(names: Iterable[str]) -> str:
    """A pattern for one of the names, the longest first; without names, one that fits nothing."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) or r"(?!)"
