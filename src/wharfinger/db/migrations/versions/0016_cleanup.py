"""Cleanup policies and what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _add_policies()
    _add_runs()


def _add_policies() -> None:
    op.create_table(
        "cleanup_policies",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE")),
        sa.Column("namespace_id", ID, sa.ForeignKey("namespaces.id", ondelete="CASCADE")),
        sa.Column("name", PATH, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("enforced", sa.Boolean(), nullable=False),
        sa.Column("repositories", sa.Text(), nullable=False),
        sa.Column("cadence", sa.String(), nullable=False),
        sa.Column("keep_n", sa.Integer()),
        sa.Column("older_than", sa.String()),
        sa.Column("name_regex", sa.Text(), nullable=False),
        sa.Column("name_regex_keep", sa.Text(), nullable=False),
        sa.Column("keep_pulled", sa.String()),
        sa.Column("by_use", sa.Boolean(), nullable=False),
        sa.Column("untagged", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
        sa.UniqueConstraint("namespace_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cleanup_policies_project_id", "cleanup_policies", ["project_id"])
    op.create_index("ix_cleanup_policies_namespace_id", "cleanup_policies", ["namespace_id"])
    waits = sa.text("next_run_at is not null")
    op.create_index(
        "ix_cleanup_policies_next_run_at",
        "cleanup_policies",
        ["next_run_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def _add_runs() -> None:
    op.create_table(
        "cleanup_runs",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("policy_id", ID),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("repository_id", ID),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("restored_at", MOMENT),
        sa.Column("tags_planned", sa.Integer()),
        sa.Column("tags_removed", sa.Integer(), nullable=False),
        sa.Column("manifests_removed", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("after_repository", ID, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.UniqueConstraint("project_id", "policy_id", "due_at"),
        sqlite_autoincrement=True,
    )
    unfinished = sa.text("finished_at is null")
    op.create_index(
        "ix_cleanup_runs_open",
        "cleanup_runs",
        ["project_id", "id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
