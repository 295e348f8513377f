"""The first tables: posts and inbox, logits, channels, decisions, alerts, deliveries, judgements, audit."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True, comment="NULL while the default holds"),
        sa.Column("alerts", sa.Text(), nullable=False, comment="on, off or shadow"),
        sa.Column("managers", sa.JSON(), nullable=False, comment="who alone may change settings; [] while anyone may"),
        sa.Column("suspended", sa.Text(), nullable=False, comment="why nothing can be sent; empty while all is well"),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", name=op.f("pk_channels")),
    )
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_cursors")),
    )
    op.create_table(
        "hypotheses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hypotheses")),
        sa.UniqueConstraint("text", name=op.f("uq_hypotheses_text")),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
        sa.UniqueConstraint(
            "engine", "name", "revision", "template", name=op.f("uq_models_engine_name_revision_template")
        ),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False, comment="retweet, reply, quote: comma-separated, sorted"),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="the text less all that a retweet changes"),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("played_at", Instant(), nullable=True, comment="set by a replay alone: when it played the post"),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("source", "post_id", name=op.f("uq_posts_source_post_id")),
    )
    op.create_index("ix_posts_author", "posts", ["source", "account_id", "published_at"], unique=False)
    op.create_index("ix_posts_fingerprint", "posts", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_posts_url"), "posts", ["url"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False, comment="only the settings that changed"),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column(
            "undoes",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the change that this one took back",
        ),
        sa.Column(
            "undone_by",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the change that took this one back",
        ),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_audit_channels"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_channel", "audit", ["platform", "workspace", "channel", "id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("post", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="which filter, until when, of which alert"),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "scores", sa.JSON(), nullable=False, comment="every label asked beside its threshold, as it then stood"
        ),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.id"], name=op.f("fk_decisions_models")),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_decisions_channels"),
        ),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name=op.f("fk_decisions_posts")),
        sa.PrimaryKeyConstraint("post", "platform", "workspace", "channel", name=op.f("pk_decisions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_decisions_channel",
        "decisions",
        ["platform", "workspace", "channel", "decided_at", "post", "reason"],
        unique=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False, comment="send or edit"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "edits", sa.Text(), nullable=True, comment="for an edit: the key of the delivery whose message is redrawn"
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True, comment="the latest error, for /health"),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_deliveries_channels"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
    )
    op.create_index(op.f("ix_deliveries_edits"), "deliveries", ["edits"], unique=False)
    op.create_index(
        "ix_deliveries_owed",
        "deliveries",
        ["platform", "workspace", "channel", "verb", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'ambiguous')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'ambiguous')"),
    )
    op.create_index(op.f("ix_deliveries_state"), "deliveries", ["state"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("post", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column(
            "set_aside", sa.Text(), nullable=True, comment="why this post is not tried again; NULL while it waits"
        ),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name=op.f("fk_inbox_posts")),
        sa.PrimaryKeyConstraint("post", name=op.f("pk_inbox")),
    )
    op.create_table(
        "labels",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column(
            "folded", sa.Text(), nullable=False, comment="the name casefolded: two names may not differ in case only"
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True, comment="NULL while the channel's holds"),
        sa.Column("position", sa.Integer(), nullable=False, comment="the order in which people wrote them"),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_labels_channels"),
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", "folded", name=op.f("pk_labels")),
    )
    op.create_table(
        "logits",
        sa.Column("post", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hypothesis", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entailment", sa.Float(), nullable=False),
        sa.Column("contradiction", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["hypothesis"], ["hypotheses.id"], name=op.f("fk_logits_hypotheses")),
        sa.ForeignKeyConstraint(["model"], ["models.id"], name=op.f("fk_logits_models")),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name=op.f("fk_logits_posts")),
        sa.PrimaryKeyConstraint("post", "model", "hypothesis", name=op.f("pk_logits")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pauses",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="the whole channel, one account, or one label"),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("account", sa.JSON(none_as_null=True), nullable=True, comment="where the pause is for one account"),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_pauses_channels"),
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", "target", name=op.f("pk_pauses")),
    )
    op.create_table(
        "watches",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_watches_channels"),
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", "source", "account_id", name=op.f("pk_watches")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("post", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("model", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.key"], name=op.f("fk_alerts_deliveries")),
        sa.ForeignKeyConstraint(["model"], ["models.id"], name=op.f("fk_alerts_models")),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_alerts_channels"),
        ),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name=op.f("fk_alerts_posts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint(
            "platform", "workspace", "channel", "post", name=op.f("uq_alerts_platform_workspace_channel_post")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_channel", "alerts", ["platform", "workspace", "channel", "id"], unique=False)
    op.create_index(op.f("ix_alerts_delivery"), "alerts", ["delivery"], unique=False)
    op.create_index("ix_alerts_post", "alerts", ["post"], unique=False)
    op.create_table(
        "alert_labels",
        sa.Column("alert", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("threshold_source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_alert_labels_alerts")),
        sa.PrimaryKeyConstraint("alert", "place", name=op.f("pk_alert_labels")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "judgements",
        sa.Column("alert", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("judged", sa.Text(), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_judgements_alerts")),
        sa.ForeignKeyConstraint(
            ["platform", "workspace", "channel"],
            ["channels.platform", "channels.workspace", "channels.channel"],
            name=op.f("fk_judgements_channels"),
        ),
        sa.PrimaryKeyConstraint("alert", "actor", name=op.f("pk_judgements")),
    )
