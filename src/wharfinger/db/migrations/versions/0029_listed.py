"""Tokens of a kind in the order in which they were made, however many there are of other kinds."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index("ix_credentials_kind_id", "credentials", ["kind", "id"])
