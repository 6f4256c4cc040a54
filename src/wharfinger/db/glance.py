"""What a list tells of each of its images: the statements. Nothing here decides."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, null, select

from wharfinger.db.many import among
from wharfinger.db.tables.images import manifests, tags

_LARGEST_BYTES: Final = 256 * 1024
_SMALL: Final[ColumnElement[bool]] = manifests.c.size_bytes <= _LARGEST_BYTES
_HERE: Final[ColumnElement[bool]] = manifests.c.repository_id == bindparam("repository")
_BODY: Final = case((_SMALL, manifests.c.body), else_=null()).label("body")
_TARGETS: Final[Select[Any]] = select(
    manifests.c.digest, manifests.c.media_type, manifests.c.config_digest, _BODY
).where(_HERE, among(manifests.c.digest, "digests"))
_SPEAKERS: Final[Select[Any]] = (
    select(manifests.c.subject, manifests.c.media_type, manifests.c.body)
    .where(_HERE, among(manifests.c.subject, "digests"), _SMALL)
    .limit(bindparam("most"))
)
_PRESENT: Final = select(manifests.c.digest).where(_HERE, among(manifests.c.digest, "digests"))
_TAGGED: Final = select(tags.c.name).where(tags.c.repository_id == bindparam("repository"), among(tags.c.name, "names"))


def targets(tx: Connection, repository: int, digests: Collection[str]) -> Sequence[Row[Any]]:
    """digest, media_type, config_digest and body of these manifests; no body where it is too large for a list."""
    return tx.execute(_TARGETS, {"repository": repository, "digests": digests}).all()


def speakers(tx: Connection, repository: int, digests: Collection[str], limit: int) -> Sequence[Row[Any]]:
    """subject, media_type and body of what names one of these manifests as its subject, without large ones."""
    return tx.execute(_SPEAKERS, {"repository": repository, "digests": digests, "most": limit}).all()


def tagged(tx: Connection, repository: int, names: Collection[str]) -> set[str]:
    """Those of these tags that are there."""
    return set(tx.scalars(_TAGGED, {"repository": repository, "names": names}))


def present(tx: Connection, repository: int, digests: Collection[str]) -> set[str]:
    """Those of these manifests that are here."""
    return set(tx.scalars(_PRESENT, {"repository": repository, "digests": digests})) if digests else set()
