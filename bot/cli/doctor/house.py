"""What the doctor looks at in the house itself: database, source, model, web server."""

import asyncio
from pathlib import Path

from bot.build import model_choice, open_sources
from bot.cli.doctor.saying import ProblemError
from bot.extras import needing
from bot.settings import Settings
from bot.web import address
from classifier.registry import Choice
from sources.clock import SystemClock
from storage import facts, sqlite
from storage.database import Connection, DatabaseUnusableError, open_database
from storage.owner import DatabaseInUseError, owning
from storage.reading import read_only


async def database(settings: Settings) -> str:
    """Whether the file is sound, read beside its owner where it has one. Raises DatabaseUnusableError, ProblemError."""
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
    with read_only(path) as connection:
        return _look_into(connection, path)


def _look_into(connection: Connection, path: Path) -> str:
    if problems := sqlite.integrity_problems(connection):
        raise ProblemError(
            f"{path} is damaged: {problems[0]}. Put a backup in its place (README, Backups), or name another DATABASE."
        )
    copied_at = facts.instant(connection, facts.Fact.COPIED_AT)
    if copied_at is None:
        return f"{path} is sound"
    return (
        f"{path} is sound; a copy of {copied_at:%Y-%m-%d %H:%M} UTC: what it owes will be looked up before it is sent"
    )


async def source(settings: Settings) -> str:
    """Whom the sources stand for. Raises SourceUnreadableError, ProblemError."""
    sources = await open_sources(settings, SystemClock())
    if not sources:
        raise ProblemError("none is set up, so nothing can be watched. Set REPLAY_FILE to a JSONL file of posts.")
    if troubles := [source.trouble() for source in sources if source.trouble()]:
        raise ProblemError("; ".join(troubles))
    return "; ".join(f"{source.name} stands for {', '.join(sorted(source.serves))}" for source in sources)


async def model(settings: Settings) -> str:
    """Whether the model answers; of several each, since one behind another is asked in outages only.

    Raises ClassifierError.
    """
    return "; ".join([await _answers(choice) for choice in model_choice(settings).each()])


async def _answers(choice: Choice) -> str:
    classifier = await asyncio.to_thread(choice.load)
    logits = await asyncio.to_thread(classifier.logits, ["A first post."], ["This is about a post."])
    languages = f", reads {', '.join(classifier.model.languages)} only" if classifier.model.languages else ""
    return f"{classifier.model} answers{languages}" if logits.size else "nothing was answered"


async def web(settings: Settings) -> str:
    """Whether the web server could listen. Raises AddressUnusableError, ExtraMissingError."""
    with needing("HTTP_PORT", "web"):
        import bot.web.server  # noqa: F401, PLC0415  (whether it could be)
    return await asyncio.to_thread(address.examine, settings.http_host, settings.http_port)
