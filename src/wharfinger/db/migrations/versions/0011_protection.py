"""Rules that protect repositories and tags."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "protection_rules",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pattern", PATH, nullable=False),
        sa.Column("push_level", sa.Integer()),
        sa.Column("delete_level", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("project_id", "kind", "pattern"),
        sqlite_autoincrement=True,
    )
