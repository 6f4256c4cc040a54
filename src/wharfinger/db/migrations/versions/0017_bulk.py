"""When tags of a repository were last deleted in bulk: that is done at most once an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("bulk_asked_at", sa.DateTime(timezone=True)))
