"""Who sees the registry of a project, and what projects and groups say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("projects", sa.Column("registry_access", sa.String(), nullable=False, server_default="enabled"))
    for table in ("projects", "namespaces"):
        op.add_column(table, sa.Column("description", sa.Text(), nullable=False, server_default=""))
