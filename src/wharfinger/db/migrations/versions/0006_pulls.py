"""How often tags, manifests and repositories were pulled, and when last."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table in ("repositories", "manifests", "tags"):
        op.add_column(table, sa.Column("pull_count", sa.BigInteger(), server_default="0", nullable=False))
        op.add_column(table, sa.Column("last_pulled_at", sa.DateTime(timezone=True)))
