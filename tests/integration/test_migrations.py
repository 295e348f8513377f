"""The migrations and the schema are two ways to say the same."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage import database, migrate
from storage.schema import metadata

_A_DELIVERY = (
    "INSERT INTO deliveries VALUES ({id}, '{key}', 'console', 'w', 'c', 'send', 'alert', NULL, '{state}', 1, 0, "
    "{receipt}, NULL, NULL)"
)

OLD_ROWS = (
    "INSERT INTO channels VALUES ('console', 'w', 'c', 'c', 'independent', NULL, 'on', '[]', '')",
    "INSERT INTO posts VALUES (1, 'x', '1', 'a', 'a', '', 'text', '', '', '', 'text', 0, NULL, 0)",
    "INSERT INTO models VALUES (1, 'e', 'n', 'r', 't')",
    _A_DELIVERY.format(id=4, key="one", state="sent", receipt="'r1'"),
    _A_DELIVERY.format(id=7, key="two", state="pending", receipt="NULL"),
    "INSERT INTO alerts VALUES (3, 'console', 'w', 'c', 1, 'two', 'independent', 1, 0)",
)
"""What a channel of the first release held: a message sent, and an alert that it still owes."""


@pytest.fixture
def migrated() -> Iterator[sa.Connection]:
    """A database that the migrations made from nothing."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        migrate.upgrade(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def created() -> Iterator[sa.Connection]:
    """A database made straight from the schema."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def definitions(connection: sa.Connection) -> dict[str, list[str]]:
    """What SQLite knows of every table and index, in its own words and clause by clause, without regard to white space.

    The columns stay in their order, before the constraints, which have none.
    """
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
    )
    return {row.name: clauses(" ".join(row.sql.split())) for row in rows}


def clauses(sql: str) -> list[str]:
    """A CREATE statement as its beginning with the columns, its end, and its constraints, sorted."""
    body, end = sql.rsplit(")", 1)
    columns, *constraints = re.split(", (?=CONSTRAINT )", body)
    return [columns.rstrip(), end.strip(), *sorted(constraint.rstrip() for constraint in constraints)]


def test_alembic_finds_nothing_to_change_in_a_migrated_database(migrated: sa.Connection) -> None:
    context = MigrationContext.configure(migrated, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, metadata) == []


def test_a_migrated_database_is_defined_word_for_word_as_the_schema_is(
    migrated: sa.Connection, created: sa.Connection
) -> None:
    """Autogenerate sees neither an index's WHERE, nor WITHOUT ROWID, nor AUTOINCREMENT."""
    assert definitions(migrated) == definitions(created)


def test_the_words_compared_hold_what_autogenerate_misses(created: sa.Connection) -> None:
    words = " ".join(chain.from_iterable(definitions(created).values()))
    for said in ("WHERE state IN", "WITHOUT ROWID", "AUTOINCREMENT", "FOREIGN KEY", "UNIQUE"):
        assert said in words


def test_the_revision_that_the_program_expects_is_the_newest_there_is(migrated: sa.Connection) -> None:
    assert MigrationContext.configure(migrated).get_current_heads() == (database.REVISION,)


def test_the_program_can_upgrade_from_every_revision_there_was(migrated: sa.Connection) -> None:
    assert database.REVISION in migrate.known_revisions()


def test_migrating_twice_changes_nothing(migrated: sa.Connection) -> None:
    before = definitions(migrated)
    migrate.upgrade(migrated)
    assert definitions(migrated) == before


def test_a_file_of_the_first_release_keeps_its_alerts_and_what_it_owes(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def keep_references(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        migrate.upgrade(connection, "0001")
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)
    with engine.begin() as connection:
        migrate.upgrade(connection)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("SELECT id, key, state, receipt FROM deliveries ORDER BY id").all() == [
            (4, "one", "sent", "r1"),
            (7, "two", "pending", None),
        ]
        assert connection.exec_driver_sql("SELECT id, delivery FROM alerts").all() == [(3, "two")]
        with pytest.raises(sa.exc.IntegrityError):
            connection.exec_driver_sql("DELETE FROM deliveries WHERE key = 'two'")
        connection.exec_driver_sql(_A_DELIVERY.format(id="NULL", key="three", state="pending", receipt="NULL"))
        assert connection.exec_driver_sql("SELECT max(id) FROM deliveries").scalar() == 8
    engine.dispose()
