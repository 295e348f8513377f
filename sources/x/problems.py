"""What X says is wrong, in an answer or in the midst of a stream -> what to tell people. Pure.

X names problems by an address that has changed its host over the years: only its last part is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ADVICE = {
    "usage-capped": "this month's cap of the X plan is reached: raise it in X's developer console, or wait",
    "credits": "the X account has no credits left: buy some in X's developer console",
    "client-forbidden": "the X app may not use the stream: its plan or its project in X's developer console is amiss",
    "too-many-connections": "X allows one connection to the stream, and another program has it: end that one",
    "operational-disconnect": "X ended the stream for reasons of its own",
    "rule-cap": "the X plan allows fewer rules than are needed: watch fewer accounts, or choose a larger plan",
    "invalid-rules": "X refused a rule",
}
_STATUS_ADVICE = {
    401: "X refused the token: set X_BEARER_TOKEN to the app's bearer token",
    402: _ADVICE["credits"],
    403: _ADVICE["client-forbidden"],
    409: "X has no rules for the stream yet",
    429: "X asked for a pause: too many requests",
}
_ENDINGS = {"usage-capped", "credits", "client-forbidden", "too-many-connections", "operational-disconnect",
            "streaming-connection", "rate-limit-exceeded"}  # fmt: skip
_SHOWN = 200  # characters of what X says that are repeated


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something X complains about."""

    kind: str
    """The last part of the problem's address, or a name of ours where X uses one address for several."""

    detail: str = ""
    """X's own words, cut short."""

    @property
    def ends_stream(self) -> bool:
        """Whether nothing more will come after it on a stream."""
        return self.kind in _ENDINGS

    @property
    def advice(self) -> str:
        """For people: what is wrong and the way out, where we know it; else X's words."""
        return _ADVICE.get(self.kind) or f"X says: {self.detail or self.kind}"


def problem_in(payload: object) -> Problem | None:
    """The first problem an answer names, at its top or in its list of errors; None where it names none."""
    if not isinstance(payload, Mapping):
        return None
    errors = payload.get("errors")
    named = [one for one in (errors if isinstance(errors, list) else [errors]) if isinstance(one, Mapping)]
    if not named and any(key in payload for key in ("title", "type", "detail")) and "data" not in payload:
        named = [payload]
    return _problem(named[0]) if named else None


def describe(status: int, problem: Problem | None) -> str:
    """What a refusal with this HTTP status means, for people."""
    if problem and problem.kind in _ADVICE:
        return problem.advice
    if status in _STATUS_ADVICE:
        return _STATUS_ADVICE[status]
    return f"X answered with status {status}" + (f" ({problem.detail})" if problem and problem.detail else "")


def _problem(error: Mapping[str, Any]) -> Problem:
    kind = _text(error.get("type")).rstrip("/").rpartition("/")[2]
    title = _text(error.get("title"))
    if error.get("connection_issue") == "TooManyConnections":
        kind = "too-many-connections"
    elif title == "CreditsDepleted":
        kind = "credits"
    elif kind in ("", "about:blank"):
        kind = title or "unnamed"
    return Problem(kind=kind, detail=_text(error.get("detail") or error.get("message") or title)[:_SHOWN])


def _text(value: object) -> str:
    """From outside, into logs and chat: printable and on one line."""
    text = value if isinstance(value, str) else ""
    return "".join(character if character.isprintable() else " " for character in text)
