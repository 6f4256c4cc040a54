"""Groups and personal namespaces: the statements. Nothing here decides."""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select

from wharfinger.db.tables import PATH, namespaces

_ID: Final[Select[Any]] = select(namespaces.c.id).where(namespaces.c.path == bindparam("wanted", type_=PATH))


def id_at(tx: Connection, path: str) -> int | None:
    """The id of the namespace at this very path."""
    found: int | None = tx.scalar(_ID, {"wanted": path})
    return found
