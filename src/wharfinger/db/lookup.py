"""The hot reads: what a pull asks for, as one indexed query each.

On SQLite they are answered by the driver itself on connections of their own, in some fifteen microseconds, so the
event loop may ask them directly (`inline`). On PostgreSQL they wait for a network and belong in a thread.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Select, bindparam, exists, literal_column, make_url, or_, select
from sqlalchemy.dialects import sqlite

from wharfinger.db.engine import Database
from wharfinger.db.tables.images import blobs, manifests, repositories, repository_blobs, tags
from wharfinger.db.tables.places import projects
from wharfinger.db.tables.protection import protection_rules
from wharfinger.db.tables.usage import meters, project_meters


class FoundManifest(NamedTuple):
    """A stored manifest and whose it is."""

    project_id: int
    digest: str
    media_type: str
    body: bytes
    repository_id: int
    id: int
    review_after: datetime | None = None  # found by digest: when it may go, if nothing needs it


class FoundBlob(NamedTuple):
    """A stored blob and whose it is. `place`: where its bytes are, where the digest does not say enough."""

    project_id: int
    size_bytes: int
    place: str
    review_after: datetime | None  # when it may go from this repository, if nothing needs it


class FoundRepository(NamedTuple):
    """A repository, whose it is, whether a manifest was ever pushed to it, and whether its project has rules for it.

    `full`: there was no room for more, or too much without a tag, when that was last looked at. `off`: the project's
    registry is switched off.
    """

    project_id: int
    id: int
    listed: bool
    guarded: bool
    full: bool
    off: bool


class Lookup(Protocol):
    """The hot reads. `path` is a repository's full path; None where there is no such row."""

    inline: bool

    def by_tag(self, path: str, tag: str) -> FoundManifest | None:
        """The manifest a tag points to."""

    def by_digest(self, path: str, digest: str) -> FoundManifest | None:
        """The manifest of a digest."""

    def blob(self, path: str, digest: str) -> FoundBlob | None:
        """A blob of the repository."""

    def repository(self, path: str) -> FoundRepository | None:
        """The repository itself."""

    def tags(self, repository: int, last: str, limit: int) -> list[str]:
        """The names of its tags after `last`, in byte order, at most `limit`."""

    def close(self) -> None:
        """Give the connection back."""


def _manifest(source: Any, *more: Any) -> Select[Any]:
    found = (manifests.c.digest, manifests.c.media_type, manifests.c.body, manifests.c.repository_id, manifests.c.id)
    columns = (repositories.c.project_id, *found, *more)
    return select(*columns).select_from(source).where(repositories.c.path == bindparam("path"))


_REPOSITORY: Final = select(
    repositories.c.project_id,
    repositories.c.id,
    repositories.c.pushed_at.is_not(None),
    exists().where(protection_rules.c.project_id == repositories.c.project_id),
    exists().where(
        project_meters.c.project_id == repositories.c.project_id,
        meters.c.id == project_meters.c.meter_id,
        or_(meters.c.full, meters.c.crowded),
    ),
    exists().where(
        projects.c.id == repositories.c.project_id, projects.c.registry_access == literal_column("'disabled'")
    ),
).where(repositories.c.path == bindparam("path"))
_BY_TAG: Final = _manifest(
    repositories.join(tags, (tags.c.repository_id == repositories.c.id) & (tags.c.name == bindparam("key"))).join(
        manifests, manifests.c.id == tags.c.manifest_id
    )
)
_BY_DIGEST: Final = _manifest(
    repositories.join(
        manifests, (manifests.c.repository_id == repositories.c.id) & (manifests.c.digest == bindparam("key"))
    ),
    manifests.c.review_after,
)
_BLOB: Final = (
    select(repositories.c.project_id, blobs.c.size_bytes, blobs.c.place, repository_blobs.c.review_after)
    .select_from(
        repositories.join(
            repository_blobs,
            (repository_blobs.c.repository_id == repositories.c.id) & (repository_blobs.c.digest == bindparam("key")),
        ).join(blobs, blobs.c.digest == repository_blobs.c.digest)
    )
    .where(repositories.c.path == bindparam("path"))
)

_TAGS: Final = (
    select(tags.c.name)
    .where(tags.c.repository_id == bindparam("repository"), tags.c.name > bindparam("last"))
    .order_by(tags.c.name)
    .limit(bindparam("limit"))
    .offset(literal_column("0"))  # said in words: SQLite's dialect would make it one more parameter
)


def open_lookup(db: Database) -> Lookup:
    """The hot reads of this database."""
    return _SqliteLookup(db) if db.dialect == "sqlite" else _DatabaseLookup(db)


class _DatabaseLookup:
    inline = False

    def __init__(self, db: Database) -> None:
        self._db = db

    def by_tag(self, path: str, tag: str) -> FoundManifest | None:
        row = self._first(_BY_TAG, path=path, key=tag)
        return None if row is None else FoundManifest(*row)

    def by_digest(self, path: str, digest: str) -> FoundManifest | None:
        row = self._first(_BY_DIGEST, path=path, key=digest)
        return None if row is None else FoundManifest(row[0], row[1], row[2], row[3], row[4], row[5], _moment(row[6]))

    def blob(self, path: str, digest: str) -> FoundBlob | None:
        row = self._first(_BLOB, path=path, key=digest)
        return None if row is None else FoundBlob(row[0], row[1], row[2], _moment(row[3]))

    def repository(self, path: str) -> FoundRepository | None:
        row = self._first(_REPOSITORY, path=path)
        return None if row is None else FoundRepository(*row)

    def tags(self, repository: int, last: str, limit: int) -> list[str]:
        return [name for (name,) in self._all(_TAGS, repository=repository, last=last, limit=limit)]

    def close(self) -> None:
        """The connections are the database's own."""

    def _first(self, statement: Select[Any], **values: str) -> Sequence[Any] | None:
        with self._db.ask() as tx:
            return tx.execute(statement, values).first()

    def _all(self, statement: Select[Any], **values: str | int) -> Sequence[Sequence[Any]]:
        with self._db.ask() as tx:
            return tx.execute(statement, values).all()


class _SqliteLookup(_DatabaseLookup):
    inline = True

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._file = make_url(db.url).database or ""
        self._free = deque([self._connect()])

    def close(self) -> None:
        while self._free:
            self._free.pop().close()

    def _first(self, statement: Select[Any], **values: str) -> Sequence[Any] | None:
        rows = self._all(statement, **values)
        return rows[0] if rows else None

    def _all(self, statement: Select[Any], **values: str | int) -> Sequence[Sequence[Any]]:
        """Ask by a connection that nobody else reads by at this moment.

        Statements that overlap on one connection see one state, that of the first of them: others would be told of a
        time before what they know to be committed.
        """
        try:
            driver = self._free.pop()
        except IndexError:
            driver = self._connect()
        try:
            return driver.execute(_SQL[statement], values).fetchall()
        finally:
            self._free.append(driver)

    def _connect(self) -> sqlite3.Connection:
        # Any thread may be the next to use it, or to close it.
        driver = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, cached_statements=16)
        driver.execute("PRAGMA query_only=ON")
        driver.execute("PRAGMA busy_timeout=5000")
        return driver


def _moment(value: datetime | str | None) -> datetime | None:
    """SQLite's driver has no moments, it gives the text that is stored."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


_SQL: Final = {
    statement: str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))
    for statement in (_REPOSITORY, _BY_TAG, _BY_DIGEST, _BLOB, _TAGS)
}
