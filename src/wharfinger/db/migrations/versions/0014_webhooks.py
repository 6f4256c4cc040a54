"""Webhooks and their deliveries."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _refers(name: str, target: str, *, nullable: bool) -> sa.Column[Any]:
    return sa.Column(name, ID, sa.ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        _refers("project_id", "projects.id", nullable=True),
        _refers("namespace_id", "namespaces.id", nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("subjects", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", MOMENT),
        sa.Column("retry_at", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.CheckConstraint("project_id IS NULL OR namespace_id IS NULL", name="one_place"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhooks_project_id", "webhooks", ["project_id"])
    op.create_index("ix_webhooks_namespace_id", "webhooks", ["namespace_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        _refers("webhook_id", "webhooks.id", nullable=False),
        sa.Column("event", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", MOMENT),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Integer()),
        sa.Column("again_of", ID, sa.ForeignKey("webhook_deliveries.id", ondelete="SET NULL")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index("ix_webhook_deliveries_again_of", "webhook_deliveries", ["again_of"])
