"""Where: groups and personal namespaces, projects, their paths now and before, and who belongs to them."""

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, String, Table, Text, UniqueConstraint

from wharfinger.db.tables.columns import PATH, id_column, metadata, moment, refers

namespaces = Table(
    "namespaces",
    metadata,
    id_column(),
    Column("path", PATH, nullable=False, unique=True),  # in full: "acme/backend"
    Column("name", Text, nullable=False),
    refers("parent_id", "namespaces.id", nullable=True, index=True),
    refers("owner_id", "users.id", nullable=True),  # set on a personal namespace, null on a group
    Column("visibility", Integer, nullable=False),  # rules.roles.Visibility
    Column("description", Text, nullable=False, server_default=""),
    moment("created_at"),
    sqlite_autoincrement=True,  # see id_column
)

projects = Table(
    "projects",
    metadata,
    id_column(),
    refers("namespace_id", "namespaces.id", index=True),
    Column("path", PATH, nullable=False, unique=True),  # in full: "acme/backend/shop"
    Column("name", Text, nullable=False),
    Column("visibility", Integer, nullable=False),
    Column("registry_access", String, nullable=False, server_default="enabled"),  # rules.roles.RegistryAccess
    Column("description", Text, nullable=False, server_default=""),
    moment("created_at"),
    Column("jobs_limited", Boolean, nullable=False, server_default="0"),  # to those of job_allowances
    moment("changed_at", nullable=True),  # or something in it was deleted; what is pushed says so itself
    sqlite_autoincrement=True,  # see id_column
)

routes = Table(
    "routes",
    metadata,
    Column("path", PATH, primary_key=True),  # one row for every path in use, and for every one that was
    refers("namespace_id", "namespaces.id", nullable=True, index=True),
    refers("project_id", "projects.id", nullable=True, index=True),
    Column("former", Boolean, nullable=False, default=False),  # redirects until somebody takes the path
)

members = Table(
    "members",
    metadata,
    id_column(),
    refers("user_id", "users.id"),
    refers("namespace_id", "namespaces.id", nullable=True, index=True),
    refers("project_id", "projects.id", nullable=True, index=True),
    Column("role", Integer, nullable=False),  # rules.roles.Role: 10 guest … 50 owner
    moment("expires_at", nullable=True),
    moment("created_at"),
    UniqueConstraint("user_id", "namespace_id"),
    UniqueConstraint("user_id", "project_id"),
    CheckConstraint("(namespace_id is null) <> (project_id is null)", name="one_place"),
)

job_allowances = Table(
    "job_allowances",  # whose jobs are let into a project that is limited to these
    metadata,
    id_column(),
    refers("project_id", "projects.id"),
    refers("from_project_id", "projects.id", nullable=True, index=True),
    refers("from_namespace_id", "namespaces.id", nullable=True, index=True),
    UniqueConstraint("project_id", "from_project_id"),
    UniqueConstraint("project_id", "from_namespace_id"),
    CheckConstraint("(from_project_id is null) <> (from_namespace_id is null)", name="one_place"),
)
