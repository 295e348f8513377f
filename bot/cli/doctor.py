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
    from classifier.registry import Choice
    from storage.database import Connection


class _ProblemError(Exception):
    """A check failed; the message says what is wrong and how to mend it."""


def command(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The TOML file that `lapwing run` is given.")
    ] = None,
) -> None:
    """Check settings, database, source, model, chat and web server, and say how to mend what is wrong.

    An older database is brought up to date, as by `lapwing run`; nothing else is changed. While Lapwing runs, its
    database is only read.
    """
    if not asyncio.run(_examine(config)):
        sys.exit(BROKE)


async def _examine(config: Path | None) -> bool:
    """Whether everything works; says so line by line. One thing that is wrong hides no other."""
    from bot.settings import SettingsError, read_settings  # noqa: PLC0415  (--help must not wait for them)

    try:
        settings = read_settings(config)
    except SettingsError as error:
        _say("settings", f"WRONG: {error}")
        return False
    _say("settings", "ok")
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "database": _database,
        "source": _source,
        "model": _model,
        **({} if settings.slack_wanted else {"chat": _terminal}),
        **({"web": _web} if settings.http_port else {}),
    }
    found = [await _passes(name, check(settings)) for name, check in checks.items()]
    if settings.slack_wanted:
        found.append(await _slack_passes(settings))
    return all(found)


async def _passes(name: str, check: Awaitable[str]) -> bool:
    from bot.extras import ExtraMissingError  # noqa: PLC0415
    from bot.web.address import AddressUnusableError  # noqa: PLC0415
    from classifier.types import ClassifierError  # noqa: PLC0415
    from sources.types import SourceUnreadableError  # noqa: PLC0415
    from storage.database import DatabaseUnusableError  # noqa: PLC0415

    try:
        _say(name, f"ok, {await check}")
    except (
        AddressUnusableError,
        ClassifierError,
        DatabaseUnusableError,
        ExtraMissingError,
        SourceUnreadableError,
        _ProblemError,
    ) as error:
        _say(name, f"WRONG: {error}")
        return False
    return True


async def _database(settings: "Settings") -> str:
    from sources.clock import SystemClock  # noqa: PLC0415
    from storage import sqlite  # noqa: PLC0415
    from storage.database import DatabaseUnusableError, open_database  # noqa: PLC0415
    from storage.owner import DatabaseInUseError, owning  # noqa: PLC0415

    path = settings.database
    if problem := sqlite.path_problem(path):
        raise DatabaseUnusableError(problem)
    if not path.exists():
        return f"{path} will be made by the first `lapwing run`"
    try:
        with owning(path, SystemClock().now()):
            async with open_database(path) as database:
                return await database.read(lambda connection: _look_into(connection, path))
    except DatabaseInUseError as error:
        return f"{await asyncio.to_thread(_read_beside_its_owner, path)}; in use by {error.by}"


def _read_beside_its_owner(path: Path) -> str:
    """The owner alone writes, so this only reads."""
    from storage.reading import read_only  # noqa: PLC0415

    with read_only(path) as connection:
        return _look_into(connection, path)


def _look_into(connection: "Connection", path: Path) -> str:
    from storage import facts, sqlite  # noqa: PLC0415

    if problems := sqlite.integrity_problems(connection):
        raise _ProblemError(
            f"{path} is damaged: {problems[0]}. Put a backup in its place (README, Backups), or name another DATABASE."
        )
    copied_at = facts.instant(connection, facts.Fact.COPIED_AT)
    if copied_at is None:
        return f"{path} is sound"
    return (
        f"{path} is sound; a copy of {copied_at:%Y-%m-%d %H:%M} UTC: what it owes will be looked up before it is sent"
    )


async def _source(settings: "Settings") -> str:
    from bot.app import open_sources  # noqa: PLC0415
    from sources.clock import SystemClock  # noqa: PLC0415

    sources = await open_sources(settings, SystemClock())
    if not sources:
        raise _ProblemError("none is set up, so nothing can be watched. Set REPLAY_FILE to a JSONL file of posts.")
    if troubles := [source.trouble() for source in sources if source.trouble()]:
        raise _ProblemError("; ".join(troubles))
    return "; ".join(f"{source.name} stands for {', '.join(sorted(source.serves))}" for source in sources)


async def _model(settings: "Settings") -> str:
    from bot.app import model_choice  # noqa: PLC0415

    return "; ".join([await _answers(choice) for choice in model_choice(settings).each()])


async def _answers(choice: "Choice") -> str:
    """One engine of the chain: behind another it would only be asked in an outage."""
    classifier = await asyncio.to_thread(choice.load)
    logits = await asyncio.to_thread(classifier.logits, ["A first post."], ["This is about a post."])
    languages = f", reads {', '.join(classifier.model.languages)} only" if classifier.model.languages else ""
    return f"{classifier.model} answers{languages}" if logits.size else "nothing was answered"


async def _terminal(_: "Settings") -> str:
    return "this terminal. With SLACK_BOT_TOKEN and SLACK_APP_TOKEN it is Slack (README, Add Lapwing to Slack)"


async def _web(settings: "Settings") -> str:
    from bot.extras import needing  # noqa: PLC0415
    from bot.web import address  # noqa: PLC0415

    with needing("HTTP_PORT", "web"):
        import bot.web.server  # noqa: F401, PLC0415  (whether it could be)
    return await asyncio.to_thread(address.examine, settings.http_host, settings.http_port)


async def _slack_passes(settings: "Settings") -> bool:
    """Whether Slack takes us as we are set up; says so line by line."""
    from bot.extras import ExtraMissingError, needing  # noqa: PLC0415
    from bot.settings import SettingsError, check_slack  # noqa: PLC0415
    from sources.clock import SystemClock  # noqa: PLC0415

    try:
        check_slack(settings)
        with needing("Slack", "slack"):
            from bot.chat.slack import checks  # noqa: PLC0415
    except (SettingsError, ExtraMissingError) as error:
        _say("chat", f"WRONG: {error}")
        return False
    access = checks.Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
        http_address=f"http://{settings.http_host}:{settings.http_port}",
    )
    passes = True
    async for found in checks.examine(access, SystemClock(), may_listen=not _in_use(settings.database)):
        _say(found.about, f"WRONG: {found.text}" if found.wrong else f"ok, {found.text}")
        passes = passes and not found.wrong
    return passes


def _in_use(database: Path) -> bool:
    """Whether Lapwing runs on this database."""
    from sources.clock import SystemClock  # noqa: PLC0415
    from storage.database import DatabaseUnusableError  # noqa: PLC0415
    from storage.owner import DatabaseInUseError, owning  # noqa: PLC0415

    if not database.exists():
        return False
    try:
        with owning(database, SystemClock().now()):
            return False
    except DatabaseInUseError:
        return True
    except DatabaseUnusableError:  # said already, beside "database"; and nothing runs on it
        return False


def _say(name: str, text: str) -> None:
    typer.echo(f"{name:<10}{text}")
