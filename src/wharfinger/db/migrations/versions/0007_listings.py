"""What listings sort by: the size of tags and their moment; and how far the deletion of a repository is."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

FILL = """
UPDATE tags SET total_size_bytes = (
    WITH RECURSIVE reached(id) AS (
        SELECT tags.manifest_id
        UNION
        SELECT child.id FROM reached
        JOIN manifest_children named ON named.manifest_id = reached.id
        JOIN manifests child ON child.repository_id = named.repository_id AND child.digest = named.digest
    )
    SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM blobs WHERE digest IN (
        SELECT manifest_blobs.digest FROM manifest_blobs JOIN reached ON reached.id = manifest_blobs.manifest_id
    )
)
"""


def upgrade() -> None:
    op.add_column("repositories", sa.Column("status", sa.String()))
    op.add_column("tags", sa.Column("total_size_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(FILL)
    op.create_index("ix_tags_pushed_at", "tags", ["repository_id", "pushed_at", "name"])
    op.create_index("ix_tags_total_size_bytes", "tags", ["repository_id", "total_size_bytes", "name"])
