"""Doomed bytes are found by their digest, for the row that adopts them."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_index("ix_doomed_bytes_digest", "doomed_bytes", ["digest"])
