"""What changes a meter is a row for each transaction, instead of a column of each blob."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_MOVE = """
insert into meter_changes (meter_id, added_bytes)
    select meter_id, sum(pending_bytes) from meter_blobs group by meter_id having sum(pending_bytes) <> 0;
delete from meter_blobs where holders < 1
"""


def upgrade() -> None:
    op.create_table(
        "meter_changes",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("meter_id", ID, nullable=False, index=True),
        sa.Column("added_bytes", sa.BigInteger(), nullable=False),
    )
    for statement in _MOVE.split(";"):
        op.execute(statement)
    op.drop_index("ix_meter_blobs_unsettled", "meter_blobs")
    op.drop_column("meter_blobs", "pending_bytes")
