"""Judgements with a reason, and by reaction; a message leads to its alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "judgements",
        sa.Column(
            "reason", sa.Text(), nullable=False, server_default=sa.text("''"), comment="in the person's own words"
        ),
    )
    op.add_column(
        "judgements",
        sa.Column(
            "reaction",
            sa.Text(),
            nullable=False,
            server_default=sa.text("''"),
            comment="the emoji's name where it was one",
        ),
    )
    op.create_index("ix_deliveries_receipt", "deliveries", ["platform", "receipt"])
