"""Nothing lost, nothing twice: tries, removed texts, notices, and facts about the file."""

import secrets

import sqlalchemy as sa
from alembic import op

from storage.schema import Instant

# As they were when this was written, whatever the schema says later.
NOT_EXPIRED = sa.text("(removed IS NULL OR removed <> 'expired')")
WAITS = sa.text("set_aside IS NULL")
OWED = sa.text("state IN ('pending', 'sending', 'ambiguous')")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.bulk_insert(meta, [{"name": "delivery secret", "value": secrets.token_hex(32)}])
    op.add_column(
        "posts",
        sa.Column("removed", sa.Text(), comment="why its text is gone: deleted or expired; NULL while it is there"),
    )
    op.create_index("ix_posts_seen_at", "posts", ["seen_at"], sqlite_where=NOT_EXPIRED, postgresql_where=NOT_EXPIRED)
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
    _number_deliveries_for_good()
    op.create_table(
        "notices",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.key"], name=op.f("fk_notices_deliveries")),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_notices")),
    )


def _number_deliveries_for_good() -> None:
    """AUTOINCREMENT can only be given to a new table. Alerts refer to its rows, so it takes the old one's name at once.

    Until the rows are back these references hold nothing, which SQLite then looks for at the commit instead.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMP TABLE deliveries_before AS SELECT * FROM deliveries")
    op.drop_table("deliveries")
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False, comment="send or edit"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("edits", sa.Text(), comment="for an edit: the key of the delivery whose message is redrawn"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("receipt", sa.Text()),
        sa.Column("problem", sa.Text(), comment="the latest error, for /health"),
        sa.Column("settled_at", Instant()),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_deliveries_channels"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO deliveries SELECT * FROM deliveries_before")
    op.execute("DROP TABLE deliveries_before")
    op.create_index(op.f("ix_deliveries_edits"), "deliveries", ["edits"])
    op.create_index(op.f("ix_deliveries_state"), "deliveries", ["state"])
    op.create_index(
        "ix_deliveries_owed",
        "deliveries",
        ["platform", "workspace", "channel", "verb", "kind", "id"],
        sqlite_where=OWED,
        postgresql_where=OWED,
    )
