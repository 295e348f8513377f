"""How the doctor speaks: a line a finding, its subject first."""

from collections.abc import AsyncIterable, Awaitable

import typer

from bot.chat.findings import Finding
from bot.chat.plain import printable
from bot.extras import ExtraMissingError
from bot.web.address import AddressUnusableError
from classifier.types import ClassifierError
from sources.types import SourceUnreadableError
from storage.database import DatabaseUnusableError


class ProblemError(Exception):
    """A check failed; the message says what is wrong and how to mend it."""


def say(name: str, text: str) -> None:
    """One line. It may hold what others have written: the names of servers and channels."""
    typer.echo(f"{name:<10}{printable(text)}")


async def passes(name: str, check: Awaitable[str]) -> bool:
    """Whether a check found all well; says what it found."""
    try:
        say(name, f"ok, {await check}")
    except (
        AddressUnusableError,
        ClassifierError,
        DatabaseUnusableError,
        ExtraMissingError,
        ProblemError,
        SourceUnreadableError,
    ) as error:
        say(name, f"WRONG: {error}")
        return False
    return True


async def all_pass(findings: AsyncIterable[Finding]) -> bool:
    """Whether nothing among the findings is wrong but for what may pass; says each as it comes."""
    well = True
    async for found in findings:
        say(found.about, f"{_judged(found)}{found.text}")
        well = well and (found.passing or not found.wrong)
    return well


def _judged(found: Finding) -> str:
    if not found.wrong:
        return "ok, "
    return "WARNING: " if found.passing else "WRONG: "
