"""Finding things by parts of their names: the statements. Nothing here decides.

Projects and images are some thousands, and their paths are looked through; tags and manifests may be millions, and are
found by an index: tags by how their name begins within each image that may be read, manifests by how their digest does.

Whether a project may be read is dear to ask. So names are compared first, best matches first, and of these as many are
asked about as are needed; for tags, of which one image may have any number, projects are asked about first. An offset
of nothing keeps both databases from turning this round.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, Row, Select, case, func, select, true

from wharfinger.db.tables.images import manifest_blobs, manifests, repositories, tags
from wharfinger.db.tables.places import projects

MOST_LOOKED_THROUGH: Final = 200_000
_AFTER_ALL: Final = "\x7f"  # in byte order behind whatever a tag or digest is made of

Condition = ColumnElement[bool] | None
Rows = Sequence[Row[Any]]


def of_projects(tx: Connection, readable: Condition, part: str, limit: int) -> Rows:
    """path, name and visibility of projects with this in path or name, the best first."""
    path = projects.c.path
    fits = path.contains(part, autoescape=True) | projects.c.name.icontains(part, autoescape=True)
    columns = (projects.c.id.label("project_id"), path, projects.c.name, projects.c.visibility)
    return _best(tx, readable, select(*columns, *_rank(path, part)).where(fits), limit)


def of_images(tx: Connection, readable: Condition, part: str, limit: int) -> Rows:
    """id, path and project_path of image repositories with this in their path, the best first."""
    path = repositories.c.path
    return _best(tx, readable, _images(*_rank(path, part)).where(path.contains(part, autoescape=True)), limit)


def of_tags(tx: Connection, readable: Condition, start: str, path: str, limit: int) -> Rows:
    """id, path, project_path and tag of tags that begin so, in images with `path` in theirs."""
    begins = (tags.c.name >= start) & (tags.c.name < start + _AFTER_ALL)
    found = _tags(readable).where(begins)
    if path:
        found = found.where(repositories.c.path.contains(path, autoescape=True))
    return tx.execute(found.limit(limit)).all()


def of_tag_parts(tx: Connection, readable: Condition, part: str, limit: int) -> Rows:
    """The same of tags with this in the middle, among MOST_LOOKED_THROUGH that may be read."""
    some = _tags(readable).limit(MOST_LOOKED_THROUGH).subquery("some")
    fits = some.c.tag.contains(part, autoescape=True) & ~some.c.tag.startswith(part, autoescape=True)
    return tx.execute(select(some).where(fits).limit(limit)).all()


def of_manifests(tx: Connection, readable: Condition, start: str, limit: int) -> Rows:
    """id, path, project_path and digest of manifests whose digest begins so."""
    begins = (manifests.c.digest >= start) & (manifests.c.digest < start + _AFTER_ALL)
    found = _images(manifests.c.digest, manifests.c.digest.label("rank"), func.length("").label("length"))
    found = found.join(manifests, manifests.c.repository_id == repositories.c.id).where(begins)
    return _best(tx, readable, found, limit)


def of_blobs(tx: Connection, readable: Condition, digest: str, limit: int) -> Rows:
    """id, path, project_path and digest of manifests that name the blob of this whole digest."""
    found = (
        _images(manifests.c.digest, manifests.c.digest.label("rank"), func.length("").label("length"))
        .join(manifest_blobs, manifest_blobs.c.repository_id == repositories.c.id)
        .join(manifests, manifests.c.id == manifest_blobs.c.manifest_id)
    )
    return _best(tx, readable, found.where(manifest_blobs.c.digest == digest), limit)


def _images(*more: ColumnElement[Any]) -> Select[Any]:
    """Repositories that are listed, with their projects."""
    columns: tuple[ColumnElement[Any], ...] = (
        repositories.c.id,
        repositories.c.path,
        repositories.c.project_id,
        projects.c.path.label("project_path"),
        *more,
    )
    joined = select(*columns).select_from(repositories).join(projects, projects.c.id == repositories.c.project_id)
    return joined.where(repositories.c.pushed_at.is_not(None))


def _tags(readable: Condition) -> Select[Any]:
    """Tags of the projects that may be read."""
    found = _readable(readable)
    columns = (repositories.c.id, repositories.c.path, found.c.path.label("project_path"), tags.c.name.label("tag"))
    joined = found.join(repositories, repositories.c.project_id == found.c.id)
    tagged = joined.join(tags, tags.c.repository_id == repositories.c.id)
    return select(*columns).select_from(tagged).where(repositories.c.pushed_at.is_not(None))


def _readable(readable: Condition) -> CTE:
    """The projects that may be read, found once."""
    found = select(projects.c.id, projects.c.path).where(_allowed(readable))
    return found.cte("readable").prefix_with("MATERIALIZED")


def _best(tx: Connection, readable: Condition, matching: Select[Any], limit: int) -> Rows:
    """Of what matches, by `rank`, `length` and path, the first so many that may be read."""
    order = ("rank", "length", "path")
    ranked = matching.order_by(*order).offset(0).subquery("matching")
    found = select(ranked).join(projects, projects.c.id == ranked.c.project_id).where(_allowed(readable))
    return tx.execute(found.order_by(*(ranked.c[name] for name in order)).limit(limit)).all()


def _allowed(readable: Condition) -> ColumnElement[bool]:
    return true() if readable is None else readable


def _rank(path: ColumnElement[str], part: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The thing itself, then what begins so, then what has a part that begins so, then the rest; short ones first."""
    rank: ColumnElement[int] = case(
        (path == part, 0),
        (path.endswith("/" + part, autoescape=True), 1),
        (path.startswith(part, autoescape=True), 2),
        (path.contains("/" + part, autoescape=True), 3),
        else_=4,
    )
    return rank.label("rank"), func.length(path).label("length")
