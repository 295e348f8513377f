"""Nothing lost, nothing twice: tries, removed texts, notices, and facts about the file."""

import sqlalchemy as sa
from alembic import op

from storage.schema import OWED, WAITS, Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "notices",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.key"], name=op.f("fk_notices_deliveries")),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_notices")),
    )
    op.add_column(
        "posts",
        sa.Column("removed", sa.Text(), comment="why its text is gone: deleted or expired; NULL while it is there"),
    )
    op.create_index("ix_posts_seen_at", "posts", ["seen_at"])
    op.add_column(
        "inbox",
        sa.Column(
            "tries",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="claims that nobody ended, because the program died: written before a try",
        ),
    )
    op.add_column(
        "inbox",
        sa.Column(
            "failures", sa.Integer(), nullable=False, server_default="0", comment="how often the model failed on it"
        ),
    )
    op.add_column("inbox", sa.Column("seen_at", Instant, nullable=False, server_default="0"))
    op.execute("UPDATE inbox SET seen_at = (SELECT seen_at FROM posts WHERE posts.id = inbox.post)")
    op.create_index("ix_inbox_seen_at", "inbox", ["seen_at"], sqlite_where=WAITS, postgresql_where=WAITS)
    op.drop_index("ix_deliveries_owed", "deliveries")
    op.create_index(
        "ix_deliveries_owed",
        "deliveries",
        ["platform", "workspace", "channel", "verb", "kind", "id"],
        sqlite_where=OWED,
        postgresql_where=OWED,
    )
