"""Image repositories under other names: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, select, tuple_, update

from wharfinger.db import answers
from wharfinger.db.access import below
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.renaming import former_names, held_names
from wharfinger.db.upsert import insert

_FORMER: Final[Select[Any]] = (
    select(repositories.c.id, repositories.c.path)
    .join(former_names)
    .where(former_names.c.project_id == bindparam("project"), former_names.c.name == bindparam("name"))
    .where(repositories.c.pushed_at.is_not(None))
)


def former(tx: Connection, project: int, name: str) -> Row[Any] | None:
    """id and path of the repository that had this name before, until another one of this name has a manifest."""
    return answers.first(tx, _FORMER, {"project": project, "name": name})


def tree(tx: Connection, project: int, path: str, limit: int) -> Sequence[Row[Any]]:
    """id, name, path and status of a project's repositories at this path and below it, by path."""
    found: Select[Any] = _of(project).where((repositories.c.path == path) | below(repositories.c.path, path))
    return tx.execute(found.limit(limit)).all()


def one(tx: Connection, repository: int) -> Row[Any]:
    """The same of one repository."""
    found: Select[Any] = select(*_COLUMNS).where(repositories.c.id == repository)
    return tx.execute(found).one()


def named(tx: Connection, project: int, names: Sequence[str]) -> set[str]:
    """Those of these names that repositories of a project have."""
    having = (repositories.c.project_id == project) & repositories.c.name.in_(names)
    return set(tx.scalars(select(repositories.c.name).where(having)))


def held(tx: Connection, project: int, names: Sequence[str], now: datetime) -> dict[str, int]:
    """Those of these names that are held at this moment, and for which repository."""
    holding = (held_names.c.project_id == project) & held_names.c.name.in_(names) & (held_names.c.until > now)
    return {row.name: row.repository_id for row in tx.execute(select(held_names).where(holding))}


def hold(tx: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Hold names (project_id, name, repository_id, until); those whose time is over are forgotten."""
    tx.execute(delete(held_names).where(held_names.c.until <= now))
    new = insert(tx, held_names)
    values = {"repository_id": new.excluded.repository_id, "until": new.excluded.until}
    tx.execute(new.on_conflict_do_update(index_elements=["project_id", "name"], set_=values), rows)


def rename(tx: Connection, repository: int, *, project: int, name: str, path: str) -> None:
    """Give a repository a name that nobody has, in this project, and let nothing else be meant by it."""
    values = {"project_id": project, "name": name, "path": path}
    tx.execute(update(repositories).where(repositories.c.id == repository).values(values))
    tx.execute(delete(held_names).where(held_names.c.repository_id == repository))
    free(tx, project, name)


def free(tx: Connection, project: int, name: str) -> None:
    """Whoever had this name before is not found by it any more."""
    tx.execute(delete(former_names).where(former_names.c.project_id == project, former_names.c.name == name))


def free_own(tx: Connection, repository: int) -> None:
    """A repository has its name for itself from now on."""
    own = select(repositories.c.project_id, repositories.c.name).where(repositories.c.id == repository)
    tx.execute(delete(former_names).where(tuple_(former_names.c.project_id, former_names.c.name).in_(own)))


def remember(tx: Connection, repository: int, *, project: int, name: str) -> None:
    """Let a name that a repository just left lead to it."""
    row = {"project_id": project, "name": name, "repository_id": repository}
    tx.execute(former_names.insert(), row)


def forget(tx: Connection, repository: int) -> None:
    """Nothing leads to a repository any more but its own name."""
    tx.execute(delete(former_names).where(former_names.c.repository_id == repository))


_COLUMNS = (repositories.c.id, repositories.c.name, repositories.c.path, repositories.c.status)


def _of(project: int) -> Select[Any]:
    return select(*_COLUMNS).where(repositories.c.project_id == project).order_by(repositories.c.path)
