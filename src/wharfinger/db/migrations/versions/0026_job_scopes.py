"""Whose jobs are let into a project."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("projects", sa.Column("jobs_limited", sa.Boolean(), nullable=False, server_default="0"))
    op.create_table(
        "job_allowances",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("from_project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE")),
        sa.Column("from_namespace_id", ID, sa.ForeignKey("namespaces.id", ondelete="CASCADE")),
        sa.UniqueConstraint("project_id", "from_project_id"),
        sa.UniqueConstraint("project_id", "from_namespace_id"),
        sa.CheckConstraint("(from_project_id is null) <> (from_namespace_id is null)", name="one_place"),
    )
    for column in ("from_project_id", "from_namespace_id"):
        op.create_index(f"ix_job_allowances_{column}", "job_allowances", [column])
