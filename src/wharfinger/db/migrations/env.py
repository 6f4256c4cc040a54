"""What Alembic runs: the revisions, on the connection and inside the transaction of `db/migrate.py`."""

from alembic import context

from wharfinger.db.tables.schema import metadata

# Constraints get their names from the metadata's convention, so a revision need not spell them.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
