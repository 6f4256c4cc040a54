"""Bytes that the collector has taken up are adopted by no row any more, whatever clocks say."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("doomed_bytes", sa.Column("taken", sa.Boolean(), nullable=False, server_default="0"))
