"""`lapwing run`: the bot, for as long as it is wanted."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bot.cli.failures import explained


def command(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="A TOML file of settings; environment variables win over it."),
    ] = None,
) -> None:
    """Run Lapwing with the settings of the environment (README lists them all)."""
    with explained():
        asyncio.run(_run(config))


async def _run(config: Path | None) -> None:
    from bot.build import build  # noqa: PLC0415  (--help must not wait for the whole house)
    from bot.chat.screen import is_terminal  # noqa: PLC0415
    from bot.cli.logs import start_logging  # noqa: PLC0415
    from bot.settings import check_chats, check_slack, read_settings  # noqa: PLC0415

    settings = read_settings(config)
    check_slack(settings)
    check_chats(settings, may_type=not _is_null(sys.stdin))
    start_logging(settings.log_level)
    async with build(settings, scripted=not is_terminal()) as app:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.stop)
        await app.run()


def _is_null(stream: TextIO | None) -> bool:
    """Whether nobody can ever type there, as in a container or a service. One that is closed has come to its end."""
    try:
        return stream is not None and os.path.samestat(os.fstat(stream.fileno()), Path(os.devnull).stat())
    except OSError:  # closed, or not of this system at all
        return False
