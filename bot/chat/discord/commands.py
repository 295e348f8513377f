"""Every command as Discord shows it, with its options; what was filled in goes to the desk as one line."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands
from discord.app_commands import Choice, Range

from bot.chat.discord import lines
from bot.chat.discord.lines import line
from bot.chat.plain import one_line
from bot.commands import catalogue
from bot.commands.suggest import Suggest

if TYPE_CHECKING:
    from bot.chat.discord.desk import Desk

Interaction = discord.Interaction[Any]
Shown = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu

CLASSIFY = "Classify this"
WHY = "Why this alert?"

_MOST_DESCRIPTION = 100

_ACCOUNTS = "one or several, as @vendor_sec, @news@mastodon.social"
_FILTERS = 'as +label:security -label:sports +keyword:"data leak" -retweets lang:en min:60%'
_PERSON = "one who may change settings here"
_LABELS = 'separated by commas, as security, database, "one, with a comma"'


def desk_of(interaction: Interaction) -> "Desk":
    """The desk of the client that heard of it."""
    desk: Desk = interaction.client.desk
    return desk


def every() -> list[Shown]:
    """All commands and message menus, made anew: a tree keeps those that it is given."""
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


def _means(beginning: str) -> str:
    """What the catalogue says of a command or a form of it, as long as Discord takes."""
    entry = catalogue.entry(beginning)
    return one_line(entry.meaning if entry else catalogue.meaning(beginning), _MOST_DESCRIPTION)


async def _asks(interaction: Interaction, typed: str) -> None:
    await desk_of(interaction).asks(interaction, typed)


def _completes(wanted: Suggest) -> Callable[[Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]:
    """What Discord offers while somebody types into an option."""

    async def complete(interaction: Interaction, typed: str) -> list[Choice[str]]:
        return [Choice(name=one, value=one) for one in desk_of(interaction).suggested(interaction, wanted, typed)]

    return complete


@app_commands.command(name="watch", description=_means("/watch"))
@app_commands.describe(accounts=f"{_ACCOUNTS}; left out: what is watched", filters=_FILTERS)
@app_commands.autocomplete(accounts=_completes(Suggest.ACCOUNTS))
async def _watch(interaction: Interaction, accounts: str | None = None, filters: str | None = None) -> None:
    await _asks(interaction, line("/watch", accounts, filters))


@app_commands.command(name="unwatch", description=_means("/unwatch"))
@app_commands.describe(accounts=f"{_ACCOUNTS}; or all", filters=f"only these go: {_FILTERS}")
@app_commands.autocomplete(accounts=_completes(Suggest.ACCOUNTS))
@app_commands.default_permissions(manage_channels=True)
async def _unwatch(interaction: Interaction, accounts: str, filters: str | None = None) -> None:
    await _asks(interaction, line("/unwatch", accounts, filters))


class Labels(app_commands.Group, name="labels", description=_means("/labels")):
    """/labels"""

    @app_commands.command(name="list", description=_means("/labels list"))
    async def list_(self, interaction: Interaction) -> None:
        await _asks(interaction, "/labels list")

    @app_commands.command(name="set", description=_means("/labels set"))
    @app_commands.describe(labels=_LABELS)
    @app_commands.autocomplete(labels=_completes(Suggest.LABELS))
    async def set_(self, interaction: Interaction, labels: str) -> None:
        await _asks(interaction, line("/labels set", labels))

    @app_commands.command(name="add", description=_means("/labels add"))
    @app_commands.describe(labels=_LABELS)
    async def add(self, interaction: Interaction, labels: str) -> None:
        await _asks(interaction, line("/labels add", labels))

    @app_commands.command(name="remove", description=_means("/labels remove"))
    @app_commands.describe(labels=_LABELS)
    @app_commands.autocomplete(labels=_completes(Suggest.LABELS))
    async def remove(self, interaction: Interaction, labels: str) -> None:
        await _asks(interaction, line("/labels remove", labels))

    @app_commands.command(name="describe", description=_means("/labels describe"))
    @app_commands.describe(label="one of this channel's labels", text='in other words; "" takes them away')
    @app_commands.autocomplete(label=_completes(Suggest.LABEL))
    async def describe(self, interaction: Interaction, label: str, text: str) -> None:
        await _asks(interaction, lines.describe(label, text))

    @app_commands.command(name="mode", description=_means("/labels mode independent"))
    @app_commands.describe(mode="how the scores of the labels relate")
    async def mode(self, interaction: Interaction, mode: Literal["independent", "exclusive"]) -> None:
        await _asks(interaction, line("/labels mode", mode))


class Threshold(app_commands.Group, name="threshold", description=_means("/threshold")):
    """/threshold"""

    @app_commands.command(name="list", description=_means("/threshold list"))
    async def list_(self, interaction: Interaction) -> None:
        await _asks(interaction, "/threshold list")

    @app_commands.command(name="set", description=_means("/threshold set"))
    @app_commands.describe(percent="1% to 99%", label="for this label only")
    @app_commands.autocomplete(label=_completes(Suggest.LABEL))
    async def set_(self, interaction: Interaction, percent: str, label: str | None = None) -> None:
        await _asks(interaction, line("/threshold set", percent, label))

    @app_commands.command(name="reset", description=_means("/threshold reset"))
    @app_commands.describe(label="of this label only")
    @app_commands.autocomplete(label=_completes(Suggest.LABEL))
    async def reset(self, interaction: Interaction, label: str | None = None) -> None:
        await _asks(interaction, line("/threshold reset", label))


class Alerts(app_commands.Group, name="alerts", description=_means("/alerts")):
    """/alerts"""

    @app_commands.command(name="list", description=_means("/alerts list"))
    @app_commands.describe(label="of this label only")
    @app_commands.autocomplete(label=_completes(Suggest.LABEL))
    async def list_(self, interaction: Interaction, label: str | None = None) -> None:
        await _asks(interaction, line("/alerts list", label))

    @app_commands.command(name="on", description=_means("/alerts on"))
    async def on(self, interaction: Interaction) -> None:
        await _asks(interaction, "/alerts on")

    @app_commands.command(name="off", description=_means("/alerts off"))
    async def off(self, interaction: Interaction) -> None:
        await _asks(interaction, "/alerts off")

    @app_commands.command(name="shadow", description=_means("/alerts shadow"))
    async def shadow(self, interaction: Interaction) -> None:
        await _asks(interaction, "/alerts shadow")

    @app_commands.command(name="pause", description=_means("/alerts pause"))
    @app_commands.describe(duration="as 15m, 2h, 3d, 3w", target="of this account or label only")
    @app_commands.autocomplete(duration=_completes(Suggest.DURATION), target=_completes(Suggest.TARGET))
    async def pause(self, interaction: Interaction, duration: str, target: str | None = None) -> None:
        await _asks(interaction, line("/alerts pause", duration, target))

    @app_commands.command(name="resume", description=_means("/alerts resume"))
    async def resume(self, interaction: Interaction) -> None:
        await _asks(interaction, "/alerts resume")


@app_commands.command(name="test", description=_means("/test"))
@app_commands.describe(text="what somebody might post")
async def _test(interaction: Interaction, text: str) -> None:
    await _asks(interaction, line("/test", text))


@app_commands.command(name="why", description=_means("/why"))
@app_commands.describe(what="an alert's number, the link of its message, or the link of a post")
async def _why(interaction: Interaction, what: str) -> None:
    await _asks(interaction, line("/why", what))


@app_commands.command(name="stats", description=_means("/stats"))
@app_commands.describe(days="how many days back; 7 if left out")
async def _stats(interaction: Interaction, days: Range[int, 1, 365] | None = None) -> None:
    await _asks(interaction, line("/stats", days))


@app_commands.command(name="health", description=_means("/health"))
async def _health(interaction: Interaction) -> None:
    await _asks(interaction, "/health")


class Config(app_commands.Group, name="config", description=_means("/config")):
    """/config"""

    @app_commands.command(name="show", description=_means("/config show"))
    async def show(self, interaction: Interaction) -> None:
        await _asks(interaction, "/config show")

    @app_commands.command(name="export", description=_means("/config export"))
    async def export(self, interaction: Interaction) -> None:
        await _asks(interaction, "/config export")

    @app_commands.command(name="import", description=_means("/config import"))
    @app_commands.describe(
        yaml="in one line; with neither this nor a file you get a field of many lines",
        file="as /config export gave it",
    )
    async def import_(
        self, interaction: Interaction, yaml: str | None = None, file: discord.Attachment | None = None
    ) -> None:
        await desk_of(interaction).imports(interaction, yaml, file)

    @app_commands.command(name="apply", description=_means("/config import apply"))
    @app_commands.describe(code="the one that /config import showed")
    async def apply(self, interaction: Interaction, code: str) -> None:
        await _asks(interaction, line("/config import apply", code))

    @app_commands.command(name="log", description=_means("/config log"))
    async def log(self, interaction: Interaction) -> None:
        await _asks(interaction, "/config log")

    @app_commands.command(name="undo", description=_means("/config undo"))
    @app_commands.describe(change="its number in /config log; the newest if left out")
    async def undo(self, interaction: Interaction, change: Range[int, 1, 10**15 - 1] | None = None) -> None:
        await _asks(interaction, line("/config undo", change))

    @app_commands.command(name="lock", description=_means("/config lock"))
    @app_commands.describe(user1=_PERSON, user2=_PERSON, user3=_PERSON, user4=_PERSON, user5=_PERSON)
    async def lock(
        self,
        interaction: Interaction,
        user1: discord.User,
        user2: discord.User | None = None,
        user3: discord.User | None = None,
        user4: discord.User | None = None,
        user5: discord.User | None = None,
    ) -> None:
        people = [one for one in (user1, user2, user3, user4, user5) if one is not None]
        await _asks(interaction, lines.lock((one.id, one.display_name) for one in people))

    @app_commands.command(name="unlock", description=_means("/config lock off"))
    async def unlock(self, interaction: Interaction) -> None:
        await _asks(interaction, "/config lock off")


@app_commands.command(name="help", description=_means("/help"))
@app_commands.describe(topic="a command, or filters")
@app_commands.autocomplete(topic=_completes(Suggest.TOPIC))
async def _help(interaction: Interaction, topic: str | None = None) -> None:
    await _asks(interaction, line("/help", topic))


async def _classify(interaction: Interaction, message: discord.Message) -> None:
    await desk_of(interaction).classifies(interaction, message)


async def _why_this(interaction: Interaction, message: discord.Message) -> None:
    await desk_of(interaction).explains(interaction, message)
