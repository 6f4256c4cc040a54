"""What may have become unreachable, and what is on its way out: the statements. Nothing here decides.

On PostgreSQL, whoever reviews a row holds it (FOR UPDATE) and passes by those that somebody else holds: a push that
names them. What a decision rests on is read after that, in statements of their own, so that nothing is overlooked that
was committed meanwhile. On SQLite there is one writer at a time, and that is all it takes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError

from wharfinger.db.many import among
from wharfinger.db.tables.images import (
    blobs,
    manifest_blobs,
    manifest_children,
    manifests,
    repositories,
    repository_blobs,
    tags,
)
from wharfinger.db.tables.trash import doomed_bytes, freed, trash, trash_needs
from wharfinger.db.upsert import insert

_TURN: Final = 0x7768_6763  # any number, the same in every process
GIVES_WAY_SECONDS: Final = 0.2

_GAVE_WAY: Final = ("55P03", "40P01")  # PostgreSQL: lock_not_available, deadlock_detected

Pair = tuple[int, str]  # repository id and digest


class GaveWay(Exception):
    """A push held what a review wanted. Nothing was done; the next one does it."""


@contextmanager
def giving_way() -> Iterator[None]:
    """Tell in our words that a review gave way."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _GAVE_WAY:
            raise GaveWay from error
        raise


