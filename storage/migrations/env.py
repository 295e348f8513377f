"""How alembic runs a migration: always inside the transaction of whoever opened the database (storage/migrate.py)."""

from alembic import context

from storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
