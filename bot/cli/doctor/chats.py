"""What the doctor asks of the chats."""

import asyncio
from pathlib import Path

from bot.cli.doctor.saying import all_pass, say
from bot.extras import ExtraMissingError, needing
from bot.settings import Settings, SettingsError, check_slack
from sources.clock import SystemClock
from storage import channels
from storage.database import DatabaseUnusableError
from storage.owner import DatabaseInUseError, owning
from storage.reading import read_only, tidy
from storage.types import Channel


async def terminal(_: Settings) -> str:
    """What serves people where no chat is set up."""
    return (
        "this terminal. With SLACK_BOT_TOKEN and SLACK_APP_TOKEN it is Slack, with DISCORD_TOKEN it is Discord "
        "(README, Add Lapwing to Slack, Add Lapwing to Discord)"
    )


async def slack_passes(settings: Settings) -> bool:
    """Whether Slack takes us as we are set up; says so line by line."""
    try:
        check_slack(settings)
        with needing("Slack", "slack"):
            from bot.chat.slack import checks  # noqa: PLC0415
    except (SettingsError, ExtraMissingError) as error:
        say("slack", f"WRONG: {error}")
        return False
    access = checks.Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
        http_address=f"http://{settings.http_host}:{settings.http_port}",
    )
    return await all_pass(checks.examine(access, SystemClock(), may_listen=not _in_use(settings.database)))


async def discord_passes(settings: Settings) -> bool:
    """Whether Discord takes us, and lets us post wherever something is watched; says so line by line."""
    try:
        with needing("Discord", "discord"):
            from bot.chat.discord import checks  # noqa: PLC0415
            from bot.chat.discord.incoming import PLATFORM  # noqa: PLC0415
    except ExtraMissingError as error:
        say("discord", f"WRONG: {error}")
        return False
    access = checks.Access(
        token=settings.discord_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )
    watching = await asyncio.to_thread(_watching, settings.database, PLATFORM)
    return await all_pass(checks.examine(access, watching))


def _watching(database: Path, platform: str) -> list[Channel]:
    """The channels of a chat in which something is watched; none where the database cannot be read."""
    if not database.exists():
        return []
    try:
        with read_only(database) as connection:
            known = channels.load_all(connection)
        tidy(database, SystemClock().now())
    except DatabaseUnusableError:  # said already, beside "database"
        return []
    return [channel for channel in known if channel.key.platform == platform and channel.watches]


def _in_use(database: Path) -> bool:
    """Whether Lapwing runs on this database."""
    if not database.exists():
        return False
    try:
        with owning(database, SystemClock().now()):
            return False
    except DatabaseInUseError:
        return True
    except DatabaseUnusableError:  # said already, beside "database"; and nothing runs on it
        return False
