"""A source is read in parts, each with its own position: feed by feed, account by account."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.rename_table("cursors", "cursors_of_sources")
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "part",
            sa.Text(),
            nullable=False,
            server_default=sa.text("''"),
            comment="a feed, an account; empty: the source as a whole",
        ),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "part", name=op.f("pk_cursors")),
    )
    op.execute("INSERT INTO cursors (source, part, cursor) SELECT source, '', cursor FROM cursors_of_sources")
    op.drop_table("cursors_of_sources")
