"""Pull counts: the statements. Nothing here decides."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, and_, bindparam, case, select, update

from wharfinger.db.tables.columns import ID, PATH, Moment
from wharfinger.db.tables.images import manifest_children, manifests, repositories, tags


class Pulled(NamedTuple):
    """What was pulled: a manifest, by a tag or, where that is "", by its digest."""

    repository_id: int
    manifest_id: int
    tag: str


class Count(NamedTuple):
    """How often, and when last."""

    times: int
    last_at: datetime

    def and_(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.times + other.times, max(self.last_at, other.last_at))


def _adding(table: Table, **keys: Any) -> Any:
    """Add to a row; another process may have written a later pull already."""
    at = bindparam("last_at", type_=Moment())
    later = case((table.c.last_pulled_at > at, table.c.last_pulled_at), else_=at)
    here = and_(*(table.c[name] == bindparam(f"key_{name}", type_=type_) for name, type_ in keys.items()))
    values = {"pull_count": table.c.pull_count + bindparam("times", type_=ID), "last_pulled_at": later}
    return update(table).where(here).values(values)


_REPOSITORY: Final = _adding(repositories, id=ID)
_MANIFEST: Final = _adding(manifests, id=ID)
_TAG: Final = _adding(tags, repository_id=ID, name=PATH)


def add(tx: Connection, pulls: Mapping[Pulled, Count]) -> None:
    """Count these pulls for repositories, manifests and tags; what is gone by now is passed by.

    An image that an index names is pulled by digest because the index was: for the repository that was one pull.
    """
    second = _named_by_indexes(tx, {pulled.manifest_id for pulled in pulls if not pulled.tag})
    own = {pulled: count for pulled, count in pulls.items() if pulled.tag or pulled.manifest_id not in second}
    tagged = {pulled: count for pulled, count in pulls.items() if pulled.tag}
    # Repositories first, and rows in order: so two who count never wait for each other in a circle.
    _write(tx, _REPOSITORY, own, lambda pulled: {"key_id": pulled.repository_id})
    _write(tx, _MANIFEST, pulls, lambda pulled: {"key_id": pulled.manifest_id})
    _write(tx, _TAG, tagged, lambda pulled: {"key_repository_id": pulled.repository_id, "key_name": pulled.tag})


def _write(
    tx: Connection, statement: Any, pulls: Mapping[Pulled, Count], key: Callable[[Pulled], dict[str, Any]]
) -> None:
    summed: dict[tuple[Any, ...], Count] = {}
    keys: dict[tuple[Any, ...], dict[str, Any]] = {}
    for pulled, count in pulls.items():
        found = key(pulled)
        named = tuple(found.values())
        keys[named] = found
        summed[named] = summed[named].and_(count) if named in summed else count
    if summed:
        tx.execute(statement, [{**keys[named], **summed[named]._asdict()} for named in sorted(summed)])


def _named_by_indexes(tx: Connection, ids: Collection[int]) -> set[int]:
    named = (manifest_children.c.repository_id == manifests.c.repository_id) & (
        manifest_children.c.digest == manifests.c.digest
    )
    found = select(manifests.c.id).join(manifest_children, named).where(manifests.c.id.in_(ids))
    return set(tx.scalars(found)) if ids else set()
