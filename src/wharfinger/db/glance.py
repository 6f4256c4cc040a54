"""What a list tells of each of its images: the statements. Nothing here decides."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, null, select

from wharfinger.db.tables.images import manifests, tags

_LARGEST_BYTES = 256 * 1024


def targets(tx: Connection, repository: int, digests: Collection[str]) -> Sequence[Row[Any]]:
    """digest, media_type, config_digest and body of these manifests; no body where it is too large for a list."""
    body = case((manifests.c.size_bytes <= _LARGEST_BYTES, manifests.c.body), else_=null()).label("body")
    columns: tuple[ColumnElement[Any], ...] = (
        manifests.c.digest,
        manifests.c.media_type,
        manifests.c.config_digest,
        body,
    )
    here = (manifests.c.repository_id == repository) & manifests.c.digest.in_(digests)
    return tx.execute(select(*columns).where(here)).all()


def speakers(tx: Connection, repository: int, digests: Collection[str], limit: int) -> Sequence[Row[Any]]:
    """subject, media_type and body of what names one of these manifests as its subject, without large ones."""
    columns: tuple[ColumnElement[Any], ...] = (manifests.c.subject, manifests.c.media_type, manifests.c.body)
    here = (manifests.c.repository_id == repository) & manifests.c.subject.in_(digests)
    return tx.execute(select(*columns).where(here, manifests.c.size_bytes <= _LARGEST_BYTES).limit(limit)).all()


def tagged(tx: Connection, repository: int, names: Collection[str]) -> set[str]:
    """Those of these tags that are there."""
    here = (tags.c.repository_id == repository) & tags.c.name.in_(names)
    return set(tx.scalars(select(tags.c.name).where(here)))


def present(tx: Connection, repository: int, digests: Collection[str]) -> set[str]:
    """Those of these manifests that are here."""
    if not digests:
        return set()
    here = (manifests.c.repository_id == repository) & manifests.c.digest.in_(digests)
    return set(tx.scalars(select(manifests.c.digest).where(here)))
