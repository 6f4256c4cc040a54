"""Events, and jobs that follow them or are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("namespace_id", ID),
        sa.Column("project_id", ID),
        sa.Column("path", PATH, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("followed_at", MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_at", "events", ["at"])
    where = sa.text("followed_at is null")
    op.create_index("ix_events_unfollowed", "events", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "jobs",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), unique=True),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("held_until", MOMENT),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"])
