"""What was filled into the options of Discord's commands -> the line that the grammar knows. Pure.

An option means what the same words mean when they are typed elsewhere: whoever learnt them here can read README. Only
what another option would run into is put in quotes.
"""

import re
from collections.abc import Iterable

from bot.chat.discord.text import units
from bot.chat.plain import person_name
from bot.commands.values import straight_quotes

MOST_CHOICES = 25
MOST_CHOICE = 100
"""Discord takes so many suggestions, each of so many characters."""

_WHOLLY_QUOTED = re.compile(r'"(?:[^"]|"")*+"')


def line(command: str, *options: str | int | None) -> str:
    """A command with its options as they were filled in, those left out left out."""
    return " ".join([command, *(str(option).strip() for option in options if option is not None)])


def describe(label: str, text: str) -> str:
    """`/labels describe`: both in quotes, whatever stands in them; `""` stays the empty description that it is."""
    return line("/labels describe", _quoted(label), _quoted(text))


def imported(yaml: str) -> str:
    """`/config import` with the file on lines of its own: its white space means something."""
    return f"/config import\n{yaml}"


def lock(people: Iterable[tuple[int, str]]) -> str:
    """`/config lock` with ids and names; a name that could be read as anything else loses what makes it so."""
    return line("/config lock", *(f"<@{number}|{person_name(name)}>" for number, name in people))


def choices(suggested: Iterable[str]) -> list[str]:
    """What may be offered for an option: as many and as long as Discord takes."""
    return [one for one in suggested if 0 < units(one) <= MOST_CHOICE][:MOST_CHOICES]


def _quoted(text: str) -> str:
    """In quotes; what stands in quotes already, as README shows it, means the same."""
    straight = straight_quotes(text).strip()
    return straight if _WHOLLY_QUOTED.fullmatch(straight) else '"' + straight.replace('"', '""') + '"'
