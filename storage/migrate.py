"""Bring a database up to the newest revision. Imported only when that is needed: alembic takes 100 ms to start."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Run every migration that is missing, inside the caller's transaction: all of them or none."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


@cache
def known_revisions() -> frozenset[str]:
    """The revisions this Lapwing can upgrade from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
