"""The commands that have commands under them: Discord has no form of these that is bare."""

from typing import Literal

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.chat.discord import lines
from bot.chat.discord.lines import line
from bot.chat.discord.options import LABELS, PERSON, Interaction, asks, completes, desk_of, means
from bot.commands.suggest import Suggest


class Labels(app_commands.Group, name="labels", description=means("/labels")):
    """/labels"""

    @app_commands.command(name="list", description=means("/labels list"))
    async def list_(self, interaction: Interaction) -> None:
        await asks(interaction, "/labels list")

    @app_commands.command(name="set", description=means("/labels set"))
    @app_commands.describe(labels=LABELS)
    @app_commands.autocomplete(labels=completes(Suggest.LABELS))
    async def set_(self, interaction: Interaction, labels: str) -> None:
        await asks(interaction, line("/labels set", labels))

    @app_commands.command(name="add", description=means("/labels add"))
    @app_commands.describe(labels=LABELS)
    async def add(self, interaction: Interaction, labels: str) -> None:
        await asks(interaction, line("/labels add", labels))

    @app_commands.command(name="remove", description=means("/labels remove"))
    @app_commands.describe(labels=LABELS)
    @app_commands.autocomplete(labels=completes(Suggest.LABELS))
    async def remove(self, interaction: Interaction, labels: str) -> None:
        await asks(interaction, line("/labels remove", labels))

    @app_commands.command(name="describe", description=means("/labels describe"))
    @app_commands.describe(label="one of this channel's labels", text='in other words; "" takes them away')
    @app_commands.autocomplete(label=completes(Suggest.LABEL))
    async def describe(self, interaction: Interaction, label: str, text: str) -> None:
        await asks(interaction, lines.describe(label, text))

    @app_commands.command(name="mode", description=means("/labels mode independent"))
    @app_commands.describe(mode="how the scores of the labels relate")
    async def mode(self, interaction: Interaction, mode: Literal["independent", "exclusive"]) -> None:
        await asks(interaction, line("/labels mode", mode))


class Threshold(app_commands.Group, name="threshold", description=means("/threshold")):
    """/threshold"""

    @app_commands.command(name="list", description=means("/threshold list"))
    async def list_(self, interaction: Interaction) -> None:
        await asks(interaction, "/threshold list")

    @app_commands.command(name="set", description=means("/threshold set"))
    @app_commands.describe(percent="1% to 99%", label="for this label only")
    @app_commands.autocomplete(label=completes(Suggest.LABEL))
    async def set_(self, interaction: Interaction, percent: str, label: str | None = None) -> None:
        await asks(interaction, line("/threshold set", percent, label))

    @app_commands.command(name="reset", description=means("/threshold reset"))
    @app_commands.describe(label="of this label only")
    @app_commands.autocomplete(label=completes(Suggest.LABEL))
    async def reset(self, interaction: Interaction, label: str | None = None) -> None:
        await asks(interaction, line("/threshold reset", label))


class Alerts(app_commands.Group, name="alerts", description=means("/alerts")):
    """/alerts"""

    @app_commands.command(name="list", description=means("/alerts list"))
    @app_commands.describe(label="of this label only")
    @app_commands.autocomplete(label=completes(Suggest.LABEL))
    async def list_(self, interaction: Interaction, label: str | None = None) -> None:
        await asks(interaction, line("/alerts list", label))

    @app_commands.command(name="on", description=means("/alerts on"))
    async def on(self, interaction: Interaction) -> None:
        await asks(interaction, "/alerts on")

    @app_commands.command(name="off", description=means("/alerts off"))
    async def off(self, interaction: Interaction) -> None:
        await asks(interaction, "/alerts off")

    @app_commands.command(name="shadow", description=means("/alerts shadow"))
    async def shadow(self, interaction: Interaction) -> None:
        await asks(interaction, "/alerts shadow")

    @app_commands.command(name="pause", description=means("/alerts pause"))
    @app_commands.describe(duration="as 15m, 2h, 3d, 3w", target="of this account or label only")
    @app_commands.autocomplete(duration=completes(Suggest.DURATION), target=completes(Suggest.TARGET))
    async def pause(self, interaction: Interaction, duration: str, target: str | None = None) -> None:
        await asks(interaction, line("/alerts pause", duration, target))

    @app_commands.command(name="resume", description=means("/alerts resume"))
    async def resume(self, interaction: Interaction) -> None:
        await asks(interaction, "/alerts resume")


class Config(app_commands.Group, name="config", description=means("/config")):
    """/config"""

    @app_commands.command(name="show", description=means("/config show"))
    async def show(self, interaction: Interaction) -> None:
        await asks(interaction, "/config show")

    @app_commands.command(name="export", description=means("/config export"))
    async def export(self, interaction: Interaction) -> None:
        await asks(interaction, "/config export")

    @app_commands.command(name="import", description=means("/config import"))
    @app_commands.describe(
        yaml="in one line; with neither this nor a file you get a field of many lines",
        file="as /config export gave it",
    )
    async def import_(
        self, interaction: Interaction, yaml: str | None = None, file: discord.Attachment | None = None
    ) -> None:
        await desk_of(interaction).imports(interaction, yaml, file)

    @app_commands.command(name="apply", description=means("/config import apply"))
    @app_commands.describe(code="the one that /config import showed")
    async def apply(self, interaction: Interaction, code: str) -> None:
        await asks(interaction, line("/config import apply", code))

    @app_commands.command(name="log", description=means("/config log"))
    async def log(self, interaction: Interaction) -> None:
        await asks(interaction, "/config log")

    @app_commands.command(name="undo", description=means("/config undo"))
    @app_commands.describe(change="its number in /config log; the newest if left out")
    async def undo(self, interaction: Interaction, change: Range[int, 1, 10**15 - 1] | None = None) -> None:
        await asks(interaction, line("/config undo", change))

    @app_commands.command(name="lock", description=means("/config lock"))
    @app_commands.describe(user1=PERSON, user2=PERSON, user3=PERSON, user4=PERSON, user5=PERSON)
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
        await asks(interaction, lines.lock((one.id, one.display_name) for one in people))

    @app_commands.command(name="unlock", description=means("/config lock off"))
    async def unlock(self, interaction: Interaction) -> None:
        await asks(interaction, "/config lock off")
