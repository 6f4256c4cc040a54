"""Rules that protect repositories and tags: the statements. Nothing here decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, select, update

from wharfinger.db.access import role_of
from wharfinger.db.tables.images import manifests, repositories, tags
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.protection import protection_rules as rules
from wharfinger.db.upsert import insert

_OF: Final = select(rules).where(rules.c.project_id == bindparam("project")).order_by(rules.c.id)


def of(tx: Connection, project: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """All columns of a project's rules, oldest first."""
    return tx.execute(_OF, {"project": project}).all()


def one(tx: Connection, project: int, kind: str, id_: int) -> Row[*tuple[Any, ...]] | None:
    """All columns of one rule; ours until the transaction ends."""
    return tx.execute(select(rules).where(_is(project, kind, id_)).with_for_update()).first()


def count(tx: Connection, project: int, kinds: Sequence[str]) -> int:
    """How many rules of these kinds a project has."""
    found = select(func.count()).where(rules.c.project_id == project, rules.c.kind.in_(kinds))
    return int(tx.scalar(found) or 0)


def add(tx: Connection, row: dict[str, Any]) -> int | None:
    """Write down a rule; its id, or None where the project has this pattern already."""
    made: int | None = tx.scalar(insert(tx, rules).on_conflict_do_nothing().returning(rules.c.id), row)
    return made


def taken(tx: Connection, project: int, kind: str, pattern: str, *, but: int) -> bool:
    """Does another rule of the project have this pattern?"""
    same = (rules.c.project_id == project) & (rules.c.kind == kind) & (rules.c.pattern == pattern)
    return bool(tx.scalar(select(exists().where(same, rules.c.id != but))))


def change(tx: Connection, id_: int, **values: Any) -> None:
    """Write columns of a rule."""
    tx.execute(update(rules).where(rules.c.id == id_).values(**values))


def remove(tx: Connection, id_: int) -> None:
    """Forget a rule."""
    tx.execute(delete(rules).where(rules.c.id == id_))


def role(tx: Connection, project: int, user: int | None, now: datetime) -> int | None:
    """The highest role that a user has in a project now."""
    return tx.scalar(select(role_of(projects, user, now)).select_from(projects).where(projects.c.id == project))


def targets(tx: Connection, repository: int, names: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """name, manifest_id, media_type and body of what tags point to; nobody moves them until we are done."""
    columns = (tags.c.name, tags.c.manifest_id, manifests.c.media_type, manifests.c.body)
    found = (
        select(*columns).join_from(tags, manifests).where(tags.c.repository_id == repository, tags.c.name.in_(names))
    )
    return tx.execute(found.with_for_update(of=tags)).all()


def tags_of(tx: Connection, repository: int, manifest: int | None = None) -> list[str]:
    """The names of a repository's tags, or of those that point to a manifest."""
    found = select(tags.c.name).where(tags.c.repository_id == repository)
    return list(tx.scalars(found if manifest is None else found.where(tags.c.manifest_id == manifest)))


def place_of(tx: Connection, repository: int) -> Row[*tuple[Any, ...]]:
    """project_id, path and project_path of a repository."""
    columns = (repositories.c.project_id, repositories.c.path, projects.c.path.label("project_path"))
    return tx.execute(select(*columns).join_from(repositories, projects).where(repositories.c.id == repository)).one()


def _is(project: int, kind: str, id_: int) -> Any:
    return (rules.c.project_id == project) & (rules.c.kind == kind) & (rules.c.id == id_)
