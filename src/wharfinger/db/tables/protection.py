"""What only some may write or delete, and what never moves."""

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from wharfinger.db.tables.columns import PATH, id_column, metadata, moment, refers

protection_rules = Table(
    "protection_rules",
    metadata,
    id_column(),
    refers("project_id", "projects.id"),
    Column("kind", String, nullable=False),  # rules.protection.Kind
    Column("pattern", PATH, nullable=False),  # of a repository rule what follows the project's path, which may change
    Column("push_level", Integer),  # rules.protection.Level; null leaves it to the role
    Column("delete_level", Integer),
    moment("created_at"),
    UniqueConstraint("project_id", "kind", "pattern"),
    sqlite_autoincrement=True,  # clients of the API write the id down
)
