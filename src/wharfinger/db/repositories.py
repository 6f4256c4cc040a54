"""Image repositories as people look at them: listed, counted, sorted. Nothing here decides.

One without a manifest yet, or in the trash, has no `pushed_at`, and is not here.
"""

from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from wharfinger.db import paging
from wharfinger.db import tags as tag_rows
from wharfinger.db.access import below
from wharfinger.db.containing import containing
from wharfinger.db.paging import Cut
from wharfinger.db.tables.columns import Moment
from wharfinger.db.tables.images import blobs, repositories, repository_blobs, tags
from wharfinger.db.tables.places import projects

_TAGS: Final = select(func.count()).where(tags.c.repository_id == repositories.c.id).scalar_subquery()
_FOLDED: Final = (  # a few of them, found by their name in the primary key
    select(func.count())
    .where(tags.c.repository_id == repositories.c.id, tag_rows.fallback(tags.c.name))
    .scalar_subquery()
)
_LAST_PUSH: Final = func.coalesce(
    select(func.max(tags.c.pushed_at)).where(tags.c.repository_id == repositories.c.id).scalar_subquery(),
    repositories.c.pushed_at,
    type_=Moment(),
)
_KEPT: Final = func.coalesce(
    select(cast(func.sum(blobs.c.size_bytes), BigInteger))
    .join(repository_blobs, repository_blobs.c.digest == blobs.c.digest)
    .where(repository_blobs.c.repository_id == repositories.c.id, repository_blobs.c.counted)
    .scalar_subquery(),
    literal(0, BigInteger()),
)
_PATH_OF: Final = select(repositories.c.path).where(
    repositories.c.id == bindparam("repository"), repositories.c.pushed_at.is_not(None)
)
SORTS: Final[dict[str, ColumnElement[Any] | None]] = {
    "name": None,
    "created": repositories.c.created_at,
    "updated": _LAST_PUSH,
    "size": _KEPT,
    "pulls": repositories.c.pull_count,
}
_COLUMNS: Final = (
    repositories.c.id,
    repositories.c.name,
    repositories.c.path,
    repositories.c.project_id,
    repositories.c.created_at,
    repositories.c.status,
    _LAST_PUSH.label("last_pushed_at"),
    repositories.c.cleaned_at,
    repositories.c.pull_count,
    repositories.c.last_pulled_at,
    projects.c.path.label("project_path"),
)


@cache
def listing(*, counted: bool = False, folded: bool = False, weighed: bool = False) -> Select[Any]:
    """All repositories, with a count of their tags where asked for; `folded` as in `db.tags.listing`.

    `weighed`: with the bytes that their tags keep, as usage counts them.
    """
    kept: ColumnElement[Any] = _KEPT if weighed else literal(None, BigInteger())
    number: ColumnElement[Any] = _TAGS if counted else literal(None, BigInteger())
    number = number - _FOLDED if counted and folded else number
    return (
        select(*_COLUMNS, number.label("tags_count"), kept.label("kept_bytes"))
        .join(projects, projects.c.id == repositories.c.project_id)
        .where(repositories.c.pushed_at.is_not(null()))
    )


def in_project(found: Select[Any], project: int) -> Select[Any]:
    """Those of one project."""
    return found.where(repositories.c.project_id == project)


def below_path(found: Select[Any], group: str) -> Select[Any]:
    """Those below the path of a group."""
    return found.where(below(repositories.c.path, group))


def in_tree(found: Select[Any], path: str) -> Select[Any]:
    """Those at this path and below it."""
    return found.where((repositories.c.path == path) | below(repositories.c.path, path))


def tagged(found: Select[Any]) -> Select[Any]:
    """Those that have a tag."""
    return found.where(exists().where(tags.c.repository_id == repositories.c.id))


def readable(found: Select[Any], project_ids: Select[Any] | None) -> Select[Any]:
    """Those in projects that `project_ids` selects; None: all."""
    return found if project_ids is None else found.where(repositories.c.project_id.in_(project_ids))


def named(found: Select[Any], part: str) -> Select[Any]:
    """Those whose path contains this, in any case."""
    return found.where(containing(repositories.c.path, part)) if part else found


def page(tx: Connection, found: Select[Any], sort: str, by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing sorted by one of SORTS, and whether there is more behind it."""
    return paging.rows_of(tx, paging.cut(found, repositories.c.path, SORTS[sort], by), by.limit)


def one(tx: Connection, found: Select[Any], *, path: str) -> Row[Any] | None:
    """The one of a listing at this path."""
    return tx.execute(found.where(repositories.c.path == path)).first()


def path_of(tx: Connection, repository: int) -> str | None:
    """The path of a repository that is listed."""
    path: str | None = tx.scalar(_PATH_OF, {"repository": repository})
    return path


def set_status(tx: Connection, repository: int, status: str | None) -> None:
    """Say how far the deletion of a repository is."""
    tx.execute(update(repositories).where(repositories.c.id == repository).values(status=status))


def lease_bulk(tx: Connection, repository: int, now: datetime, before: datetime) -> bool:
    """Note that its tags are to be deleted in bulk now; False if that was asked for after `before`."""
    idle = or_(repositories.c.bulk_asked_at.is_(None), repositories.c.bulk_asked_at <= before)
    asked = update(repositories).where(repositories.c.id == repository, idle).values(bulk_asked_at=now)
    return tx.execute(asked).rowcount > 0
