"""`lapwing discord-invite`: the link that adds Lapwing to a Discord server."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.failures import explained, fail


def command(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The TOML file that `lapwing run` is given.")
    ] = None,
) -> None:
    """Print the link that adds Lapwing to a Discord server; DISCORD_TOKEN says which app it is of."""
    from bot.extras import needing  # noqa: PLC0415  (--help must not wait for them)
    from bot.settings import SettingsError, read_settings  # noqa: PLC0415

    with explained():
        settings = read_settings(config)
        if not settings.discord_wanted:
            raise SettingsError(
                "DISCORD_TOKEN is missing. It is at discord.com/developers/applications, your app, Bot, Reset Token."
            )
        with needing("Discord", "discord"):
            from bot.chat.discord import checks, invite  # noqa: PLC0415
        access = checks.Access(
            token=settings.discord_token.get_secret_value(),
            api_url=settings.discord_api_url,
            gateway_url=settings.discord_gateway_url,
        )
        try:
            application = asyncio.run(checks.application_of(access))
        except checks.AppUnusableError as error:
            fail(str(error))
    if problem := invite.obstacle(application):
        fail(problem)
    sys.stdout.write(f"{invite.link(application.id)}\n")
    if note := invite.note(application):
        sys.stderr.write(f"{note}\n")
