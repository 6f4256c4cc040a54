"""Webhooks: who is told of what happens, and how telling them went."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from wharfinger.db.tables.columns import ID, id_column, metadata, moment, refers

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    refers("project_id", "projects.id", nullable=True, index=True),  # of a project, a group, or the installation
    refers("namespace_id", "namespaces.id", nullable=True, index=True),
    Column("url", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("form", String, nullable=False),  # rules.notifications.Form
    Column("subjects", String, nullable=False),  # rules.notifications.Subject, separated by spaces
    Column("secret", LargeBinary, nullable=False),  # sealed: domain.vault
    Column("created_by", Text, nullable=False),
    moment("created_at"),
    Column("failures", Integer, nullable=False),  # in a row
    moment("failing_since", nullable=True),
    moment("retry_at", nullable=True),  # until then nothing is sent, because the last try failed
    moment("disabled_at", nullable=True),
    CheckConstraint("project_id IS NULL OR namespace_id IS NULL", name="one_place"),
    sqlite_autoincrement=True,  # see id_column
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    refers("webhook_id", "webhooks.id"),
    Column("event", ID, nullable=False),  # its number in the audit log; 0 for a test
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    moment("created_at", index=True),
    Column("state", String, nullable=False),  # domain.deliveries.State
    Column("tries", Integer, nullable=False),
    moment("tried_at", nullable=True),
    Column("status", Integer),  # of the last answer
    Column("answer", Text, nullable=False),  # the beginning of it, or why there was none
    Column("took_ms", Integer),
    Column("again_of", ID, ForeignKey("webhook_deliveries.id", ondelete="SET NULL")),  # that was delivered anew
    Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
    Index("ix_webhook_deliveries_again_of", "again_of"),
    sqlite_autoincrement=True,  # see id_column
)
