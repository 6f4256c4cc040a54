"""The first tables: people, places, credentials, images. Types are spelled out: a revision never changes again."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

PATH = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    people()
    places()
    members()
    credentials()
    repositories()
    blobs()
    manifests()
    contents()


def identity() -> sa.Column[Any]:
    return sa.Column("id", ID, primary_key=True, autoincrement=True)


def refers(name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, ID, sa.ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def index(table: str, *columns: str, name: str | None = None, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        name or f"ix_{table}_{'_'.join(columns)}",
        table,
        list(columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )


def people() -> None:
    op.create_table(
        "users",
        identity(),
        sa.Column("username", PATH, nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("password_once", sa.Boolean(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        moment("created_at"),
        sqlite_autoincrement=True,
    )


def places() -> None:
    op.create_table(
        "namespaces",
        identity(),
        sa.Column("path", PATH, nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        refers("parent_id", "namespaces.id", nullable=True),
        refers("owner_id", "users.id", nullable=True),
        sa.Column("visibility", sa.Integer(), nullable=False),
        moment("created_at"),
        sqlite_autoincrement=True,
    )
    index("namespaces", "parent_id")
    op.create_table(
        "projects",
        identity(),
        refers("namespace_id", "namespaces.id"),
        sa.Column("path", PATH, nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Integer(), nullable=False),
        moment("created_at"),
        sqlite_autoincrement=True,
    )
    index("projects", "namespace_id")
    op.create_table(
        "routes",
        sa.Column("path", PATH, primary_key=True),
        refers("namespace_id", "namespaces.id", nullable=True),
        refers("project_id", "projects.id", nullable=True),
        sa.Column("former", sa.Boolean(), nullable=False),
    )
    index("routes", "namespace_id")
    index("routes", "project_id")


def members() -> None:
    op.create_table(
        "members",
        identity(),
        refers("user_id", "users.id"),
        refers("namespace_id", "namespaces.id", nullable=True),
        refers("project_id", "projects.id", nullable=True),
        sa.Column("role", sa.Integer(), nullable=False),
        moment("expires_at", nullable=True),
        moment("created_at"),
        sa.UniqueConstraint("user_id", "namespace_id"),
        sa.UniqueConstraint("user_id", "project_id"),
        sa.CheckConstraint("(namespace_id is null) <> (project_id is null)", name="one_place"),
    )
    index("members", "namespace_id")
    index("members", "project_id")


def credentials() -> None:
    op.create_table(
        "credentials",
        identity(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", PATH),
        refers("user_id", "users.id", nullable=True),
        refers("namespace_id", "namespaces.id", nullable=True),
        refers("project_id", "projects.id", nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        moment("expires_at", nullable=True),
        moment("last_used_at", nullable=True),
        moment("revoked_at", nullable=True),
        moment("created_at"),
        sqlite_autoincrement=True,
    )
    for column in ("username", "user_id", "namespace_id", "project_id"):
        index("credentials", column)
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        moment("retired_at", nullable=True),
    )
    op.create_table(
        "login_failures",
        identity(),
        sa.Column("key", sa.String(), nullable=False),
        moment("failed_at"),
    )
    index("login_failures", "failed_at")
    index("login_failures", "key", "failed_at")


def repositories() -> None:
    op.create_table(
        "repositories",
        identity(),
        refers("project_id", "projects.id"),
        sa.Column("name", PATH, nullable=False),
        sa.Column("path", PATH, nullable=False, unique=True),
        moment("created_at"),
        moment("pushed_at", nullable=True),
        sa.UniqueConstraint("project_id", "name"),
    )
    index("repositories", "project_id")
    index("repositories", "path", name="ix_repositories_listed", where="pushed_at is not null")


def blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("digest", PATH, primary_key=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        moment("created_at"),
    )
    op.create_table(
        "repository_blobs",
        refers("repository_id", "repositories.id"),
        sa.Column("digest", PATH, sa.ForeignKey("blobs.digest"), nullable=False),
        moment("created_at"),
        sa.PrimaryKeyConstraint("repository_id", "digest"),
        sqlite_with_rowid=False,
    )
    index("repository_blobs", "digest")


def manifests() -> None:
    op.create_table(
        "manifests",
        identity(),
        refers("repository_id", "repositories.id"),
        sa.Column("digest", PATH, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("artifact_type", sa.Text()),
        sa.Column("subject", PATH),
        sa.Column("config_digest", PATH),
        sa.Column("annotations", sa.Text()),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        sa.UniqueConstraint("repository_id", "digest"),
    )
    where = "subject is not null"
    index("manifests", "repository_id", "subject", "digest", name="ix_manifests_subject", where=where)


def contents() -> None:
    for table in ("manifest_blobs", "manifest_children"):
        op.create_table(
            table,
            refers("manifest_id", "manifests.id"),
            refers("repository_id", "repositories.id"),
            sa.Column("digest", PATH, nullable=False),
            sa.PrimaryKeyConstraint("repository_id", "digest", "manifest_id"),
            sqlite_with_rowid=False,
        )
        index(table, "manifest_id")
    op.create_table(
        "tags",
        refers("repository_id", "repositories.id"),
        sa.Column("name", PATH, nullable=False),
        refers("manifest_id", "manifests.id"),
        moment("created_at"),
        moment("pushed_at"),
        sa.Column("pushed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "name"),
        sqlite_with_rowid=False,
    )
    index("tags", "manifest_id")
