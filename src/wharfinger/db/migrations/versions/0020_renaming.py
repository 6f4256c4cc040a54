"""Former names of image repositories, and names that are held for a rename."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _add("former_names")
    _add("held_names", sa.Column("until", sa.DateTime(timezone=True), nullable=False))


def _add(table: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", PATH, nullable=False),
        sa.Column("repository_id", ID, sa.ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("project_id", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{table}_repository_id", table, ["repository_id"])
