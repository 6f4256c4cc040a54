"""Manifests are searched for by how their digest begins, whatever repository they are in."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_manifests_digest", "manifests", ["digest"])
