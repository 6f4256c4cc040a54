"""What is kept: image repositories, the manifests and tags in them, the blobs these name."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from wharfinger.db.tables.columns import PATH, id_column, metadata, moment, pulled, queue_index, refers

repositories = Table(
    "repositories",
    metadata,
    id_column(),
    refers("project_id", "projects.id", index=True),
    Column("name", PATH, nullable=False),  # below the project: "" for the image at the project's own path
    Column("path", PATH, nullable=False, unique=True),  # project path and name: what clients write
    moment("created_at"),
    moment("pushed_at", nullable=True),  # null until a first manifest arrives: such a repository is not listed
    *pulled(),
    Column("status", String),  # domain.repositories.Status: how far its deletion is, null where none was asked for
    moment("bulk_asked_at", nullable=True),  # when its tags were last to be deleted in bulk
    moment("cleaned_at", nullable=True),  # when a run of a cleanup policy that is about it last began
    UniqueConstraint("project_id", "name"),
    Index(
        "ix_repositories_listed",
        "path",
        sqlite_where=text("pushed_at is not null"),
        postgresql_where=text("pushed_at is not null"),
    ),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", PATH, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    moment("created_at"),
    Column("place", Text, nullable=False, server_default=""),  # what storage returned; "" where the digest says enough
    moment("review_after", nullable=True),
    queue_index("blobs"),
)

uploads = Table(
    "uploads",  # only of stores that cannot tell by themselves how far an upload is
    metadata,
    Column("id", String, primary_key=True),
    Column("state", Text, nullable=False),  # the store's own
    Column("holder", String, nullable=False),  # the request that has it open, or ""
    moment("held_until"),
    moment("written_at", index=True),
)

repository_blobs = Table(
    "repository_blobs",
    metadata,
    refers("repository_id", "repositories.id"),
    Column("digest", PATH, ForeignKey("blobs.digest"), nullable=False, index=True),
    moment("created_at"),
    moment("review_after", nullable=True),
    Column("counted", Boolean, nullable=False, server_default="0"),  # a tag here keeps it: db/tables/usage.py
    PrimaryKeyConstraint("repository_id", "digest"),
    queue_index("repository_blobs"),
    sqlite_with_rowid=False,
)

manifests = Table(
    "manifests",
    metadata,
    id_column(),
    refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("artifact_type", Text),  # as the referrers API reports it
    Column("subject", PATH),  # digest of the manifest this one speaks about
    Column("config_digest", PATH),
    Column("annotations", Text),  # JSON, kept only where there is a subject: the referrers API repeats them
    Column("size_bytes", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    moment("created_at"),
    moment("review_after", nullable=True),
    *pulled(),
    UniqueConstraint("repository_id", "digest"),
    Index("ix_manifests_digest", "digest"),  # by which they are searched for in all repositories
    queue_index("manifests"),
    Index(
        "ix_manifests_subject",
        "repository_id",
        "subject",
        "digest",
        sqlite_where=text("subject is not null"),
        postgresql_where=text("subject is not null"),
    ),
)

manifest_blobs = Table(
    "manifest_blobs",
    metadata,
    refers("manifest_id", "manifests.id"),
    refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
    Index("ix_manifest_blobs_manifest_id", "manifest_id"),
    sqlite_with_rowid=False,
)

manifest_children = Table(
    "manifest_children",
    metadata,
    refers("manifest_id", "manifests.id"),
    refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
    Index("ix_manifest_children_manifest_id", "manifest_id"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    refers("repository_id", "repositories.id"),
    Column("name", PATH, nullable=False),
    refers("manifest_id", "manifests.id", index=True),
    moment("created_at"),
    moment("pushed_at"),  # when it last began to point where it points
    Column("pushed_by", Text, nullable=False),  # the caller as the log names it: "ada", "deploy token ci"
    *pulled(),
    Column("total_size_bytes", BigInteger, nullable=False, server_default="0"),  # of what it reaches: db.sizes
    PrimaryKeyConstraint("repository_id", "name"),
    Index("ix_tags_pushed_at", "repository_id", "pushed_at", "name"),
    Index("ix_tags_total_size_bytes", "repository_id", "total_size_bytes", "name"),
    sqlite_with_rowid=False,
)
