"""What a token is for, in the words of who made it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("credentials", sa.Column("description", sa.Text(), nullable=False, server_default=""))
