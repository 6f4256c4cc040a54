"""Names of image repositories that are not, or not yet, their own: what one was called before, and what is held for
one that is about to be renamed.
"""

from sqlalchemy import Column, PrimaryKeyConstraint, Table

from wharfinger.db.tables.columns import PATH, metadata, moment, refers

former_names = Table(
    "former_names",
    metadata,
    refers("project_id", "projects.id"),
    Column("name", PATH, nullable=False),  # below the project, as in `repositories`
    refers("repository_id", "repositories.id", index=True),  # where it leads, in the same project
    PrimaryKeyConstraint("project_id", "name"),
    sqlite_with_rowid=False,
)

held_names = Table(
    "held_names",
    metadata,
    refers("project_id", "projects.id"),
    Column("name", PATH, nullable=False),
    refers("repository_id", "repositories.id", index=True),  # the one that may take it
    moment("until"),
    PrimaryKeyConstraint("project_id", "name"),
    sqlite_with_rowid=False,
)
