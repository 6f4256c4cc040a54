"""Every table, drawn first.

    users ──┐                     namespaces (groups and personal ones, a tree)
            ├── members ──────────┤
            │                     └── projects ── repositories ─┬─ tags ─────────┐
            │                                                   ├─ manifests ◄───┘
    credentials (tokens of people, projects, groups, jobs)      │    ├─ manifest_blobs
    signing_keys · login_failures                               │    └─ manifest_children
    routes (path → namespace or project, now or formerly)       ├─ repository_blobs ── blobs ── doomed_bytes
    duties · freed                                              └─ trash ── trash_needs

A path is stored in full where it is looked up (`namespaces.path`, `projects.path`, `repositories.path`), so that a
read is one indexed query; a move rewrites the paths below it in one transaction. Text is compared byte by byte in both
databases (`PATH` carries collation C on PostgreSQL), so that listings have one order everywhere.

`review_after` is the queue of `domain/garbage.py`: rows that have it may have become unreachable, and are looked at
once that moment has passed; null means that the last look found them needed and that nothing has changed since.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A point in time, always aware and in UTC, in both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time without a zone: it would mean different moments on different machines."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give SQLite's naive times their zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PATH = String().with_variant(String(collation="C"), "postgresql")
ID = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    # SQLite gives the id of a deleted last row to the next one, unless the table says `sqlite_autoincrement`: those do
    # whose ids tokens carry, for a token must not fit what came after.
    return Column("id", ID, primary_key=True, autoincrement=True)


def _refers(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, ID, ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)


def _queue(table: str) -> Index:
    condition = text("review_after is not null")
    return Index(f"ix_{table}_review_after", "review_after", sqlite_where=condition, postgresql_where=condition)


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, Moment(), nullable=nullable, index=index)


users = Table(
    "users",
    metadata,
    _id(),
    Column("username", PATH, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("password_hash", Text),  # argon2id; null where no password was ever set
    Column("password_once", Boolean, nullable=False, default=False),  # generated: good until its owner replaces it
    Column("second_factor", Boolean, nullable=False, default=False),
    Column("admin", Boolean, nullable=False, default=False),
    Column("bot", Boolean, nullable=False, default=False),  # acts for a project or group access token
    Column("blocked", Boolean, nullable=False, default=False),
    _moment("created_at"),
    sqlite_autoincrement=True,  # see _id
)

namespaces = Table(
    "namespaces",
    metadata,
    _id(),
    Column("path", PATH, nullable=False, unique=True),  # in full: "acme/backend"
    Column("name", Text, nullable=False),
    _refers("parent_id", "namespaces.id", nullable=True, index=True),
    _refers("owner_id", "users.id", nullable=True),  # set on a personal namespace, null on a group
    Column("visibility", Integer, nullable=False),  # rules.roles.Visibility
    _moment("created_at"),
    sqlite_autoincrement=True,  # see _id
)

projects = Table(
    "projects",
    metadata,
    _id(),
    _refers("namespace_id", "namespaces.id", index=True),
    Column("path", PATH, nullable=False, unique=True),  # in full: "acme/backend/shop"
    Column("name", Text, nullable=False),
    Column("visibility", Integer, nullable=False),
    _moment("created_at"),
    sqlite_autoincrement=True,  # see _id
)

routes = Table(
    "routes",
    metadata,
    Column("path", PATH, primary_key=True),  # one row for every path in use, and for every one that was
    _refers("namespace_id", "namespaces.id", nullable=True, index=True),
    _refers("project_id", "projects.id", nullable=True, index=True),
    Column("former", Boolean, nullable=False, default=False),  # redirects until somebody takes the path
)

members = Table(
    "members",
    metadata,
    _id(),
    _refers("user_id", "users.id"),
    _refers("namespace_id", "namespaces.id", nullable=True, index=True),
    _refers("project_id", "projects.id", nullable=True, index=True),
    Column("role", Integer, nullable=False),  # rules.roles.Role: 10 guest … 50 owner
    _moment("expires_at", nullable=True),
    _moment("created_at"),
    UniqueConstraint("user_id", "namespace_id"),
    UniqueConstraint("user_id", "project_id"),
    CheckConstraint("(namespace_id is null) <> (project_id is null)", name="one_place"),
)

credentials = Table(
    "credentials",
    metadata,
    _id(),
    Column("kind", String, nullable=False),  # rules.scopes.CredentialKind
    Column("secret_hash", String, nullable=False, unique=True),  # SHA-256 of the whole token: it has 160 random bits
    Column("name", Text, nullable=False),
    Column("username", PATH, index=True),  # deploy tokens log in under a name of their own
    _refers("user_id", "users.id", nullable=True, index=True),  # null for deploy tokens, which act for nobody
    _refers("namespace_id", "namespaces.id", nullable=True, index=True),  # what a group or deploy token is bound to
    _refers("project_id", "projects.id", nullable=True, index=True),
    Column("scopes", Text, nullable=False),  # space-separated
    _moment("expires_at", nullable=True),
    _moment("last_used_at", nullable=True),
    _moment("revoked_at", nullable=True),
    _moment("created_at"),
    sqlite_autoincrement=True,  # see _id
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # the private key, encrypted under the installation's secret
    _moment("created_at"),
    _moment("retired_at", nullable=True),  # no longer signs; still verifies until the last token it signed is over
)

login_failures = Table(
    "login_failures",
    metadata,
    _id(),
    Column("key", String, nullable=False),  # "address 192.0.2.7" or "account ada"
    _moment("failed_at", index=True),
    Index("ix_login_failures_key_failed_at", "key", "failed_at"),
)

repositories = Table(
    "repositories",
    metadata,
    _id(),
    _refers("project_id", "projects.id", index=True),
    Column("name", PATH, nullable=False),  # below the project: "" for the image at the project's own path
    Column("path", PATH, nullable=False, unique=True),  # project path and name: what clients write
    _moment("created_at"),
    _moment("pushed_at", nullable=True),  # null until a first manifest arrives: such a repository is not listed
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
    _moment("created_at"),
    Column("place", Text, nullable=False, server_default=""),  # what storage returned; "" where the digest says enough
    _moment("review_after", nullable=True),
    _queue("blobs"),
)

uploads = Table(
    "uploads",  # only of stores that cannot tell by themselves how far an upload is
    metadata,
    Column("id", String, primary_key=True),
    Column("state", Text, nullable=False),  # the store's own
    Column("holder", String, nullable=False),  # the request that has it open, or ""
    _moment("held_until"),
    _moment("written_at", index=True),
)

repository_blobs = Table(
    "repository_blobs",
    metadata,
    _refers("repository_id", "repositories.id"),
    Column("digest", PATH, ForeignKey("blobs.digest"), nullable=False, index=True),
    _moment("created_at"),
    _moment("review_after", nullable=True),
    PrimaryKeyConstraint("repository_id", "digest"),
    _queue("repository_blobs"),
    sqlite_with_rowid=False,
)

manifests = Table(
    "manifests",
    metadata,
    _id(),
    _refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("artifact_type", Text),  # as the referrers API reports it
    Column("subject", PATH),  # digest of the manifest this one speaks about
    Column("config_digest", PATH),
    Column("annotations", Text),  # JSON, kept only where there is a subject: the referrers API repeats them
    Column("size_bytes", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _moment("created_at"),
    _moment("review_after", nullable=True),
    UniqueConstraint("repository_id", "digest"),
    _queue("manifests"),
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
    _refers("manifest_id", "manifests.id"),
    _refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
    Index("ix_manifest_blobs_manifest_id", "manifest_id"),
    sqlite_with_rowid=False,
)

manifest_children = Table(
    "manifest_children",
    metadata,
    _refers("manifest_id", "manifests.id"),
    _refers("repository_id", "repositories.id"),
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
    Index("ix_manifest_children_manifest_id", "manifest_id"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    _refers("repository_id", "repositories.id"),
    Column("name", PATH, nullable=False),
    _refers("manifest_id", "manifests.id", index=True),
    _moment("created_at"),
    _moment("pushed_at"),  # when it last began to point where it points
    Column("pushed_by", Text, nullable=False),  # the caller as the log names it: "ada", "deploy token ci"
    PrimaryKeyConstraint("repository_id", "name"),
    sqlite_with_rowid=False,
)

duties = Table(
    "duties",
    metadata,
    Column("name", String, primary_key=True),  # jobs.schedule.Duty
    _moment("due_at"),
)

trash = Table(
    "trash",
    metadata,
    _id(),
    _refers("repository_id", "repositories.id", index=True),
    Column("kind", String, nullable=False),  # domain.trash.Kind
    Column("name", PATH, nullable=False),  # tag, digest or repository path: what was deleted
    Column("digest", PATH),  # of the manifest, or of the one that the tag pointed to
    Column("media_type", Text),  # of a manifest, with
    Column("body", LargeBinary),  # its bytes, and
    Column("tags", Text),  # the tags that pointed to it, as a JSON list
    Column("deleted_by", Text, nullable=False),
    _moment("deleted_at"),
    _moment("expires_at", index=True),
    sqlite_autoincrement=True,  # people write the id down
)

trash_needs = Table(
    "trash_needs",
    metadata,
    _refers("trash_id", "trash.id"),
    _refers("repository_id", "repositories.id"),
    Column("need", String, nullable=False),  # "blob", "manifest", or "subject": what speaks about this digest
    Column("digest", PATH, nullable=False),
    PrimaryKeyConstraint("trash_id", "need", "digest"),
    Index("ix_trash_needs_digest", "digest", "need"),
    sqlite_with_rowid=False,
)

doomed_bytes = Table(
    "doomed_bytes",
    metadata,
    _id(),
    Column("digest", PATH, nullable=False),
    Column("place", Text, nullable=False),  # storage.store.Upload.keep; empty where the digest says enough
    Column("size_bytes", BigInteger, nullable=False),
    _moment("try_after", index=True),
    sqlite_autoincrement=True,  # who erases bytes forgets them by id afterwards: it must still be the same row
)

freed = Table(
    "freed",
    metadata,
    Column("what", String, primary_key=True),  # domain.garbage counts: "manifests", "blobs", "bytes" …
    Column("total", BigInteger, nullable=False),
)
