"""Meters of places, and what they count of the images that are here already."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNT = sa.BigInteger()

_METERS = """
insert into meters (project_id) select id from projects;
insert into meters (namespace_id) select id from namespaces;
insert into meters (used_bytes) values (0);
insert into project_meters (project_id, meter_id)
    select p.id, m.id from projects p join meters m
        on m.project_id = p.id or (m.project_id is null and m.namespace_id is null);
insert into project_meters (project_id, meter_id)
    select p.id, m.id from projects p
        join namespaces n on substr(p.path, 1, length(n.path) + 1) = n.path || '/'
        join meters m on m.namespace_id = n.id
"""

_COUNTED = """
with recursive keeps (above, below) as (
    select c.manifest_id, m.id from manifest_children c
        join manifests m on m.repository_id = c.repository_id and m.digest = c.digest
    union all
    select s.id, m.id from manifests m
        join manifests s on s.repository_id = m.repository_id and s.digest = m.subject
), kept (id) as (
    select t.manifest_id from tags t join repositories r on r.id = t.repository_id where r.path not like '~%'
    union
    select keeps.below from kept join keeps on keeps.above = kept.id
)
update repository_blobs set counted = true where exists (
    select 1 from manifest_blobs b join kept on kept.id = b.manifest_id
    where b.repository_id = repository_blobs.repository_id and b.digest = repository_blobs.digest
);
insert into meter_blobs (meter_id, digest, size_bytes, holders, pending_bytes)
    select pm.meter_id, b.digest, b.size_bytes, count(*), 0 from repository_blobs rb
        join blobs b on b.digest = rb.digest
        join repositories r on r.id = rb.repository_id
        join project_meters pm on pm.project_id = r.project_id
    where rb.counted group by pm.meter_id, b.digest, b.size_bytes;
update meters set used_bytes =
    coalesce((select sum(size_bytes) from meter_blobs where meter_blobs.meter_id = meters.id), 0)
"""


def upgrade() -> None:
    op.add_column("repository_blobs", sa.Column("counted", sa.Boolean(), server_default="0", nullable=False))
    _create_tables()
    for statement in f"{_METERS};{_COUNTED}".split(";"):
        op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "meters",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), unique=True),
        sa.Column("namespace_id", ID, sa.ForeignKey("namespaces.id", ondelete="CASCADE"), unique=True),
        sa.Column("used_bytes", COUNT, server_default="0", nullable=False),
        sa.Column("limit_bytes", COUNT),
        sa.Column("each_limit_bytes", COUNT),
        sa.Column("noticed_percent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("full", sa.Boolean(), server_default="0", nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_meters",
        sa.Column("project_id", ID, sa.ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("meter_id", ID, sa.ForeignKey("meters.id", ondelete="CASCADE"), primary_key=True, index=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meter_blobs",
        sa.Column("meter_id", ID, primary_key=True, autoincrement=False),
        sa.Column("digest", PATH, primary_key=True),
        sa.Column("size_bytes", COUNT, nullable=False),
        sa.Column("holders", sa.Integer(), nullable=False),
        sa.Column("pending_bytes", COUNT, nullable=False),
        sqlite_with_rowid=False,
    )
    where = sa.text("pending_bytes <> 0 or holders < 1")
    op.create_index("ix_meter_blobs_unsettled", "meter_blobs", ["meter_id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "meter_samples",
        sa.Column("meter_id", ID, sa.ForeignKey("meters.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("used_bytes", COUNT, nullable=False),
        sqlite_with_rowid=False,
    )
