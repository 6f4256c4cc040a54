"""Which blobs are counted, and what they add to the meters of places: the statements. Nothing here decides.

Whoever changes what the tags of a repository keep holds the repository's row first (`hold`): together with others if
it only adds, alone if something may be lost. So what it reads of manifests and tags stays as it is, and nobody who adds
waits for another, but for one who adds the very same blob for the first time (PostgreSQL; SQLite has one writer).
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    exists,
    literal,
    or_,
    select,
    true,
    union,
    union_all,
    update,
)

from wharfinger.db.meters import adding
from wharfinger.db.tables.columns import ID, PATH
from wharfinger.db.tables.images import (
    blobs,
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
    tags,
)
from wharfinger.db.tables.usage import meter_blobs, meters, project_meters
from wharfinger.db.upsert import Upsert

_BATCH: Final = 500

_HERE: Final = bindparam("repository", type_=ID)
_DIGESTS: Final = bindparam("digests", expanding=True, type_=PATH)


# --- the repository


_LIMITED: Final = (
    exists()
    .where(
        project_meters.c.project_id == repositories.c.project_id,
        meters.c.id == project_meters.c.meter_id,
        or_(meters.c.limit_bytes.is_not(None), meters.c.each_limit_bytes.is_not(None)),
    )
    .correlate(repositories)
)
_REPOSITORY: Final = select(
    repositories.c.project_id,
    repositories.c.path.startswith("~").label("hidden"),
    _LIMITED.label("limited"),
).where(repositories.c.id == _HERE)
_HOLD: Final = {
    False: _REPOSITORY.with_for_update(read=True, key_share=True, of=repositories),
    True: _REPOSITORY.with_for_update(of=repositories),
}


def hold(tx: Connection, repository: int, *, alone: bool) -> Row[Any] | None:
    """project_id, hidden (it lies in the trash) and limited (some meter may have a limit) of a repository.

    It is ours until the transaction ends, alone or with others who hold it so.
    """
    return tx.execute(_HOLD[alone], {"repository": repository}).first()


# --- what tags keep


_TARGETS: Final[Select[Any]] = (
    select(tags.c.name, tags.c.manifest_id, manifests.c.digest)
    .join(manifests, manifests.c.id == tags.c.manifest_id)
    .where(tags.c.repository_id == _HERE, tags.c.name.in_(bindparam("names", expanding=True, type_=PATH)))
)


_WANTED: Final = bindparam("wanted", type_=PATH)
_FACTS: Final[Any] = select(
    exists().where(manifest_children.c.repository_id == _HERE, manifest_children.c.digest == _WANTED).label("named"),
    exists().where(manifests.c.repository_id == _HERE, manifests.c.subject == _WANTED).label("spoken_of"),
    _TARGETS.where(manifests.c.digest != _WANTED).exists().label("moves"),
)


def targets(tx: Connection, repository: int, names: Collection[str]) -> Sequence[Row[Any]]:
    """name, manifest_id and digest of what these tags point to, where they are."""
    return tx.execute(_TARGETS, {"repository": repository, "names": list(names)}).all() if names else []


_MANIFEST_IDS: Final = select(manifests.c.id).where(
    manifests.c.repository_id == _HERE, manifests.c.digest.in_(_DIGESTS)
)


def manifest_ids(tx: Connection, repository: int, digests: Collection[str]) -> set[int]:
    """Those of these manifests that are here."""
    here = {"repository": repository}
    return {id_ for some in _batches(digests) for id_ in tx.scalars(_MANIFEST_IDS, {**here, "digests": some})}


def facts(tx: Connection, repository: int, digest: str, names: Collection[str]) -> Row[Any]:
    """Before a push: named (by an index here), spoken_of (by a manifest here), moves (a tag points to another now)."""
    values = {"repository": repository, "wanted": digest, "names": list(names)}
    return tx.execute(_FACTS, values).one()


_SPEAKERS: Final = (
    select(manifests.c.id)
    .where(manifests.c.repository_id == _HERE, manifests.c.subject == _WANTED)
    .with_for_update(read=True, key_share=True)
)


def hold_speakers(tx: Connection, repository: int, subject: str) -> None:
    """What speaks about a manifest that is arriving stays until it is here: no review removes it meanwhile."""
    tx.execute(_SPEAKERS, {"repository": repository, "wanted": subject}).all()


_IDS: Final = bindparam("ids", expanding=True, type_=ID)
_KEEPER: Final = manifests.alias("keeper")
_BELOW: Final = union(
    select(manifests.c.id)
    .join(
        manifest_children,
        (manifest_children.c.repository_id == manifests.c.repository_id)
        & (manifest_children.c.digest == manifests.c.digest),
    )
    .where(manifest_children.c.manifest_id.in_(_IDS)),
    select(manifests.c.id)
    .join(
        _KEEPER,
        (_KEEPER.c.repository_id == manifests.c.repository_id) & (_KEEPER.c.digest == manifests.c.subject),
    )
    .where(_KEEPER.c.id.in_(_IDS)),
)
_NAMED_BLOBS: Final = select(manifest_blobs.c.digest).where(manifest_blobs.c.manifest_id.in_(_IDS))


def below(tx: Connection, ids: Collection[int]) -> set[int]:
    """Manifests that these keep: the images of an index, and what speaks about them; one step down."""
    return {id_ for some in _batches(ids) for id_ in tx.scalars(_BELOW, {"ids": some})}


def named_blobs(tx: Connection, ids: Collection[int]) -> set[str]:
    """Digests of the blobs that these manifests name."""
    return {digest for some in _batches(ids) for digest in tx.scalars(_NAMED_BLOBS, {"ids": some})}


def all_blobs(tx: Connection, repository: int) -> set[str]:
    """Digests of every blob of a repository."""
    return set(tx.scalars(select(repository_blobs.c.digest).where(repository_blobs.c.repository_id == repository)))


def _newest(*joined: Any) -> Any:
    """Is there a manifest that names the blob and hangs so from a tag? Newest first: the oldest lose theirs first."""
    source: Any = manifest_blobs
    for table, on in joined:
        source = source.join(table, on)
    here = (manifest_blobs.c.repository_id == repository_blobs.c.repository_id) & (
        manifest_blobs.c.digest == repository_blobs.c.digest
    )
    found = select(literal(1)).select_from(source).where(here).order_by(manifest_blobs.c.manifest_id.desc()).limit(1)
    return found.correlate(repository_blobs).scalar_subquery().is_not(None)


_CLOSE: Final = (
    select(repository_blobs.c.digest)
    .where(repository_blobs.c.repository_id == _HERE, repository_blobs.c.digest.in_(_DIGESTS))
    .where(
        or_(
            _newest((tags, tags.c.manifest_id == manifest_blobs.c.manifest_id)),
            _newest(
                (manifests, manifests.c.id == manifest_blobs.c.manifest_id),
                (
                    manifest_children,
                    (manifest_children.c.repository_id == manifests.c.repository_id)
                    & (manifest_children.c.digest == manifests.c.digest),
                ),
                (tags, tags.c.manifest_id == manifest_children.c.manifest_id),
            ),
        )
    )
)


def kept_closely(tx: Connection, repository: int, digests: Collection[str]) -> set[str]:
    """Those of these blobs that a tagged manifest names, or an image of a tagged index."""
    return {
        digest
        for some in _batches(digests)
        for digest in tx.scalars(_CLOSE, {"repository": repository, "digests": some})
    }


_NAMING: Final = select(manifest_blobs.c.manifest_id, manifest_blobs.c.digest).where(
    manifest_blobs.c.repository_id == _HERE, manifest_blobs.c.digest.in_(_DIGESTS)
)


def naming(tx: Connection, repository: int, digests: Collection[str]) -> dict[int, set[str]]:
    """By manifest id: those of these blobs that it names."""
    found: dict[int, set[str]] = {}
    for some in _batches(digests):
        for row in tx.execute(_NAMING, {"repository": repository, "digests": some}):
            found.setdefault(row.manifest_id, set()).add(row.digest)
    return found


_TAGGED: Final = select(tags.c.manifest_id).where(tags.c.manifest_id.in_(_IDS))


def tagged(tx: Connection, ids: Collection[int]) -> set[int]:
    """Those of these manifests that a tag points to."""
    return {id_ for some in _batches(ids) for id_ in tx.scalars(_TAGGED, {"ids": some})}


_ABOVE: Final = union_all(
    select(manifests.c.id, manifest_children.c.manifest_id)
    .join(
        manifest_children,
        (manifest_children.c.repository_id == manifests.c.repository_id)
        & (manifest_children.c.digest == manifests.c.digest),
    )
    .where(manifests.c.id.in_(_IDS)),
    select(manifests.c.id, _KEEPER.c.id)
    .join(
        _KEEPER,
        (_KEEPER.c.repository_id == manifests.c.repository_id) & (_KEEPER.c.digest == manifests.c.subject),
    )
    .where(manifests.c.id.in_(_IDS)),
)


def above(tx: Connection, ids: Collection[int]) -> dict[int, list[int]]:
    """By manifest id: the indexes that name it, and its subject; one step up."""
    found: dict[int, list[int]] = {}
    for some in _batches(ids):
        for kept, keeper in tx.execute(_ABOVE, {"ids": some}):
            found.setdefault(kept, []).append(keeper)
    return found


# --- counting


_FLIP: Final = {
    counted: update(repository_blobs)
    .where(
        repository_blobs.c.repository_id == _HERE,
        repository_blobs.c.digest.in_(_DIGESTS),
        repository_blobs.c.counted.is_(not counted),
    )
    .values(counted=counted)
    .returning(repository_blobs.c.digest)
    for counted in (True, False)
}


def _metered(insert: Any) -> Any:
    """One holder more or fewer, in every meter above the repository, in one order for all who do so at once."""
    went = blobs.c.digest.in_(bindparam("lost", expanding=True, type_=PATH))
    step, size = case((went, -1), else_=1), case((went, 0), else_=blobs.c.size_bytes)
    above = repositories.join(project_meters, project_meters.c.project_id == repositories.c.project_id)
    rows = (
        select(project_meters.c.meter_id, blobs.c.digest, blobs.c.size_bytes, step, size)
        .select_from(above.join(blobs, true()))
        .where(repositories.c.id == _HERE, blobs.c.digest.in_(_DIGESTS))
        .order_by(blobs.c.digest, project_meters.c.meter_id)
    )
    return adding(insert, rows)


_METER: Final = Upsert(meter_blobs, _metered)


def count(tx: Connection, repository: int, *, kept: Collection[str], lost: Collection[str]) -> set[str]:
    """From now on these blobs of the repository are kept by a tag, and those are not; which came to be kept."""
    here = {"repository": repository}
    came = {d for some in _batches(kept) for d in tx.scalars(_FLIP[True], {**here, "digests": some})}
    went = {d for some in _batches(lost) for d in tx.scalars(_FLIP[False], {**here, "digests": some})}
    for some in _batches(came | went):
        tx.execute(_METER.on(tx), {**here, "digests": some, "lost": [d for d in some if d in went]})
    return came


def _batches(values: Collection[Any]) -> Iterator[list[Any]]:
    ordered = iter(sorted(values))
    while batch := list(islice(ordered, _BATCH)):
        yield batch
