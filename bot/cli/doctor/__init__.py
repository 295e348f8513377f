"""`lapwing doctor`: what works, what is missing, how to mend it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failures import BROKE

if TYPE_CHECKING:
    from bot.settings import Settings


def command(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The TOML file that `lapwing run` is given.")
    ] = None,
) -> None:
    """Check settings, database, sources, model, chats and web server, and say how to mend what is wrong.

    An older database is brought up to date, as by `lapwing run`; nothing else is changed. While Lapwing runs, its
    database is only read.
    """
    if not asyncio.run(_examine(config)):
        sys.exit(BROKE)


async def _examine(config: Path | None) -> bool:
    """Whether everything works; says so line by line. One thing that is wrong hides no other."""
    from bot.cli.doctor import chats, house  # noqa: PLC0415  (--help must not wait for them)
    from bot.cli.doctor.saying import all_pass, passes, say  # noqa: PLC0415
    from bot.settings import SettingsError, read_settings  # noqa: PLC0415
    from bot.source_checks import examine  # noqa: PLC0415

    try:
        settings = read_settings(config)
    except SettingsError as error:
        say("settings", f"WRONG: {error}")
        return False
    say("settings", "ok")
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "database": house.database,
        "source": house.source,
        "model": house.model,
        **({} if settings.slack_wanted or settings.discord_wanted else {"chat": chats.terminal}),
        **({"web": house.web} if settings.http_port else {}),
    }
    found = [await passes(name, check(settings)) for name, check in checks.items()]
    found.append(await all_pass(examine(settings)))
    if settings.slack_wanted:
        found.append(await chats.slack_passes(settings))
    if settings.discord_wanted:
        found.append(await chats.discord_passes(settings))
    return all(found)
