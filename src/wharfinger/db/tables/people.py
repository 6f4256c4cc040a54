"""Who: people and bots, what they sign in with, and what signs for us."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text

from wharfinger.db.tables.columns import PATH, id_column, metadata, moment, refers

users = Table(
    "users",
    metadata,
    id_column(),
    Column("username", PATH, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("password_hash", Text),  # argon2id; null where no password was ever set
    Column("password_once", Boolean, nullable=False, default=False),  # generated: good until its owner replaces it
    Column("second_factor", Boolean, nullable=False, default=False),
    Column("admin", Boolean, nullable=False, default=False),
    Column("bot", Boolean, nullable=False, default=False),  # acts for a project or group access token
    Column("blocked", Boolean, nullable=False, default=False),
    moment("created_at"),
    sqlite_autoincrement=True,  # see id_column
)

credentials = Table(
    "credentials",
    metadata,
    id_column(),
    Column("kind", String, nullable=False),  # rules.scopes.CredentialKind
    Column("secret_hash", String, nullable=False, unique=True),  # SHA-256 of the whole token: it has 160 random bits
    Column("name", Text, nullable=False),
    Column("username", PATH, index=True),  # deploy tokens log in under a name of their own
    refers("user_id", "users.id", nullable=True, index=True),  # null for deploy tokens, which act for nobody
    refers("namespace_id", "namespaces.id", nullable=True, index=True),  # what a group or deploy token is bound to
    refers("project_id", "projects.id", nullable=True, index=True),
    Column("description", Text, nullable=False, server_default=""),
    Column("scopes", Text, nullable=False),  # space-separated
    Column("origin", Text),  # JSON: which commit and job it was made for (rules.origin)
    moment("expires_at", nullable=True),
    moment("last_used_at", nullable=True),
    moment("revoked_at", nullable=True),
    moment("created_at"),
    Index("ix_credentials_kind_id", "kind", "id"),
    sqlite_autoincrement=True,  # see id_column
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # the private key, encrypted under the installation's secret
    moment("created_at"),
    moment("retired_at", nullable=True),  # no longer signs; still verifies until the last token it signed is over
)

login_failures = Table(
    "login_failures",
    metadata,
    id_column(),
    Column("key", String, nullable=False),  # "address 192.0.2.7" or "account ada"
    moment("failed_at", index=True),
    Index("ix_login_failures_key_failed_at", "key", "failed_at"),
)
