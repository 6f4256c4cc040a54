"""What places hold beside what counts, as of the last look, and whether that is too much."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("meters", sa.Column("loose_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("meters", sa.Column("crowded", sa.Boolean(), nullable=False, server_default="0"))
