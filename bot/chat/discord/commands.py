"""Every command as Discord shows it; what was filled into its options goes to the desk as one line."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.chat.discord.groups import Alerts, Config, Labels, Threshold
from bot.chat.discord.lines import line
from bot.chat.discord.options import ACCOUNTS, FILTERS, Interaction, asks, completes, desk_of, means
from bot.commands.suggest import Suggest

Shown = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu

CLASSIFY = "Classify this"
WHY = "Why this alert?"


def every() -> list[Shown]:
    """All commands and message menus."""
    return [
        _watch,
        _unwatch,
        Labels(),
        Threshold(),
        Alerts(),
        _test,
        _why,
        _stats,
        _health,
        Config(),
        _help,
        app_commands.ContextMenu(name=CLASSIFY, callback=_classify),
        app_commands.ContextMenu(name=WHY, callback=_why_this),
    ]


@app_commands.command(name="watch", description=means("/watch"))
@app_commands.describe(accounts=f"{ACCOUNTS}; left out: what is watched", filters=FILTERS)
@app_commands.autocomplete(accounts=completes(Suggest.ACCOUNTS))
async def _watch(interaction: Interaction, accounts: str | None = None, filters: str | None = None) -> None:
    await asks(interaction, line("/watch", accounts, filters))


@app_commands.command(name="unwatch", description=means("/unwatch"))
@app_commands.describe(accounts=f"{ACCOUNTS}; or all", filters=f"only these go: {FILTERS}")
@app_commands.autocomplete(accounts=completes(Suggest.ACCOUNTS))
@app_commands.default_permissions(manage_channels=True)
async def _unwatch(interaction: Interaction, accounts: str, filters: str | None = None) -> None:
    await asks(interaction, line("/unwatch", accounts, filters))


@app_commands.command(name="test", description=means("/test"))
@app_commands.describe(text="what somebody might post")
async def _test(interaction: Interaction, text: str) -> None:
    await asks(interaction, line("/test", text))


@app_commands.command(name="why", description=means("/why"))
@app_commands.describe(what="an alert's number, the link of its message, or the link of a post")
async def _why(interaction: Interaction, what: str) -> None:
    await asks(interaction, line("/why", what))


@app_commands.command(name="stats", description=means("/stats"))
@app_commands.describe(days="how many days back; 7 if left out")
async def _stats(interaction: Interaction, days: Range[int, 1, 365] | None = None) -> None:
    await asks(interaction, line("/stats", days))


@app_commands.command(name="health", description=means("/health"))
async def _health(interaction: Interaction) -> None:
    await asks(interaction, "/health")


@app_commands.command(name="help", description=means("/help"))
@app_commands.describe(topic="a command, or filters")
@app_commands.autocomplete(topic=completes(Suggest.TOPIC))
async def _help(interaction: Interaction, topic: str | None = None) -> None:
    await asks(interaction, line("/help", topic))


async def _classify(interaction: Interaction, message: discord.Message) -> None:
    await desk_of(interaction).classifies(interaction, message)


async def _why_this(interaction: Interaction, message: discord.Message) -> None:
    await desk_of(interaction).explains(interaction, message)
