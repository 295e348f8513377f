"""`lapwing backup`: a copy of the database, while the bot runs or while it does not."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.failures import explained, fail


def command(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; its folder must be there.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The TOML file that `lapwing run` is given.")
    ] = None,
) -> None:
    """Copy the database to FILE, as it is at one moment, and check the copy. The bot may go on meanwhile.

    A copy that is put back sends nothing again: whatever it owes is looked up in the chat first. README says how.
    """
    from bot.settings import read_settings  # noqa: PLC0415  (--help must not wait for them)
    from sources.clock import SystemClock  # noqa: PLC0415
    from storage.backup import BackupError, copy  # noqa: PLC0415

    with explained():
        settings = read_settings(config)
        try:
            size = copy(settings.database, file, now=SystemClock().now(), replace=force)
        except BackupError as error:
            fail(str(error))
    typer.echo(f"{settings.database} is copied to {file}: {size:,} bytes, checked.")
