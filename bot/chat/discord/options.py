"""What Discord's commands share: what stands beside them, what completes while people type, and the way to the desk."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import discord
from discord.app_commands import Choice

from bot.chat.plain import one_line
from bot.commands import catalogue
from bot.commands.suggest import Suggest

if TYPE_CHECKING:
    from bot.chat.discord.desk import Desk

Interaction = discord.Interaction[Any]

_MOST_DESCRIPTION = 100

ACCOUNTS = "one or several, as @vendor_sec, @news@mastodon.social"
FILTERS = 'as +label:security -label:sports +keyword:"data leak" -retweets lang:en min:60%'
PERSON = "one who may change settings here"
LABELS = 'separated by commas, as security, database, "one, with a comma"'


def desk_of(interaction: Interaction) -> "Desk":
    """The desk of the client that heard of it."""
    desk: Desk = interaction.client.desk
    return desk


def means(beginning: str) -> str:
    """What the catalogue says of a command or a form of it, as long as Discord takes."""
    entry = catalogue.entry(beginning)
    return one_line(entry.meaning if entry else catalogue.meaning(beginning), _MOST_DESCRIPTION)


async def asks(interaction: Interaction, typed: str) -> None:
    """A command, as the line that the grammar knows."""
    await desk_of(interaction).asks(interaction, typed)


def completes(wanted: Suggest) -> Callable[[Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]:
    """What Discord offers while somebody types into an option."""

    async def complete(interaction: Interaction, typed: str) -> list[Choice[str]]:
        return [Choice(name=one, value=one) for one in desk_of(interaction).suggested(interaction, wanted, typed)]

    return complete
