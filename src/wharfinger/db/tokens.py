"""Credentials: the statements. Nothing here decides."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from wharfinger.db import paging
from wharfinger.db.containing import containing
from wharfinger.db.paging import Cut
from wharfinger.db.tables.columns import Moment
from wharfinger.db.tables.people import credentials, users
from wharfinger.db.tables.places import members, namespaces, projects

# whose it is, what it is bound to, and the role of the bot that acts for it there
_BOT: Final = and_(
    users.c.bot.is_(True),
    members.c.user_id == users.c.id,
    or_(members.c.project_id == credentials.c.project_id, members.c.namespace_id == credentials.c.namespace_id),
)
_LISTED: Final[Select[Any]] = select(
    *credentials.c,
    users.c.username.label("owner"),
    users.c.admin,
    users.c.blocked,
    func.coalesce(projects.c.path, namespaces.c.path).label("place"),
    members.c.role,
).select_from(
    credentials.outerjoin(users, users.c.id == credentials.c.user_id)
    .outerjoin(projects, projects.c.id == credentials.c.project_id)
    .outerjoin(namespaces, namespaces.c.id == credentials.c.namespace_id)
    .outerjoin(members, _BOT)
)
_OF_SECRET: Final = _LISTED.where(credentials.c.secret_hash == bindparam("hash"))


def of_secret(tx: Connection, secret_hash: str) -> Row[Any] | None:
    """The credential with this hash: its columns, owner (user name), admin, blocked, place (path) and role."""
    return tx.execute(_OF_SECRET, {"hash": secret_hash}).first()


def names(tx: Connection, credential_ids: Collection[int]) -> dict[int, str]:
    """The names of these credentials, by id."""
    if not credential_ids:
        return {}
    found: Select[Any] = select(credentials.c.id, credentials.c.name).where(credentials.c.id.in_(credential_ids))
    return {row.id: row.name for row in tx.execute(found)}


def by_id(tx: Connection, credential: int) -> Row[Any] | None:
    """The same, by id."""
    return tx.execute(_LISTED.where(credentials.c.id == credential)).first()


def of_user(tx: Connection, user: int) -> Sequence[Row[Any]]:
    """A person's own, newest first: personal and job tokens."""
    return _all(tx, credentials.c.user_id == user)


def of_place(
    tx: Connection, *, kinds: Sequence[str], namespace_id: int | None = None, project_id: int | None = None
) -> Sequence[Row[Any]]:
    """Those of these kinds that are bound to the project or group, newest first."""
    place = credentials.c.namespace_id == namespace_id if project_id is None else credentials.c.project_id == project_id
    return _all(tx, place & credentials.c.kind.in_(kinds))


def listing(kind: str, *, user: int | None = None, part: str = "", wide: bool = False) -> Select[Any]:
    """Those of a kind, of one person, with this in their name; `wide`: or in a name of whose they are, or their place.

    A deploy token logs in by a name of its own, which counts as that of a person.
    """
    found = _LISTED.where(credentials.c.kind == kind)
    if part:
        found = found.where(or_(containing(credentials.c.name, part), *(_around(part) if wide else ())))
    return found if user is None else found.where(credentials.c.user_id == user)


def _around(part: str) -> list[ColumnElement[bool]]:
    """People and places are fewer than tokens: they are looked through once, and not again with each token."""
    person = or_(containing(users.c.username, part), containing(users.c.name, part))
    return [
        containing(credentials.c.username, part),
        credentials.c.user_id.in_(select(users.c.id).where(person)),
        credentials.c.project_id.in_(select(projects.c.id).where(containing(projects.c.path, part))),
        credentials.c.namespace_id.in_(select(namespaces.c.id).where(containing(namespaces.c.path, part))),
    ]


def standing(
    found: Select[Any], now: datetime, *, good: bool | None = None, revoked: bool | None = None
) -> Select[Any]:
    """Those of a listing that are still good, or are not; that were revoked, or were not."""
    live = credentials.c.revoked_at.is_(None)
    usable = live & or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > now)
    if good is not None:
        found = found.where(usable if good else not_(usable))
    return found if revoked is None else found.where(not_(live) if revoked else live)


def page(tx: Connection, found: Select[Any], by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing by number, and whether there is more behind it."""
    return paging.rows_of(tx, paging.cut(found, credentials.c.kind, credentials.c.id, by), by.limit)


def add(tx: Connection, **values: Any) -> int:
    """Keep a new credential; returns its id."""
    made = tx.execute(insert(credentials).values(values).returning(credentials.c.id)).scalar_one()
    return int(made)


def change(tx: Connection, credential: int, **values: Any) -> None:
    """Set columns of a credential."""
    tx.execute(update(credentials).where(credentials.c.id == credential).values(values))


def revoke(tx: Connection, credential: int, now: datetime) -> bool:
    """Let it be good for nothing from now on; False if it was so already."""
    live = (credentials.c.id == credential) & credentials.c.revoked_at.is_(None)
    return tx.execute(update(credentials).where(live).values(revoked_at=now)).rowcount > 0


def revoke_all(tx: Connection, user: int, now: datetime) -> None:
    """Revoke everything that acts for this user."""
    live = (credentials.c.user_id == user) & credentials.c.revoked_at.is_(None)
    tx.execute(update(credentials).where(live).values(revoked_at=now))


def note_uses(tx: Connection, uses: Mapping[int, datetime]) -> None:
    """Write last uses, by credential; another process may know of a later one."""
    at = bindparam("at", type_=Moment())
    later = case((credentials.c.last_used_at > at, credentials.c.last_used_at), else_=at)
    statement = update(credentials).where(credentials.c.id == bindparam("credential")).values(last_used_at=later)
    tx.execute(statement, [{"credential": credential, "at": moment} for credential, moment in sorted(uses.items())])


def _all(tx: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    return tx.execute(_LISTED.where(which).order_by(credentials.c.id.desc())).all()


def remove_bots(tx: Connection, *, namespace_id: int | None = None, project_id: int | None = None) -> None:
    """Delete the bots that act for access tokens of a place that is going, and with them the tokens."""
    place = credentials.c.namespace_id == namespace_id if project_id is None else credentials.c.project_id == project_id
    acting = select(credentials.c.user_id).where(place)
    tx.execute(delete(users).where(users.c.bot.is_(True), users.c.id.in_(acting)))
