"""When a project last changed, and when a cleanup policy last began with a repository."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_CLEANED = """
    UPDATE repositories SET cleaned_at = (
        SELECT max(started_at) FROM cleanup_runs
        WHERE cleanup_runs.project_id = repositories.project_id AND policy_id IS NOT NULL
          AND (repository_id IS NULL OR repository_id = repositories.id)
    )
"""


def upgrade() -> None:
    op.add_column("projects", sa.Column("changed_at", sa.DateTime(timezone=True)))
    op.add_column("repositories", sa.Column("cleaned_at", sa.DateTime(timezone=True)))
    op.execute(_CLEANED)
