"""A tag that comes back from the trash is as old as it was."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("trash", sa.Column("pushed_at", sa.DateTime(timezone=True)))
