"""What is stored where: a meter for every place, and the blobs that each of them counts.

A blob of a repository is counted (`repository_blobs.counted`) while a tag there keeps it. A meter counts each blob
once, however many repositories below its place do: `holders` says how many. So a push that brings nothing new writes
nothing here, and one that does writes rows of these very blobs, never one that all pushes share: what it adds to a
meter is a row of its own (`meter_changes`) until it is added up.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from wharfinger.db.tables.columns import ID, PATH, id_column, metadata, moment, refers

meters = Table(
    "meters",
    metadata,
    id_column(),
    refers("project_id", "projects.id", nullable=True),  # of a project, or
    refers("namespace_id", "namespaces.id", nullable=True),  # of a group or personal namespace, or of the instance
    Column("used_bytes", BigInteger, nullable=False, server_default="0"),  # with what changed since: the usage
    Column("limit_bytes", BigInteger),  # null: none of its own
    Column("each_limit_bytes", BigInteger),  # of each project in a group, of each top namespace of the instance
    Column("noticed_percent", Integer, nullable=False, server_default="0"),  # the threshold its owners know of
    Column("full", Boolean, nullable=False, server_default="0"),  # as of the last look: uploads need not begin
    Column("loose_bytes", BigInteger, nullable=False, server_default="0"),  # beside the usage, if near too much: loose
    Column("crowded", Boolean, nullable=False, server_default="0"),  # that is too much
    UniqueConstraint("project_id"),
    UniqueConstraint("namespace_id"),
    sqlite_autoincrement=True,  # `meter_blobs` names it without a foreign key
)

project_meters = Table(
    "project_meters",  # the meters that count what is pushed to a project: its own, and those of all places above
    metadata,
    refers("project_id", "projects.id"),
    refers("meter_id", "meters.id", index=True),
    PrimaryKeyConstraint("project_id", "meter_id"),
    sqlite_with_rowid=False,
)

meter_blobs = Table(
    "meter_blobs",
    metadata,
    Column("meter_id", ID, nullable=False),  # no foreign key: each row would have to lock the meter's, which all share
    Column("digest", PATH, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("holders", Integer, nullable=False),  # repositories below that count the blob: one at least
    PrimaryKeyConstraint("meter_id", "digest"),
    sqlite_with_rowid=False,
)

meter_changes = Table(
    "meter_changes",  # what transactions did to meters since these were added up, a row for each of both
    metadata,
    id_column(),
    Column("meter_id", ID, nullable=False, index=True),  # no foreign key, for the same reason
    Column("added_bytes", BigInteger, nullable=False),  # below zero: it went
)

meter_samples = Table(
    "meter_samples",  # what a meter showed, once a day
    metadata,
    refers("meter_id", "meters.id"),
    moment("at"),
    Column("used_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("meter_id", "at"),
    sqlite_with_rowid=False,
)
