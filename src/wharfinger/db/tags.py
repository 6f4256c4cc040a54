"""Tags as people look at them: filtered, sorted, a page at a time, with what they point to; and many at once.

Nothing here decides.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, or_, select

from wharfinger.db import paging, sizes
from wharfinger.db.containing import containing
from wharfinger.db.many import among
from wharfinger.db.paging import Cut
from wharfinger.db.tables.images import manifests, tags
from wharfinger.db.upsert import Upsert
from wharfinger.spec.digest import HEX_LENGTHS

SORTS: Final = {"name": None, "published_at": tags.c.pushed_at, "size": tags.c.total_size_bytes}

_ENDINGS: Final = ("", ".sig", ".att", ".sbom")
_TARGET: Final = (
    manifests.c.digest,
    manifests.c.media_type,
    manifests.c.artifact_type,
    manifests.c.config_digest,
)
_ADD: Final = Upsert(tags, lambda insert: insert.on_conflict_do_nothing().returning(tags.c.name))


def of_names(repository: int, names: Collection[str]) -> Select[Any]:
    """The tags of a repository that have one of these names."""
    return select(tags).where(_are(repository, names))


def listing(repository: int, *, part: str = "", exact: str | None = None, folded: bool = False) -> Select[Any]:
    """The tags of a repository: all, those whose name contains `part` in any case, or the one of an exact name.

    `folded`: without those made from a digest, by which older clients find what speaks about an image.
    """
    found: Select[Any] = select(tags).where(tags.c.repository_id == repository)
    if part:  # first, as it is false for most
        found = found.where(containing(tags.c.name, part))
    if folded:
        found = found.where(_UNFOLDED)
    return found if exact is None else found.where(tags.c.name == exact)


def fallback(name: ColumnElement[str]) -> ColumnElement[bool]:
    """Is a tag like `sha256-0123….sig` (rules.garbage.fallback_tags)?"""
    between = (name > f"{min(HEX_LENGTHS)}-") & (name < f"{max(HEX_LENGTHS)}.")  # false for most, and quickly so
    exactly = (
        (name > f"{algorithm}-") & (name < f"{algorithm}.") & func.length(name).in_(_lengths(algorithm))
        for algorithm in HEX_LENGTHS
    )
    return between & or_(*exactly)


def _lengths(algorithm: str) -> list[int]:
    return [len(algorithm) + 1 + HEX_LENGTHS[algorithm] + len(ending) for ending in _ENDINGS]


_UNFOLDED: Final = ~fallback(tags.c.name)


def page(tx: Connection, found: Select[Any], sort: str, by: Cut) -> tuple[list[Row[Any]], bool]:
    """A page of a listing, and whether there is more behind it: columns of tags, and of the manifest pointed to.

    The page is cut first, so that what is skipped is read from an index alone.
    """
    inner = paging.cut(found, tags.c.name, SORTS[sort], by).subquery("page")
    joined: Select[Any] = select(*inner.c, *_TARGET).join(manifests, manifests.c.id == inner.c.manifest_id)
    value = SORTS[sort]
    keys: list[ColumnElement[Any]] = [inner.c.name] if value is None else [inner.c[value.name], inner.c.name]
    return paging.rows_of(tx, joined.order_by(*(key.desc() if by.falling else key for key in keys)), by.limit)


def named_so(tx: Connection, found: Select[Any], most: int) -> list[str] | None:
    """The names of a listing, by the primary key alone; None where there are more than `most`."""
    names = list(tx.scalars(found.with_only_columns(tags.c.name).limit(most + 1)))
    return names if len(names) <= most else None


def one(tx: Connection, repository: int, name: str) -> Row[Any] | None:
    """One tag with what it points to."""
    rows, _ = page(tx, listing(repository, exact=name), "name", Cut(limit=1))
    return rows[0] if rows else None


def speaking_of(
    tx: Connection, repository: int, digests: Collection[str], kinds: Collection[str], most: int
) -> Sequence[Row[Any]]:
    """subject, digest and artifact_type of what speaks about these manifests, by digest; `most` about each of them.

    `kinds`: of these artifact types alone; empty: of all.
    """
    about = (manifests.c.repository_id == repository) & manifests.c.subject.in_(digests)
    place = func.row_number().over(partition_by=manifests.c.subject, order_by=manifests.c.digest)
    found = select(manifests.c.subject, manifests.c.digest, manifests.c.artifact_type, place.label("place")).where(
        about
    )
    if kinds:
        found = found.where(manifests.c.artifact_type.in_(kinds))
    ranked = found.subquery()
    columns = (ranked.c.subject, ranked.c.digest, ranked.c.artifact_type)
    first: Select[Any] = select(*columns).where(ranked.c.place <= most).order_by(ranked.c.subject, ranked.c.digest)
    return tx.execute(first).all()


# --- many at once


def targets(tx: Connection, repository: int, names: Collection[str]) -> dict[str, str]:
    """Digests of the manifests that these tags point to, by tag."""
    found = select(tags.c.name, manifests.c.digest).join_from(tags, manifests).where(_are(repository, names))
    return {row.name: row.digest for row in tx.execute(found)}


def pointing(tx: Connection, repository: int, names: Collection[str]) -> Sequence[Row[Any]]:
    """name, manifest_id, digest and pushed_at of those of these tags that are here."""
    columns = (tags.c.name, tags.c.manifest_id, manifests.c.digest, tags.c.pushed_at)
    found: Select[Any] = select(*columns).join_from(tags, manifests).where(_are(repository, names))
    return tx.execute(found.order_by(tags.c.name)).all()


def remove(tx: Connection, repository: int, names: Collection[str]) -> None:
    """Remove tags and nothing else."""
    tx.execute(delete(tags).where(_are(repository, names)))


def add(
    tx: Connection,
    repository: int,
    aims: Mapping[str, int],
    *,
    pushed_by: Mapping[str, str],
    pushed_at: Mapping[str, datetime | None],
    now: datetime,
) -> set[str]:
    """Let tags point to these manifests, by id, unless they point somewhere already; which now do.

    `pushed_by`: whom each of them is told to be from; `pushed_at`: since when, None or absent: now.
    """
    if not aims:
        return set()
    bytes_ = sizes.of_manifests(tx, set(aims.values()))
    new = [
        {
            "repository_id": repository,
            "name": name,
            "manifest_id": aim,
            "created_at": now,
            "pushed_at": pushed_at.get(name) or now,
            "pushed_by": pushed_by[name],
            "total_size_bytes": bytes_[aim],
        }
        for name, aim in aims.items()
    ]
    return set(tx.scalars(_ADD.on(tx), new))


def _are(repository: int, names: Collection[str]) -> ColumnElement[bool]:
    return (tags.c.repository_id == repository) & among(tags.c.name, names)
