"""Groups and personal namespaces: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, or_, select, update

from wharfinger.db.access import role_of
from wharfinger.db.tables.columns import PATH
from wharfinger.db.tables.places import namespaces

_ID: Final[Select[Any]] = select(namespaces.c.id).where(namespaces.c.path == bindparam("wanted", type_=PATH))


def id_at(tx: Connection, path: str) -> int | None:
    """The id of the namespace at this very path."""
    found: int | None = tx.scalar(_ID, {"wanted": path})
    return found


def by_id(tx: Connection, namespace: int) -> Row[Any]:
    """Every column of a namespace that is there."""
    found: Select[Any] = select(*namespaces.c).where(namespaces.c.id == namespace)
    return tx.execute(found).one()


def personal(tx: Connection, user: int) -> int | None:
    """The id of this user's personal namespace; bots have none."""
    return tx.scalar(select(namespaces.c.id).where(namespaces.c.owner_id == user))


def page(
    tx: Connection, *, user: int | None, now: datetime, visible: Sequence[int], last: str, limit: int
) -> Sequence[Row[Any]]:
    """Groups after `last` in byte order of paths: of these visibilities, and where the user has a role."""
    role = role_of(namespaces, user, now)
    listed = namespaces.c.owner_id.is_(None) & (namespaces.c.path > last)
    seen = or_(namespaces.c.visibility.in_(visible), role.is_not(None))
    found: Select[Any] = select(*namespaces.c, role.label("role")).where(listed, seen)
    return tx.execute(found.order_by(namespaces.c.path).limit(limit)).all()


def change(tx: Connection, group: int, **values: Any) -> None:
    """Set columns of a group."""
    tx.execute(update(namespaces).where(namespaces.c.id == group).values(values))


def remove(tx: Connection, group: int) -> None:
    """Delete a group that holds nothing, with memberships, credentials and routes."""
    tx.execute(delete(namespaces).where(namespaces.c.id == group))
