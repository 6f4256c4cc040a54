"""Tags as people look at them: a repository's, filtered and sorted, or one with what it points to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, Select

from wharfinger.db import tags as rows
from wharfinger.domain import access, images, paging
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import TagUnknown
from wharfinger.domain.paging import FIRST, Sorted
from wharfinger.domain.tools import Tools
from wharfinger.rules.paging import Marker, Page, Window
from wharfinger.rules.roles import Action

MOST_SPEAKERS: Final = 100
_FEW: Final = 1_000


class Sort(StrEnum):
    """What a listing of tags can be sorted by; the name tells equals apart."""

    NAME = "name"
    PUBLISHED = "published_at"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and what it points to.

    `repository` is the path it is in. `published_at` is when it began to point there. `config_digest` is None where
    there is no config, as in an index. `total_size_bytes`: the blobs it reaches, each once (`db.sizes`). It was pulled
    so often under this name, last at `last_pulled_at`.
    """

    repository: str
    name: str
    digest: str
    media_type: str
    artifact_type: str | None
    config_digest: str | None
    created_at: datetime
    published_at: datetime
    pushed_by: str
    total_size_bytes: int
    pull_count: int
    last_pulled_at: datetime | None

    @property
    def path(self) -> str:
        """As clients write it: `acme/shop/web:v1`."""
        return f"{self.repository}:{self.name}"


@dataclass(frozen=True, slots=True)
class Speaker:
    """What speaks about a manifest: a signature, an SBOM …, by its digest."""

    digest: str
    artifact_type: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tags, in which order: those whose name contains `part`, or the one that is called `exact`.

    `folded`: without the tags of signatures and the like that are named after the digest of their image.
    """

    part: str = ""
    exact: str | None = None
    folded: bool = False
    sort: Sort = Sort.NAME
    descending: bool = False


_KINDS: Final[dict[Sort, Sorted]] = {Sort.NAME: type(None), Sort.PUBLISHED: datetime, Sort.SIZE: int}


def list_tags(tools: Tools, caller: Caller, path: str, wanted: Filter = Filter(), window: Window = FIRST) -> Page[Tag]:
    """A page of a repository's tags. Raises RepositoryUnknown, PageInvalid for a marker of another order."""
    with tools.db.read() as tx:
        place = images.open_existing(tx, caller, path, Action.PULL)
        found = _listing(place.id, wanted)
        few = rows.named_so(tx, found, _FEW) if window.counted and wanted.part else None
        if few is not None:  # so all tags are looked through once, and not once more to be counted
            found = rows.of_names(place.id, few)
        by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
        read = rows.page(tx, found, wanted.sort, by)
        total = found if few is None else len(few)
        return paging.page(tx, window, read, total, (partial(_tag, place.path), partial(_marker, wanted.sort)))


def get(tools: Tools, caller: Caller, path: str, name: str) -> Tag:
    """One tag. Raises TagUnknown, RepositoryUnknown."""
    with tools.db.read() as tx:
        place = images.open_existing(tx, caller, path, Action.PULL)
        row = rows.one(tx, place.id, access.askable(name))
    if row is None:
        raise TagUnknown(f"no tag {name} in {place.path}: list its tags to see what there is")
    return _tag(place.path, row)


def speakers(
    tools: Tools, caller: Caller, path: str, digests: Collection[str], kinds: Collection[str] = ()
) -> dict[str, list[Speaker]]:
    """By digest of manifests of a repository: what speaks about them; of these artifact types, if any are given.

    MOST_SPEAKERS about each, by digest. Raises RepositoryUnknown.
    """
    with tools.db.read() as tx:
        place = images.open_existing(tx, caller, path, Action.PULL)
        found = dict[str, list[Speaker]]()
        for row in rows.speaking_of(tx, place.id, digests, kinds, MOST_SPEAKERS):
            found.setdefault(row.subject, []).append(Speaker(row.digest, row.artifact_type))
        return found


def _listing(repository: int, wanted: Filter) -> Select[Any]:
    exact = wanted.exact and access.askable(wanted.exact)
    return rows.listing(repository, part=access.askable(wanted.part), exact=exact, folded=wanted.folded)


def _marker(sort: Sort, tag: Tag) -> Marker:
    values = {Sort.NAME: None, Sort.PUBLISHED: tag.published_at, Sort.SIZE: tag.total_size_bytes}
    return Marker(tag.name, values[sort])


def _tag(repository: str, row: Row[Any]) -> Tag:
    return Tag(
        repository=repository,
        name=row.name,
        digest=row.digest,
        media_type=row.media_type,
        artifact_type=row.artifact_type,
        config_digest=row.config_digest,
        created_at=row.created_at,
        published_at=row.pushed_at,
        pushed_by=row.pushed_by,
        total_size_bytes=row.total_size_bytes,
        pull_count=row.pull_count,
        last_pulled_at=row.last_pulled_at,
    )
