"""Who hears of something, and at which address: the statements. Nothing here decides."""

from datetime import datetime

from sqlalchemy import Connection, or_, select

from wharfinger.db.tables.people import users
from wharfinger.db.tables.places import members, namespaces, projects

_REACHABLE = users.c.bot.is_(False) & users.c.blocked.is_(False)


def address(tx: Connection, user: int) -> str | None:
    """The mail address of a person who is not blocked, if they gave one."""
    found: str | None = tx.scalar(select(users.c.email).where(users.c.id == user, _REACHABLE))
    return found or None


def people(tx: Connection, path: str, role: int, now: datetime) -> list[int]:
    """Ids of people who have at least this role by a membership of the very place at this path."""
    there = or_(members.c.expires_at.is_(None), members.c.expires_at > now)
    source = members.join(users, users.c.id == members.c.user_id)
    source = source.outerjoin(namespaces, namespaces.c.id == members.c.namespace_id)
    source = source.outerjoin(projects, projects.c.id == members.c.project_id)
    here = or_(namespaces.c.path == path, projects.c.path == path)
    found = select(users.c.id).select_from(source).where(here, there, members.c.role >= role, _REACHABLE)
    return list(tx.scalars(found.order_by(users.c.id)))


def administrators(tx: Connection) -> list[int]:
    """Ids of people who are administrators."""
    return list(tx.scalars(select(users.c.id).where(users.c.admin.is_(True), _REACHABLE).order_by(users.c.id)))
