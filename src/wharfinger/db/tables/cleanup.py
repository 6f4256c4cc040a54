"""What cleanup removes, when, and what it did."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from wharfinger.db.tables.columns import ID, PATH, id_column, metadata, moment, refers

cleanup_policies = Table(
    "cleanup_policies",
    metadata,
    id_column(),
    refers("project_id", "projects.id", nullable=True, index=True),  # both null: the instance's
    refers("namespace_id", "namespaces.id", nullable=True, index=True),
    Column("name", PATH, nullable=False),  # unique in its place
    Column("enabled", Boolean, nullable=False),
    Column("enforced", Boolean, nullable=False),  # of a group or the instance: holds beside what projects have
    Column("repositories", Text, nullable=False),  # JSON list of patterns for names below the project
    Column("cadence", String, nullable=False),  # durations as people wrote them: rules.durations
    Column("keep_n", Integer),
    Column("older_than", String),
    Column("name_regex", Text, nullable=False),
    Column("name_regex_keep", Text, nullable=False),
    Column("keep_pulled", String),
    Column("by_use", Boolean, nullable=False),
    Column("untagged", Boolean, nullable=False),
    moment("next_run_at", nullable=True),  # null while it is off
    moment("created_at"),
    UniqueConstraint("project_id", "name"),
    UniqueConstraint("namespace_id", "name"),
    Index(
        "ix_cleanup_policies_next_run_at",
        "next_run_at",
        sqlite_where=text("next_run_at is not null"),
        postgresql_where=text("next_run_at is not null"),
    ),
    sqlite_autoincrement=True,  # runs remember the id
)

cleanup_runs = Table(
    "cleanup_runs",
    metadata,
    id_column(),
    refers("project_id", "projects.id"),
    Column("policy_id", ID),  # no foreign key: what was done stays true; null where one was asked for just once
    Column("terms", Text, nullable=False),  # what it went by, as JSON
    Column("repository_id", ID),  # the only one; null: all that the terms name
    Column("state", String, nullable=False),  # domain.cleanup.history.State
    Column("started_by", Text, nullable=False),
    moment("due_at"),
    moment("started_at", nullable=True),  # by which ages are counted
    moment("finished_at", nullable=True),
    moment("restored_at", nullable=True),
    Column("tags_planned", Integer),  # null until it was looked what is to go
    Column("tags_removed", Integer, nullable=False, default=0),
    Column("manifests_removed", Integer, nullable=False, default=0),  # that no tag led to
    Column("size_bytes", BigInteger, nullable=False, default=0),  # what that frees, once the trash lets it go
    Column("after_repository", ID, nullable=False, default=0),  # those up to this one are done
    Column("error", Text, nullable=False, default=""),
    UniqueConstraint("project_id", "policy_id", "due_at"),
    Index(
        "ix_cleanup_runs_open",
        "project_id",
        "id",
        sqlite_where=text("finished_at is null"),
        postgresql_where=text("finished_at is null"),
    ),
    sqlite_autoincrement=True,  # the trash remembers the id
)
