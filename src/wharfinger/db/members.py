"""Memberships: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, func, literal, or_, select

from wharfinger.db.access import within
from wharfinger.db.tables.columns import PATH
from wharfinger.db.tables.people import users
from wharfinger.db.tables.places import members, namespaces, projects
from wharfinger.db.upsert import insert


def put(
    tx: Connection,
    user: int,
    *,
    role: int,
    expires_at: datetime | None,
    now: datetime,
    namespace_id: int | None = None,
    project_id: int | None = None,
) -> None:
    """Make somebody a member of one place, or change role and end of the membership there is."""
    row = {"user_id": user, "namespace_id": namespace_id, "project_id": project_id, "role": role, "created_at": now}
    place = "namespace_id" if namespace_id is not None else "project_id"
    statement = insert(tx, members).values(**row, expires_at=expires_at)
    changed = {"role": role, "expires_at": expires_at}
    tx.execute(statement.on_conflict_do_update(index_elements=["user_id", place], set_=changed))


def remove(tx: Connection, user: int, *, namespace_id: int | None = None, project_id: int | None = None) -> bool:
    """End a membership of this very place; False if there was none."""
    return tx.execute(delete(members).where(_in(user, namespace_id, project_id))).rowcount > 0


def of_user(
    tx: Connection, user: int, *, namespace_id: int | None = None, project_id: int | None = None
) -> Row[Any] | None:
    """role and expires_at of somebody's membership of this very place, over or not."""
    found: Select[Any] = select(members.c.role, members.c.expires_at).where(_in(user, namespace_id, project_id))
    return tx.execute(found).first()


def reaching(tx: Connection, path: str, project_id: int | None) -> Sequence[Row[Any]]:
    """Who is a member of the place at this path, or of a group above it: memberships, by user name, highest first.

    id, username, name, bot, blocked, role, expires_at, created_at, source (the path of its place).
    """
    direct = (members.c.project_id == project_id) if project_id is not None else None
    above = within(literal(path, PATH), namespaces.c.path)
    source = members.outerjoin(namespaces, namespaces.c.id == members.c.namespace_id).outerjoin(
        projects, projects.c.id == members.c.project_id
    )
    found: Select[Any] = (
        select(
            users.c.id,
            users.c.username,
            users.c.name,
            users.c.bot,
            users.c.blocked,
            members.c.role,
            members.c.expires_at,
            members.c.created_at,
            func.coalesce(namespaces.c.path, projects.c.path).label("source"),
        )
        .select_from(source)
        .join(users, users.c.id == members.c.user_id)
        .where(above if direct is None else or_(direct, above))
    )
    return tx.execute(found.order_by(users.c.username, members.c.role.desc())).all()


def other_owner(tx: Connection, namespace_id: int, user: int, owner: int, now: datetime) -> bool:
    """Has the group another member with the role `owner`, a person who is not blocked and whose time is not over?"""
    people = users.c.bot.is_(False) & users.c.blocked.is_(False)
    there = or_(members.c.expires_at.is_(None), members.c.expires_at > now)
    others = (members.c.namespace_id == namespace_id) & (members.c.role == owner) & (members.c.user_id != user)
    found = select(members.c.id).join(users, users.c.id == members.c.user_id).where(others, people, there)
    return bool(tx.scalar(select(exists(found))))


def _in(user: int, namespace_id: int | None, project_id: int | None) -> ColumnElement[bool]:
    place = members.c.namespace_id == namespace_id if namespace_id is not None else members.c.project_id == project_id
    return (members.c.user_id == user) & place
