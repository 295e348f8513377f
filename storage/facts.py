"""Facts about this file: the secret its delivery keys are made with, when it was copied, when a copy came to life."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from storage.schema import meta
from storage.sqlite import upsert


class Fact(StrEnum):
    """Every fact there is; each is a row of `meta`."""

    DELIVERY_SECRET = "delivery secret"  # noqa: S105  (its name, not the secret)
    """Hexadecimal; made with the table itself, so that every copy of the file has the same one."""

    COPIED_AT = "copied at"
    """This file is a copy that nobody has run on yet, made then."""

    RESUMED_AT = "resumed at"
    """This file was a copy, and what was published up to then may have been sent by the original already."""


def get(connection: sa.Connection, fact: Fact) -> str | None:
    """A fact as it is stored; None where it does not hold."""
    found: str | None = connection.scalar(sa.select(meta.c.value).where(meta.c.name == fact))
    return found


def instant(connection: sa.Connection, fact: Fact) -> datetime | None:
    """A fact that is an instant."""
    found = get(connection, fact)
    return None if found is None else datetime.fromisoformat(found)


def put(connection: sa.Connection, fact: Fact, value: str) -> None:
    """State a fact, in place of what was stated before."""
    connection.execute(upsert(meta), {"name": fact, "value": value})


def drop(connection: sa.Connection, fact: Fact) -> None:
    """A fact holds no longer."""
    connection.execute(sa.delete(meta).where(meta.c.name == fact))


def delivery_secret(connection: sa.Connection) -> bytes:
    """What this database's delivery keys are made with."""
    found = get(connection, Fact.DELIVERY_SECRET)
    assert found is not None, "the migration that makes the table makes the secret"
    return bytes.fromhex(found)
