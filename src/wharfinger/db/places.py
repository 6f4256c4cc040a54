"""Everything that has a path: groups, personal namespaces, projects, and the routes that lead to them.

A path in use has one row in `routes` and one in `namespaces` or `projects`. Routes point to ids, so a former path leads
to where its place is now, however often that moved. Nothing here decides.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    text,
    union_all,
    update,
)

from wharfinger.db import meters
from wharfinger.db.access import below
from wharfinger.db.tables.columns import PATH
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import namespaces, projects, routes
from wharfinger.db.upsert import insert

_TURN = 0x7768_6270  # any number, the same in every process


def take_turn(tx: Connection) -> None:
    """Places are made, moved and removed one at a time, so that nothing appears below what is just moving."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def in_use(tx: Connection, path: str) -> bool:
    """Does somebody have this path now?"""
    return bool(tx.scalar(select(exists().where(routes.c.path == path, routes.c.former.is_(False)))))


def path_of_project(tx: Connection, number: int) -> str | None:
    """The path of the project of this number."""
    return tx.scalar(select(projects.c.path).where(projects.c.id == number))


def path_of_namespace(tx: Connection, number: int) -> str | None:
    """The path of the group or personal namespace of this number."""
    return tx.scalar(select(namespaces.c.path).where(namespaces.c.id == number))


def project_at(tx: Connection, path: str) -> int | None:
    """The id of the project that is at this path now."""
    return tx.scalar(select(projects.c.id).where(projects.c.path == path))


def add_namespace(
    tx: Connection, *, path: str, name: str, parent: int | None, owner: int | None, visibility: int, now: datetime
) -> int:
    """Make a group, or a personal namespace, whose path nobody has."""
    row = {"path": path, "name": name, "parent_id": parent, "owner_id": owner, "visibility": visibility}
    made = tx.execute(insert(tx, namespaces).values(**row, created_at=now).returning(namespaces.c.id)).scalar_one()
    _lead(tx, path, namespace_id=made)
    meters.add(tx, path, namespace=made)
    return int(made)


def add_project(tx: Connection, *, path: str, name: str, namespace: int, visibility: int, now: datetime) -> int:
    """Make a project whose path nobody has. Former paths below it are over: they are names of its images now."""
    row = {"path": path, "name": name, "namespace_id": namespace, "visibility": visibility, "created_at": now}
    made = tx.execute(insert(tx, projects).values(row).returning(projects.c.id)).scalar_one()
    _lead(tx, path, project_id=made)
    meters.add(tx, path, project=made)
    tx.execute(delete(routes).where(routes.c.former.is_(True), below(routes.c.path, path)))
    return int(made)


def carry(tx: Connection, old: str, new: str) -> None:
    """Give what is at `old` and below it paths that start with `new`, which nobody has; the old ones stay, as former.

    Projects come before repositories: PostgreSQL makes a push that adds a repository wait for its project's row.
    """
    for table in (namespaces, projects, repositories):
        moved = _here_or_below(table.c.path, old)
        tx.execute(update(table).where(moved).values(path=_carried(table.c.path, old, new)))
    current = routes.c.former.is_(False) & _here_or_below(routes.c.path, old)
    carried = select(_carried(routes.c.path, old, new), routes.c.namespace_id, routes.c.project_id, literal(False))  # noqa: FBT003 - a column's value
    statement = insert(tx, routes).from_select(["path", "namespace_id", "project_id", "former"], carried.where(current))
    tx.execute(_over_former(statement))
    tx.execute(update(routes).where(current).values(former=True))
    owned = select(projects.c.path).where(_here_or_below(projects.c.path, new)).subquery()
    inside = exists().where(routes.c.path > owned.c.path + "/", routes.c.path < owned.c.path + "0")
    tx.execute(delete(routes).where(routes.c.former.is_(True), below(routes.c.path, new), inside))


def extremes(tx: Connection, top: str) -> tuple[list[str], list[str]]:
    """The longest path at `top` or below and the one of most levels: of groups and projects, and of repositories."""
    return _extremes(tx, top, namespaces, projects), _extremes(tx, top, repositories)


def most_visible(tx: Connection, top: str) -> int:
    """The highest visibility of the groups and projects below `top`; -1 where there are none."""
    values = union_all(
        *(select(table.c.visibility).where(below(table.c.path, top)) for table in (namespaces, projects))
    ).subquery()
    return int(tx.scalar(select(func.coalesce(func.max(values.c.visibility), -1))) or 0)


def holds_places(tx: Connection, namespace: int) -> bool:
    """Are there groups or projects right below this namespace?"""
    inside = (
        select(exists().where(namespaces.c.parent_id == namespace)),
        select(exists().where(projects.c.namespace_id == namespace)),
    )
    return any(tx.scalar(one) for one in inside)


def _extremes(tx: Connection, top: str, *tables: Table) -> list[str]:
    found = union_all(*(select(table.c.path).where(_here_or_below(table.c.path, top)) for table in tables)).subquery()
    levels = func.length(found.c.path) - func.length(func.replace(found.c.path, "/", ""))
    orders = (func.length(found.c.path).desc(), levels.desc())
    return [path for order in orders for path in tx.scalars(select(found.c.path).order_by(order).limit(1))]


def _here_or_below(path: ColumnElement[str], top: str) -> ColumnElement[bool]:
    return (path == top) | below(path, top)


def _carried(path: ColumnElement[str], old: str, new: str) -> ColumnElement[str]:
    return bindparam(None, new, type_=PATH) + func.substr(path, len(old) + 1)


def _lead(tx: Connection, path: str, *, namespace_id: int | None = None, project_id: int | None = None) -> None:
    row = {"path": path, "namespace_id": namespace_id, "project_id": project_id, "former": False}
    tx.execute(_over_former(insert(tx, routes).values(row)))


def _over_former(statement: Any) -> Any:
    """A former path is taken over; one in use is not, and the caller has looked."""
    new = statement.excluded
    values = {"namespace_id": new.namespace_id, "project_id": new.project_id, "former": False}
    return statement.on_conflict_do_update(index_elements=["path"], set_=values, where=routes.c.former.is_(True))
