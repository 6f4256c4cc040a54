"""A job's token says which commit and pipeline it is for; a server remembers the settings it was last started with."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("credentials", sa.Column("origin", sa.Text()))
    op.create_table(
        "settings_in_force",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings_in_force"),
    )
