"""The seam to X: what is asked of its API v2. Answers are JSON as it came; `objects` and `problems` read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sources.types import SourceError
from sources.x.problems import Problem, describe
from sources.x.rules import Rule

Payload = Mapping[str, Any]

MOST_A_PAGE = 100
"""Posts that search, a timeline or a look-up give at once."""


class XError(SourceError):
    """X did not do what it was asked; the message is for people. Later it may."""


class XUnreachableError(XError):
    """There was no answer, or half of one. `reached`: whether X may have heard the question."""

    def __init__(self, reason: str, *, reached: bool) -> None:
        super().__init__(f"X cannot be reached ({reason})")
        self.reached = reached


class XRefusedError(XError):
    """X answered with an error: an HTTP status, what it said, and until when it does not want to be asked again."""

    def __init__(self, status: int, problem: Problem | None = None, reset_at: datetime | None = None) -> None:
        super().__init__(describe(status, problem))
        self.status = status
        self.problem = problem
        self.reset_at = reset_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """One page of recent search: posts published from `start` to before `end`, newest first."""

    query: str
    start: datetime
    end: datetime
    page: str = ""
    """The next_token of the page before; empty for the first."""

    most: int = MOST_A_PAGE
    """Posts of the page, 10 to 100."""


class Connection(Protocol):
    """The filtered stream, connected."""

    async def read(self) -> bytes:
        """What came since: waits for at least one byte, b"" once the server has ended it. Raises XUnreachableError."""

    async def close(self) -> None:
        """Let go of it; may be called twice."""


class Transport(Protocol):
    """X's API v2. Everything raises XUnreachableError and XRefusedError; nothing is tried again."""

    async def rules(self) -> list[Rule]:
        """Every rule X holds."""

    async def add_rules(self, values: Sequence[str]) -> Payload:
        """Rules that X holds already are no error; of those refused the answer's `errors` tell."""

    async def delete_rules(self, ids: Sequence[str]) -> None:
        """Rules that are gone already are no error."""

    async def connect(self) -> Connection:
        """The one connection that a token has."""

    async def search(self, search: Search) -> Payload:
        """A page; its `meta.next_token` leads to the next one."""

    async def timeline(self, account_id: str, limit: int) -> Payload:
        """An account's latest posts, 5 to 100, newest first."""

    async def posts(self, ids: Sequence[str]) -> Payload:
        """Up to 100 posts; `errors` names those that are not to be had."""

    async def user(self, handle: str) -> Payload:
        """One user; no `data` where there is none."""

    async def find_users(self, words: str, limit: int) -> Payload:
        """Users that X's own search finds."""

    async def close(self) -> None:
        """Let go of everything."""
