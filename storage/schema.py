"""Every table, with the reason for each index. Alembic's migrations are proved equal to it by a test.

Every row that belongs to a channel carries (platform, workspace, channel), so that a workspace can be shown, moved
or forgotten without walking through other tables. Instants are whole microseconds since 1970 in UTC: they sort, they
are the same on SQLite and Postgres, and no driver reads a time zone into them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, stored as whole microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002  (the base's signature)
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002  (the base's signature)
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# An integer that SQLite fills in by itself: there only INTEGER, not BIGINT, is the row's own number.
_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _channel_columns(*, primary_key: bool = False) -> list[sa.Column[Any]]:
    names = ("platform", "workspace", "channel")
    return [sa.Column(name, sa.Text, nullable=False, primary_key=primary_key) for name in names]


def _belongs_to_channel() -> sa.ForeignKeyConstraint:
    columns = ["platform", "workspace", "channel"]
    return sa.ForeignKeyConstraint(columns, [f"channels.{name}" for name in columns])


# Facts about this file: the secret that its delivery keys are made with, when it was copied, when a copy came to life.
meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

NOT_EXPIRED = sa.text("(removed IS NULL OR removed <> 'expired')")
"""Written out, not bound, as OWED is."""

# --- posts -----------------------------------------------------------------------------------------------------------

# Identity and content. A post is in here once for ever, whatever became of its pending work.
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("post_id", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kinds", sa.Text, nullable=False, comment="retweet, reply, quote: comma-separated, sorted"),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False, index=True),  # /why and the link of a post
    sa.Column("fingerprint", sa.Text, nullable=False, comment="the text less all that a retweet changes"),
    sa.Column("published_at", Instant, nullable=False),
    sa.Column("played_at", Instant, comment="set by a replay alone: when it played the post"),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("removed", sa.Text, comment="why its text is gone: deleted or expired; NULL while it is there"),
    sa.UniqueConstraint("source", "post_id"),  # seen once
    # What is older than the retention and not forgotten yet; what is forgotten stays out, or each pass would read it.
    sa.Index("ix_posts_seen_at", "seen_at", sqlite_where=NOT_EXPIRED, postgresql_where=NOT_EXPIRED),
    sa.Index("ix_posts_fingerprint", "fingerprint"),  # a retweet's original
    sa.Index("ix_posts_author", "source", "account_id", "published_at"),  # an account's latest posts
)

WAITS = sa.text("set_aside IS NULL")
"""Written out, as OWED is, for the same reason."""

# Posts not yet decided. Kept apart from posts so that it stays as small as the backlog.
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id"), primary_key=True, autoincrement=False),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", Instant),
    sa.Column("set_aside", sa.Text, comment="why this post is not tried again; NULL while it waits"),
    sa.Column(
        "tries",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="claims that nobody ended, because the program died: written before a try",
    ),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="how often the model failed on it"),
    sa.Column("seen_at", Instant, nullable=False, server_default="0"),
    # What is fresh goes before what an outage left, each oldest first. What was set aside is not walked over.
    sa.Index("ix_inbox_seen_at", "seen_at", sqlite_where=WAITS, postgresql_where=WAITS),
)

# How far each source has been read; written in the transaction that stores what was read.
cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column(
        "part",
        sa.Text,
        primary_key=True,
        server_default=sa.text("''"),
        comment="a feed, an account; empty: the source as a whole",
    ),
    sa.Column("cursor", sa.Text, nullable=False),
)

# --- what the model answered -----------------------------------------------------------------------------------------

models = sa.Table(
    "models",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.UniqueConstraint("engine", "name", "revision", "template"),
)

hypotheses = sa.Table(
    "hypotheses",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("text", sa.Text, nullable=False, unique=True),
)

# Raw logits, never scores: per-channel scores, what-if questions and changes of mode need no second asking.
# Without a rowid on SQLite, since the key is the whole reason anyone comes here (post first: why; one post's row run).
logits = sa.Table(
    "logits",
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id"), primary_key=True),
    sa.Column("model", sa.ForeignKey("models.id"), primary_key=True),
    sa.Column("hypothesis", sa.ForeignKey("hypotheses.id"), primary_key=True),
    sa.Column("entailment", sa.Float, nullable=False),
    sa.Column("contradiction", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)

# --- channels and their settings -------------------------------------------------------------------------------------

channels = sa.Table(
    "channels",
    metadata,
    *_channel_columns(primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("threshold", sa.Float, comment="NULL while the default holds"),
    sa.Column("alerts", sa.Text, nullable=False, comment="on, off or shadow"),
    sa.Column("managers", sa.JSON, nullable=False, comment="who alone may change settings; [] while anyone may"),
    sa.Column("suspended", sa.Text, nullable=False, comment="why nothing can be sent; empty while all is well"),
)

labels = sa.Table(
    "labels",
    metadata,
    *_channel_columns(primary_key=True),
    sa.Column(
        "folded", sa.Text, primary_key=True, comment="the name casefolded: two names may not differ in case only"
    ),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("threshold", sa.Float, comment="NULL while the channel's holds"),
    sa.Column("position", sa.Integer, nullable=False, comment="the order in which people wrote them"),
    _belongs_to_channel(),
)

watches = sa.Table(
    "watches",
    metadata,
    *_channel_columns(primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("handle", sa.Text, nullable=False),
    sa.Column("account_name", sa.Text, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("filters", sa.JSON, nullable=False),
    _belongs_to_channel(),
)

pauses = sa.Table(
    "pauses",
    metadata,
    *_channel_columns(primary_key=True),
    sa.Column("target", sa.Text, primary_key=True, comment="the whole channel, one account, or one label"),
    sa.Column("until", Instant, nullable=False),
    sa.Column("account", sa.JSON(none_as_null=True), comment="where the pause is for one account"),
    sa.Column("label", sa.Text, nullable=False),
    _belongs_to_channel(),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    *_channel_columns(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("command", sa.Text, nullable=False),
    sa.Column("before", sa.JSON, nullable=False, comment="only the settings that changed"),
    sa.Column("after", sa.JSON, nullable=False),
    sa.Column("undoes", _Number, comment="the change that this one took back"),
    sa.Column("undone_by", _Number, comment="the change that took this one back"),
    _belongs_to_channel(),
    sa.Index("ix_audit_channel", "platform", "workspace", "channel", "id"),  # a channel's log, newest first
)

# --- decisions, alerts, deliveries, judgements -----------------------------------------------------------------------

# One row for every (post, channel) that cared, alerted or not, so that /why can answer for both.
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id"), primary_key=True),
    *_channel_columns(primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, comment="which filter, until when, of which alert"),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("model", sa.ForeignKey("models.id"), nullable=False),
    sa.Column("scores", sa.JSON, nullable=False, comment="every label asked beside its threshold, as it then stood"),
    sa.Column("decided_at", Instant, nullable=False),
    _belongs_to_channel(),
    # What a channel decided lately, in order; with the reason, so that /stats counts without reading a single row.
    sa.Index("ix_decisions_channel", "platform", "workspace", "channel", "decided_at", "post", "reason"),
    sqlite_with_rowid=False,
)

OWED = sa.text("state IN ('pending', 'sending', 'ambiguous')")
"""Written out, not bound: SQLite uses a partial index only where the query repeats the index's own words."""

