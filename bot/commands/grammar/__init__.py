"""What people type -> Command. Pure: nobody is asked, nothing is looked up.

A line is a command or a UsageError, never half a command: invalid arguments do not count as no arguments.
"""

from bot.commands.catalogue import CATALOGUE, entry
from bot.commands.errors import UsageError, did_you_mean, shown
from bot.commands.grammar import alerts, config, labels, questions, watches
from bot.commands.grammar.words import Parser, first, topic
from bot.commands.types import Command, Help
from storage.types import Judged


def parse(text: str) -> Command:
    """The command in a line. Raises UsageError, and nothing else, on any text."""
    word, rest = first(text)
    if rest.casefold() == "help" and entry(topic(word)):
        return Help(topic=topic(word))
    parser = _PARSERS.get(word.casefold())
    if parser is None:
        known = ", ".join(one.word for one in CATALOGUE)
        hint = did_you_mean(word, _PARSERS) or f" I know {known}."
        raise UsageError(f'"{shown(word)}" is not a command.{hint}', "/help")
    return parser(rest)


_PARSERS: dict[str, Parser] = {
    "/watch": watches.watch,
    "/unwatch": watches.unwatch,
    "/labels": labels.labels,
    "/threshold": labels.threshold,
    "/alerts": alerts.alerts,
    "/test": questions.test,
    "/why": questions.why,
    "/stats": questions.stats,
    "+1": alerts.judge(Judged.RELEVANT),
    "-1": alerts.judge(Judged.NOT_RELEVANT),
    "0": alerts.judge(None),
    "/health": questions.health,
    "/config": config.config,
    "/help": questions.help_,
}
