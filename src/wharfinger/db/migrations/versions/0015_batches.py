"""What one act moved to the trash has a label in common."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("trash", sa.Column("batch", sa.String()))
    where = sa.text("batch is not null")
    op.create_index("ix_trash_batch", "trash", ["batch", "id"], sqlite_where=where, postgresql_where=where)