# The outbox. A delivery's key travels inside the message, so that an unknown outcome can be looked up.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    *_channel_columns(),
    sa.Column("verb", sa.Text, nullable=False, comment="send or edit"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("edits", sa.Text, index=True, comment="for an edit: the key of the delivery whose message is redrawn"),
    sa.Column("state", sa.Text, nullable=False, index=True),  # /health counts; "what was being sent when we died"
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("receipt", sa.Text),
    sa.Column("problem", sa.Text, comment="the latest error, for /health"),
    sa.Column("settled_at", Instant),
    _belongs_to_channel(),
    sa.Index("ix_deliveries_receipt", "platform", "receipt"),  # which alerts a message carries that people point to
    # The oldest delivery still owed in each lane: the one question asked all day. Settled rows stay out.
    sa.Index(
        "ix_deliveries_owed",
        "platform",
        "workspace",
        "channel",
        "verb",
        "kind",
        "id",
        sqlite_where=OWED,
        postgresql_where=OWED,
    ),
    sqlite_autoincrement=True,  # whoever has read up to a number is told by the next that there is news
)

# What a notice says: unlike a card it cannot be drawn from anything else.
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("delivery", sa.ForeignKey("deliveries.key"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    *_channel_columns(),
    sa.Column("post", sa.ForeignKey("posts.id"), nullable=False),
    sa.Column(
        "delivery", sa.ForeignKey("deliveries.key"), nullable=False, index=True
    ),  # which alerts a message carries
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("model", sa.ForeignKey("models.id"), nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
    _belongs_to_channel(),
    sa.UniqueConstraint("platform", "workspace", "channel", "post"),  # owed once
    sa.Index("ix_alerts_channel", "platform", "workspace", "channel", "id"),  # a channel's latest alerts
    sa.Index("ix_alerts_post", "post"),  # whether a retweet's original alerted
    sqlite_autoincrement=True,  # a number people have said aloud is never given twice
)

# The labels an alert is for, highest score first: a row each, so that /stats can count by label.
alert_labels = sa.Table(
    "alert_labels",
    metadata,
    sa.Column("alert", sa.ForeignKey("alerts.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("threshold", sa.Float, nullable=False),
    sa.Column("threshold_source", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("alert", sa.ForeignKey("alerts.id"), primary_key=True),
    sa.Column("actor", sa.Text, primary_key=True),
    *_channel_columns(),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("judged", sa.Text, nullable=False),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=sa.text("''"), comment="in the person's own words"),
    sa.Column(
        "reaction", sa.Text, nullable=False, server_default=sa.text("''"), comment="the emoji's name where it was one"
    ),
    _belongs_to_channel(),
)
