"""/test, /why, /stats, /health and /help: what people ask without changing anything."""

from urllib.parse import urlsplit

from bot.commands.catalogue import CATALOGUE, entry, example
from bot.commands.errors import UsageError, did_you_mean, shown
from bot.commands.grammar.words import alert_number, alone, missing, topic
from bot.commands.types import AskWhy, Command, Help, ShowHealth, ShowStats, TryText

LONGEST_TEST = 10_000
LONGEST_LINK = 2_000
MOST_DAYS = 365


def test(rest: str) -> Command:
    if not rest:
        raise missing("A text", "/test")
    if len(rest) > LONGEST_TEST:
        raise UsageError(f"The text is too long: {LONGEST_TEST} characters at most.", example("/test"))
    return TryText(text=rest)


def why(rest: str) -> Command:
    if not rest:
        raise missing("An alert or a link", "/why")
    number = alert_number(rest)
    if number is not None:
        return AskWhy(alert=number)
    link = rest[1:-1] if rest.startswith("<") and rest.endswith(">") else rest  # as people keep a link from unfurling
    if not _is_link(link):
        raise UsageError(f'"{shown(rest)}" is neither the number of an alert nor a link.', example("/why"))
    return AskWhy(link=link)


def _is_link(text: str) -> bool:
    if len(text) > LONGEST_LINK or not text.isprintable() or any(character in ' <>"' for character in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:  # half an IPv6 address, a host that changes under NFKC
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def stats(rest: str) -> Command:
    if not rest:
        return ShowStats()
    if not (rest.isascii() and rest.isdigit()):
        raise UsageError(f'"{shown(rest)}" is not a number of days.', example("/stats"))
    if len(rest) > 3 or not 1 <= int(rest) <= MOST_DAYS:
        raise UsageError(f"{shown(rest)} days are not possible. Use 1 to {MOST_DAYS}.", example("/stats"))
    return ShowStats(days=int(rest))


def help_(rest: str) -> Command:
    if not rest:
        return Help()
    if entry(topic(rest)) is None:
        hint = did_you_mean(topic(rest), [one.word for one in CATALOGUE])
        raise UsageError(f'"{shown(rest)}" is not a command.{hint}', example("/help"))
    return Help(topic=topic(rest))


health = alone("/health", ShowHealth())
