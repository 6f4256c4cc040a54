"""Which blobs are counted, and what they add to the meters of places: the statements. Nothing here decides.

Whoever changes what the tags of a repository keep holds the repository's row first (`hold`): together with others if
it only adds, alone if something may be lost. So what it reads of manifests and tags stays as it is, and nobody who adds
waits for another, but for one who adds the very same blob for the first time (PostgreSQL; SQLite has one writer).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
    update,
)

from wharfinger.db.many import among
from wharfinger.db.meters import adding, note
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

_HERE: Final = bindparam("repository", type_=ID)


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
    .where(tags.c.repository_id == _HERE, among(tags.c.name, "names"))
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
    manifests.c.repository_id == _HERE, among(manifests.c.digest, "digests")
)


def manifest_ids(tx: Connection, repository: int, digests: Collection[str]) -> set[int]:
    """Those of these manifests that are here."""
    return set(tx.scalars(_MANIFEST_IDS, {"repository": repository, "digests": digests})) if digests else set()


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


_KEEPER: Final = manifests.alias("keeper")
_BELOW: Final = union(
    select(manifests.c.id)
    .join(
        manifest_children,
        (manifest_children.c.repository_id == manifests.c.repository_id)
        & (manifest_children.c.digest == manifests.c.digest),
    )
    .where(among(manifest_children.c.manifest_id, "ids")),
    select(manifests.c.id)
    .join(
        _KEEPER,
        (_KEEPER.c.repository_id == manifests.c.repository_id) & (_KEEPER.c.digest == manifests.c.subject),
    )
    .where(among(_KEEPER.c.id, "ids")),
)
_NAMED_BLOBS: Final = select(manifest_blobs.c.digest).where(among(manifest_blobs.c.manifest_id, "ids"))


def below(tx: Connection, ids: Collection[int]) -> set[int]:
    """Manifests that these keep: the images of an index, and what speaks about them; one step down."""
    return set(tx.scalars(_BELOW, {"ids": ids})) if ids else set()


def named_blobs(tx: Connection, ids: Collection[int]) -> set[str]:
    """Digests of the blobs that these manifests name."""
    return set(tx.scalars(_NAMED_BLOBS, {"ids": ids})) if ids else set()


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
    .where(repository_blobs.c.repository_id == _HERE, among(repository_blobs.c.digest, "digests"))
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
    return set(tx.scalars(_CLOSE, {"repository": repository, "digests": digests})) if digests else set()


_NAMING: Final = select(manifest_blobs.c.manifest_id, manifest_blobs.c.digest).where(
    manifest_blobs.c.repository_id == _HERE, among(manifest_blobs.c.digest, "digests")
)


def naming(tx: Connection, repository: int, digests: Collection[str]) -> dict[int, set[str]]:
    """By manifest id: those of these blobs that it names."""
    found: dict[int, set[str]] = {}
    for manifest, digest in tx.execute(_NAMING, {"repository": repository, "digests": digests}) if digests else ():
        found.setdefault(manifest, set()).add(digest)
    return found


_TAGGED: Final = select(tags.c.manifest_id).where(among(tags.c.manifest_id, "ids"))


def tagged(tx: Connection, ids: Collection[int]) -> set[int]:
    """Those of these manifests that a tag points to."""
    return set(tx.scalars(_TAGGED, {"ids": ids})) if ids else set()


_ABOVE: Final = union_all(
    select(manifests.c.id, manifest_children.c.manifest_id)
    .join(
        manifest_children,
        (manifest_children.c.repository_id == manifests.c.repository_id)
        & (manifest_children.c.digest == manifests.c.digest),
    )
    .where(among(manifests.c.id, "ids")),
    select(manifests.c.id, _KEEPER.c.id)
    .join(
        _KEEPER,
        (_KEEPER.c.repository_id == manifests.c.repository_id) & (_KEEPER.c.digest == manifests.c.subject),
    )
    .where(among(manifests.c.id, "ids")),
)


def above(tx: Connection, ids: Collection[int]) -> dict[int, list[int]]:
    """By manifest id: the indexes that name it, and its subject; one step up."""
    found: dict[int, list[int]] = {}
    for kept, keeper in tx.execute(_ABOVE, {"ids": ids}) if ids else ():
        found.setdefault(kept, []).append(keeper)
    return found


# --- counting


_FLIP: Final = {
    counted: update(repository_blobs)
    .where(
        repository_blobs.c.repository_id == _HERE,
        among(repository_blobs.c.digest, "digests"),
        repository_blobs.c.counted.is_(not counted),
    )
    .values(counted=counted)
    .returning(repository_blobs.c.digest)
    for counted in (True, False)
}


_METERS: Final = (  # above the repository
    select(project_meters.c.meter_id)
    .join(repositories, repositories.c.project_id == project_meters.c.project_id)
    .where(repositories.c.id == _HERE)
)
_ABOVE_HERE: Final = meter_blobs.c.meter_id.in_(_METERS) & among(meter_blobs.c.digest, "digests")


def _metered(insert: Any) -> Any:
    """One holder more or fewer, in every meter above the repository, in one order for all who do so at once."""
    above = repository_blobs.join(blobs, blobs.c.digest == repository_blobs.c.digest)
    above = above.join(repositories, repositories.c.id == repository_blobs.c.repository_id)
    above = above.join(project_meters, project_meters.c.project_id == repositories.c.project_id)
    step = case((repository_blobs.c.counted, 1), else_=-1)  # it was just turned over
    rows = (
        select(project_meters.c.meter_id, blobs.c.digest, blobs.c.size_bytes, step)
        .select_from(above)
        .where(repository_blobs.c.repository_id == _HERE, among(repository_blobs.c.digest, "digests"))
        .order_by(blobs.c.digest, project_meters.c.meter_id)
    )
    return adding(insert, rows).returning(*_FACTS_OF_BLOB, meter_blobs.c.digest)


_FACTS_OF_BLOB: Final = (meter_blobs.c.meter_id, meter_blobs.c.size_bytes, meter_blobs.c.holders)
_METER: Final = Upsert(meter_blobs, _metered)
_FORGET: Final = delete(meter_blobs).where(_ABOVE_HERE, meter_blobs.c.holders < 1)

_HELD: Final = (
    select(*_FACTS_OF_BLOB)
    .where(_ABOVE_HERE)
    .order_by(meter_blobs.c.digest, meter_blobs.c.meter_id)
    .with_for_update()
    .subquery("held")
)
_HOLD_BLOBS: Final = select(
    _HELD.c.meter_id,
    cast(func.sum(case((_HELD.c.holders == 1, _HELD.c.size_bytes), else_=0)), BigInteger).label("size_bytes"),
    func.max(_HELD.c.holders).label("most_holders"),
).group_by(_HELD.c.meter_id)
_FORGET_LAST: Final = delete(meter_blobs).where(_ABOVE_HERE, meter_blobs.c.holders == 1)
_FEWER: Final = update(meter_blobs).where(_ABOVE_HERE).values(holders=meter_blobs.c.holders - 1)


def count(tx: Connection, repository: int, *, kept: Collection[str], lost: Collection[str]) -> set[str]:
    """From now on these blobs of the repository are kept by a tag, and those are not; which came to be kept."""
    here = {"repository": repository}
    came = set(tx.scalars(_FLIP[True], {**here, "digests": kept})) if kept else set[str]()
    went = set(tx.scalars(_FLIP[False], {**here, "digests": lost})) if lost else set[str]()
    if came:
        note(tx, _step(tx, here, came, went))
    elif went:
        note(tx, _lose(tx, {**here, "digests": went}))
    return came


def _step(tx: Connection, here: Mapping[str, Any], came: set[str], went: set[str]) -> Counter[int]:
    """Count in what came and out what went; what this changes, by meter."""
    changes = Counter[int]()
    for row in tx.execute(_METER.on(tx), {**here, "digests": came | went}):
        if row.digest in went:
            changes[row.meter_id] -= 0 if row.holders else row.size_bytes
        else:
            changes[row.meter_id] += row.size_bytes if row.holders == 1 else 0
    if went:
        tx.execute(_FORGET, {**here, "digests": went})
    return changes


def _lose(tx: Connection, about: Mapping[str, Any]) -> Counter[int]:
    """The same where nothing comes, as in a cleanup of thousands: most rows just go, and are not written before."""
    held = tx.execute(_HOLD_BLOBS, about).all()
    tx.execute(_FORGET_LAST, about)
    if any(row.most_holders > 1 for row in held):
        tx.execute(_FEWER, about)
    return Counter({row.meter_id: -row.size_bytes for row in held})
