"""Tags as people look at them: filtered, sorted, a page at a time, with what they point to. Nothing here decides."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from wharfinger.db import paging
from wharfinger.db.paging import Cut
from wharfinger.db.tables.images import manifests, tags
from wharfinger.spec.digest import HEX_LENGTHS

SORTS: Final = {"name": None, "published_at": tags.c.pushed_at, "size": tags.c.total_size_bytes}

_ENDINGS: Final = ("", ".sig", ".att", ".sbom")
_TARGET: Final = (
    manifests.c.digest,
    manifests.c.media_type,
    manifests.c.artifact_type,
    manifests.c.config_digest,
)


def listing(repository: int, *, part: str = "", exact: str | None = None, folded: bool = False) -> Select[Any]:
    """The tags of a repository: all, those whose name contains `part` in any case, or the one of an exact name.

    `folded`: without those made from a digest, by which older clients find what speaks about an image.
    """
    found: Select[Any] = select(tags).where(tags.c.repository_id == repository)
    if folded:
        found = found.where(~fallback(tags.c.name))
    if part:
        found = found.where(tags.c.name.icontains(part, autoescape=True))
    return found if exact is None else found.where(tags.c.name == exact)


def fallback(name: ColumnElement[str]) -> ColumnElement[bool]:
    """Is a tag like `sha256-0123….sig` (rules.garbage.fallback_tags)?"""
    return or_(
        *(
            (name > f"{algorithm}-") & (name < f"{algorithm}.") & func.length(name).in_(_lengths(algorithm))
            for algorithm in HEX_LENGTHS
        )
    )


def _lengths(algorithm: str) -> list[int]:
    return [len(algorithm) + 1 + HEX_LENGTHS[algorithm] + len(ending) for ending in _ENDINGS]


def page(tx: Connection, found: Select[Any], sort: str, by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing, and whether there is more behind it: columns of tags, and of the manifest pointed to.

    The page is cut first, so that what is skipped is read from an index alone.
    """
    inner = paging.cut(found, tags.c.name, SORTS[sort], by).subquery("page")
    joined: Select[Any] = select(*inner.c, *_TARGET).join(manifests, manifests.c.id == inner.c.manifest_id)
    value = SORTS[sort]
    keys: list[ColumnElement[Any]] = [inner.c.name] if value is None else [inner.c[value.name], inner.c.name]
    return paging.rows_of(tx, joined.order_by(*(key.desc() if by.descending else key for key in keys)), by.limit)


def one(tx: Connection, repository: int, name: str) -> Row[Any] | None:
    """One tag with what it points to."""
    rows, _ = page(tx, listing(repository, exact=name), "name", Cut(limit=1))
    return rows[0] if rows else None