def take_turn(tx: Connection, *, give_way: bool = False) -> None:
    """Deletions and reviews come one at a time, so that they never wait for each other in a circle.

    Pushes and pulls know nothing of this. A review is to `give_way`: it fails, and is done again, rather than wait
    longer for a push than PostgreSQL takes to look for such a circle.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
    if give_way:
        wait_little(tx)


def wait_little(tx: Connection) -> None:
    """Fail, in `giving_way`, rather than wait for long for what a push holds."""
    if tx.dialect.name == "postgresql":
        tx.execute(text(f"SET LOCAL lock_timeout = '{GIVES_WAY_SECONDS}s'"))


# --- what was touched


def keep_link(tx: Connection, repository: int, digest: str, later: datetime) -> None:
    """Review a blob of this repository later, if it is to be reviewed at all."""
    here = (repository_blobs.c.repository_id == repository) & (repository_blobs.c.digest == digest)
    tx.execute(update(repository_blobs).where(here, _queued(repository_blobs)).values(review_after=later))


def keep_manifest(tx: Connection, repository: int, digest: str, later: datetime) -> None:
    """Review a manifest later, if it is to be reviewed at all."""
    here = (manifests.c.repository_id == repository) & (manifests.c.digest == digest)
    tx.execute(update(manifests).where(here, _queued(manifests)).values(review_after=later))


def queue_manifests(tx: Connection, found: ColumnElement[bool], later: datetime) -> None:
    """Review these manifests later; those in the queue already keep their place."""
    tx.execute(update(manifests).where(found, ~_queued(manifests)).values(review_after=later))


def hurry_manifests(tx: Connection, pairs: Collection[Pair], when: datetime) -> None:
    """Review these manifests at this moment, if not before."""
    waits = or_(~_queued(manifests), manifests.c.review_after > when)
    _each(tx, update(manifests).where(_is(manifests), waits).values(review_after=when), pairs)


def queue_speakers(tx: Connection, subjects: Collection[Pair], later: datetime) -> None:
    """Review what speaks about these manifests later."""
    speak = (manifests.c.repository_id == bindparam("repository")) & (manifests.c.subject == bindparam("wanted"))
    _each(tx, update(manifests).where(speak, ~_queued(manifests)).values(review_after=later), subjects)


def queue_blobs(tx: Connection, digests: Select[Any] | Collection[str], when: datetime) -> None:
    """Look whether anything still needs the bytes of these blobs; those in the queue already keep their place."""
    tx.execute(update(blobs).where(blobs.c.digest.in_(digests), ~_queued(blobs)).values(review_after=when))


def queue_named(tx: Connection, ids: Collection[int], later: datetime) -> None:
    """What these manifests hold up is reviewed later: blobs, the images of an index, what speaks about them."""
    named = manifest_blobs.c.manifest_id.in_(ids)
    pair = select(manifest_blobs.c.repository_id, manifest_blobs.c.digest).where(named)
    links = _pair(repository_blobs).in_(pair) & ~_queued(repository_blobs)
    tx.execute(update(repository_blobs).where(links).values(review_after=later))
    children = select(manifest_children.c.repository_id, manifest_children.c.digest)
    subject = manifests.alias("subject")
    spoken_of = select(subject.c.repository_id, subject.c.digest).where(subject.c.id.in_(ids))
    queue_manifests(tx, _pair(manifests).in_(children.where(manifest_children.c.manifest_id.in_(ids))), later)
    speaks = tuple_(manifests.c.repository_id, manifests.c.subject).in_(spoken_of)
    queue_manifests(tx, manifests.c.subject.is_not(None) & speaks, later)


def queue_project(tx: Connection, project: int, when: datetime) -> None:
    """The project is about to go with all its repositories: look at every blob they had."""
    inside = repositories.c.project_id == project
    queue_blobs(tx, select(repository_blobs.c.digest).join(repositories).where(inside), when)
    needed = trash_needs.join(repositories, repositories.c.id == trash_needs.c.repository_id)
    queue_blobs(tx, select(trash_needs.c.digest).select_from(needed).where(inside, trash_needs.c.need == "blob"), when)


# --- manifests


def due_manifests(tx: Connection, now: datetime, limit: int) -> list[int]:
    """Ids of manifests to be reviewed now, longest due first."""
    due = select(manifests.c.id).where(manifests.c.review_after <= now).order_by(manifests.c.review_after).limit(limit)
    return list(tx.scalars(due.with_for_update(skip_locked=True)))


def hold_manifests(tx: Connection, ids: Collection[int]) -> list[int]:
    """Those of these manifests that nobody else holds; they are ours until the transaction ends."""
    return list(tx.scalars(select(manifests.c.id).where(manifests.c.id.in_(ids)).with_for_update(skip_locked=True)))


def manifest_facts(tx: Connection, ids: Collection[int]) -> Sequence[Row[Any]]:
    """id, repository_id, digest, review_after and `held` (by a tag, or by something in the trash) of manifests."""
    tagged = exists().where(tags.c.manifest_id == manifests.c.id)
    wanted = exists().where(
        trash_needs.c.repository_id == manifests.c.repository_id,
        or_(
            (trash_needs.c.digest == manifests.c.digest) & (trash_needs.c.need == "manifest"),
            (trash_needs.c.digest == manifests.c.subject) & (trash_needs.c.need == "subject"),
        ),
    )
    columns = (manifests.c.id, manifests.c.repository_id, manifests.c.digest, manifests.c.review_after)
    return tx.execute(select(*columns, or_(tagged, wanted).label("held")).where(manifests.c.id.in_(ids))).all()


def keepers(tx: Connection, ids: Collection[int]) -> dict[int, list[int]]:
    """By manifest id: the ids of the indexes that name it, and of its subject."""
    parents = select(manifests.c.id, manifest_children.c.manifest_id).join(
        manifest_children,
        (manifest_children.c.repository_id == manifests.c.repository_id)
        & (manifest_children.c.digest == manifests.c.digest),
    )
    subject = manifests.alias("subject")
    subjects = select(manifests.c.id, subject.c.id).join(
        subject,
        (subject.c.repository_id == manifests.c.repository_id) & (subject.c.digest == manifests.c.subject),
    )
    here = manifests.c.id.in_(ids)
    found: dict[int, list[int]] = {}
    for kept, keeper in tx.execute(union_all(parents.where(here), subjects.where(here))):
        found.setdefault(kept, []).append(keeper)
    return found


def set_manifest_review(tx: Connection, ids: Collection[int], when: datetime | None) -> None:
    """Move these manifests in the queue, or with None out of it."""
    if ids:
        tx.execute(update(manifests).where(among(manifests.c.id, ids)).values(review_after=when))


def drop_tags(tx: Connection, named: Collection[Pair], later: datetime) -> None:
    """Remove tags, by repository and name; what they pointed to is reviewed later."""
    for repository, names in _by_repository(named).items():
        doomed = (tags.c.repository_id == repository) & tags.c.name.in_(names)
        pointed_to = list(tx.scalars(select(tags.c.manifest_id).where(doomed)))
        if pointed_to:
            queue_manifests(tx, manifests.c.id.in_(pointed_to), later)
            tx.execute(delete(tags).where(doomed))


def trashed(tx: Connection, pairs: Collection[Pair]) -> set[Pair]:
    """Those of these manifests that can still be restored."""
    digests = [digest for _, digest in pairs]
    wanted = (trash_needs.c.need == "subject") & trash_needs.c.digest.in_(digests)
    found = select(trash_needs.c.repository_id, trash_needs.c.digest).where(wanted)
    return {(row[0], row[1]) for row in tx.execute(found)} & set(pairs)


def delete_manifests(tx: Connection, ids: Collection[int]) -> None:
    """Remove manifests with what they name."""
    tx.execute(delete(manifests).where(manifests.c.id.in_(ids)))


# --- blobs of a repository


def due_links(tx: Connection, now: datetime, limit: int) -> list[Pair]:
    """Blobs of repositories to be reviewed now, longest due first."""
    due = select(repository_blobs.c.repository_id, repository_blobs.c.digest)
    due = due.where(repository_blobs.c.review_after <= now).order_by(repository_blobs.c.review_after).limit(limit)
    return [(row[0], row[1]) for row in tx.execute(due.with_for_update(skip_locked=True))]


def named_links(tx: Connection, pairs: Collection[Pair]) -> set[Pair]:
    """Those of these that a manifest of their repository names."""
    found = set[Pair]()
    for repository, digests in _by_repository(pairs).items():
        named = (manifest_blobs.c.repository_id == repository) & manifest_blobs.c.digest.in_(digests)
        found |= {
            (repository, digest) for digest in tx.scalars(select(manifest_blobs.c.digest).where(named).distinct())
        }
    return found


def settle_links(tx: Connection, pairs: Collection[Pair]) -> None:
    """Take these out of the queue."""
    _each(tx, update(repository_blobs).where(_is(repository_blobs)).values(review_after=None), pairs)


def delete_links(tx: Connection, pairs: Collection[Pair], now: datetime) -> None:
    """Take blobs out of their repositories, and look now whether anything still needs their bytes."""
    _each(tx, delete(repository_blobs).where(_is(repository_blobs)), pairs)
    queue_blobs(tx, {digest for _, digest in pairs}, now)


# --- bytes


def hold_blobs(tx: Connection, digests: Collection[str]) -> set[str]:
    """Those of these blobs whose row nobody else holds; they are ours until the transaction ends."""
    held = select(blobs.c.digest).where(blobs.c.digest.in_(digests))
    return set(tx.scalars(held.with_for_update(skip_locked=True)))


def due_blobs(tx: Connection, now: datetime, limit: int) -> dict[str, Row[Any]]:
    """By digest: digest, size_bytes and place of blobs whose bytes to look at now, longest due first."""
    due: Select[Any] = select(blobs.c.digest, blobs.c.size_bytes, blobs.c.place).where(blobs.c.review_after <= now)
    due = due.order_by(blobs.c.review_after).limit(limit).with_for_update(skip_locked=True)
    return {row.digest: row for row in tx.execute(due)}


def needed_blobs(tx: Connection, digests: Collection[str]) -> set[str]:
    """Those that are part of a repository, or needed by something in the trash."""
    linked = exists().where(repository_blobs.c.digest == blobs.c.digest)
    in_trash = exists().where(trash_needs.c.digest == blobs.c.digest, trash_needs.c.need == "blob")
    return set(tx.scalars(select(blobs.c.digest).where(blobs.c.digest.in_(digests), or_(linked, in_trash))))


def settle_blobs(tx: Connection, digests: Collection[str]) -> None:
    """Take these out of the queue."""
    tx.execute(update(blobs).where(blobs.c.digest.in_(digests)).values(review_after=None))


def postpone_blobs(tx: Connection, digests: Collection[str], when: datetime) -> None:
    """Look at these later."""
    tx.execute(update(blobs).where(blobs.c.digest.in_(digests)).values(review_after=when))


# --- how it stands


def add_freed(tx: Connection, counts: Mapping[str, int]) -> None:
    """Add to the totals."""
    statement = insert(tx, freed)
    added = statement.on_conflict_do_update(
        index_elements=["what"], set_={"total": freed.c.total + statement.excluded.total}
    )
    rows = [{"what": what, "total": count} for what, count in counts.items() if count]
    if rows:
        tx.execute(added, rows)


def totals(tx: Connection) -> dict[str, int]:
    """What was ever freed, by what."""
    return {row.what: int(row.total) for row in tx.execute(select(freed))}


def queued(tx: Connection, now: datetime) -> dict[str, tuple[int, int, datetime | None]]:
    """By table: how many are in the queue, how many of them are due, and when the first of them is."""
    found = {}
    for table in (manifests, repository_blobs, blobs):
        count, first = tx.execute(select(func.count(), func.min(table.c.review_after)).where(_queued(table))).one()
        due = tx.scalar(select(func.count()).where(table.c.review_after <= now))
        found[table.name] = (int(count), int(due or 0), first)
    return found


def due(tx: Connection, now: datetime) -> set[str]:
    """The tables that hold something to be dealt with now."""
    moments = {table.name: table.c.review_after for table in (manifests, repository_blobs, blobs)}
    moments |= {trash.name: trash.c.expires_at, doomed_bytes.name: doomed_bytes.c.try_after}
    row = tx.execute(select(*(exists().where(moment <= now).label(name) for name, moment in moments.items()))).one()
    return {name for name, found in row._mapping.items() if found}


def waiting_bytes(tx: Connection) -> tuple[int, int]:
    """Blobs without a repository and bytes that are not gone yet: how many, and how many bytes."""
    loose = select(func.count(), func.coalesce(func.sum(blobs.c.size_bytes), 0)).where(_queued(blobs))
    doomed = select(func.count(), func.coalesce(func.sum(doomed_bytes.c.size_bytes), 0))
    counts = [tx.execute(one).one() for one in (loose, doomed)]
    return sum(int(row[0]) for row in counts), sum(int(row[1]) for row in counts)


def trash_size(tx: Connection, now: datetime) -> int:
    """How many things in the trash can be restored."""
    return int(tx.scalar(select(func.count()).where(trash.c.expires_at > now)) or 0)


def _queued(table: Table) -> ColumnElement[bool]:
    return table.c.review_after.is_not(None)


def _is(table: Table) -> ColumnElement[bool]:
    return (table.c.repository_id == bindparam("repository")) & (table.c.digest == bindparam("wanted"))


def _each(tx: Connection, statement: Executable, pairs: Collection[Pair]) -> None:
    """Once for each pair: SQLite looks through whole tables for a list of pairs, and finds one pair by its key."""
    if pairs:
        tx.execute(statement, [{"repository": repository, "wanted": digest} for repository, digest in pairs])


def _by_repository(pairs: Collection[Pair]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for repository, text_ in pairs:
        found.setdefault(repository, []).append(text_)
    return found


def _pair(table: Table) -> Any:
    return tuple_(table.c.repository_id, table.c.digest)
