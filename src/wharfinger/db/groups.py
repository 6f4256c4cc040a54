"""Groups and personal namespaces: the statements. Nothing here decides."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from wharfinger.db.tables import namespaces


def ids(tx: Connection, paths: Sequence[str]) -> Mapping[str, int]:
    """The ids of the namespaces at these paths, by path."""
    found = tx.execute(select(namespaces.c.path, namespaces.c.id).where(namespaces.c.path.in_(paths)))
    return {row.path: row.id for row in found}
