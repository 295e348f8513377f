"""JSON from outside -> values that can be relied on. Pure; shared by the sources that read JSON.

What is missing or of another type than it should be is the same as empty, except where a caller requires it.
"""

import json
import re
from datetime import UTC, datetime

Record = dict[str, object]
"""A JSON object of which nothing is known yet."""

_HALVES = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")


class UnreadableError(ValueError):
    """Something that is not what it should be; the message says what, and repeats nothing of it."""


def load(raw: str | bytes) -> object:
    """Any JSON value. Raises UnreadableError for whatever is none, and no other error."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise UnreadableError("is JSON nested too deeply") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError:  # the only other one json raises: Python's limit of digits
        raise UnreadableError("holds a number of too many digits") from None


def load_record(raw: str | bytes) -> Record:
    """A JSON object. Raises UnreadableError."""
    value = load(raw)
    if not isinstance(value, dict):
        raise UnreadableError("is not a JSON object")
    return value


def record(value: object) -> Record:
    """The object itself; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> list[Record]:
    """The objects of a list; what else is in it is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The string itself, which can be stored: half a surrogate pair, which JSON can spell, becomes U+FFFD."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else _HALVES.sub("\ufffd", value)


def word(value: object) -> str:
    """A string without spaces and control characters, as ids, handles and addresses are; empty for anything else."""
    found = text(value)
    return found if _WORD.fullmatch(found) and found.isprintable() else ""


def web_address(value: object) -> str:
    """An address of the web; empty for anything else."""
    found = word(value)
    return found if found.startswith(("https://", "http://")) else ""


def moment(value: object) -> datetime | None:
    """An ISO 8601 date, aware in UTC; one without an offset is in UTC already. None for anything else."""
    try:
        date = datetime.fromisoformat(text(value))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: year 1 or 9999, pushed out by its offset
        return None
