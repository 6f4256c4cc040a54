"""Image repositories as people look at them: of a project, of a group with all below it, or all that one may read.

Deleting a whole one is asked for here and done by the worker (`delete_scheduled`); it goes to the trash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, Row, Select

from wharfinger.db import repositories as rows
from wharfinger.db import sizes
from wharfinger.db.paging import Cut
from wharfinger.domain import access, behalf, events, images, paging, queue, sight
from wharfinger.domain.access import Caller, Tree
from wharfinger.domain.errors import RepositoryUnknown
from wharfinger.domain.events.images import RepositoryDeletionScheduled
from wharfinger.domain.guard import Warden
from wharfinger.domain.paging import FIRST, Sorted
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants
from wharfinger.rules.paging import Marker, Page, Window
from wharfinger.rules.roles import Action

DELETE_TASK: Final = "delete repository"
MOST_TRIES: Final = 11  # GitLab's: once, and ten times again


class Sort(StrEnum):
    """What a listing of repositories can be sorted by; the path tells equals apart."""

    NAME = "name"
    CREATED = "created"
    UPDATED = "updated"
    SIZE = "size"
    PULLS = "pulls"


class Status(StrEnum):
    """How far the deletion of a whole repository is, in GitLab's words."""

    DELETE_SCHEDULED = "delete_scheduled"
    DELETE_ONGOING = "delete_ongoing"
    DELETE_FAILED = "delete_failed"


LEAVING: Final = frozenset({Status.DELETE_SCHEDULED, Status.DELETE_ONGOING})


@dataclass(frozen=True, slots=True)
class Repository:
    """An image repository.

    `name` is that below the project, "" for the image at the project's own path. `pushed_at` is when one of its tags
    last began to point elsewhere, `cleaned_at` when a run of a cleanup policy that is about it last began. `tags_count`
    and `size_bytes` are None unless asked for; the size is that of the blobs that its tags reach, each once
    (`db.sizes`).
    `kept_bytes` are those that count in its usage, what speaks about its images included; told where sorted by size.
    It was pulled so often under any tag or by digest, last at `last_pulled_at` (up to a minute behind).
    """

    id: int
    name: str
    path: str
    project_id: int
    project_path: str
    created_at: datetime
    pushed_at: datetime
    status: Status | None
    pull_count: int
    last_pulled_at: datetime | None
    tags_count: int | None
    size_bytes: int | None = None
    cleaned_at: datetime | None = None
    kept_bytes: int | None = None

    @property
    def leaving(self) -> bool:
        """Is it on its way to the trash? Where deleting failed, it is here as before."""
        return self.status in LEAVING


@dataclass(frozen=True, slots=True)
class Filter:
    """Which repositories, in which order, and what is to be told of each.

    Of one `project`, or of a `group` with all below it (paths), or of all that the caller may read; those whose path
    contains `part`. Adding up the sizes of many tags takes time: with `sized_tags`, those of repositories that have
    more are left out. Tags are counted `folded` as in `tags.Filter`.
    """

    project: str | None = None
    group: str | None = None
    part: str = ""
    sort: Sort = Sort.NAME
    descending: bool = False
    counted: bool = False
    folded: bool = False
    sized: bool = False
    sized_tags: int | None = None


_KINDS: Final[dict[Sort, Sorted]] = {
    Sort.NAME: type(None),
    Sort.CREATED: datetime,
    Sort.UPDATED: datetime,
    Sort.SIZE: int,
    Sort.PULLS: int,
}


def list_repositories(
    tools: Tools, caller: Caller, wanted: Filter = Filter(), window: Window = FIRST
) -> Page[Repository]:
    """A page of the repositories that the caller may pull from. Raises ProjectUnknown, GroupUnknown, PageInvalid.

    Where the registry of the project is switched off, ScopeMissing.
    """
    access.require_reading(caller)
    with tools.db.read() as tx:
        found = _listing(tx, tools, caller, wanted)
        by = paging.cut(window, _KINDS[wanted.sort], descending=wanted.descending)
        read = rows.page(tx, found, wanted.sort, by)
        bytes_ = _sizes(tx, wanted, read[0])
        return paging.page(tx, window, read, found, (partial(_listed, bytes_), partial(_marker, wanted.sort)))


def get(tools: Tools, caller: Caller, path: str, *, sized: bool = False) -> Repository:
    """The repository at this path with its count of tags. Raises RepositoryUnknown."""
    with tools.db.read() as tx:
        return _get(tx, caller, path, Filter(sized=sized, counted=True))


def by_id(tools: Tools, caller: Caller, id_: int, told: Filter = Filter()) -> Repository:
    """The repository of this number, with what is to be told of it.

    Raises RepositoryUnknown, alike where it is hidden.
    """
    with tools.db.read() as tx:
        path = rows.path_of(tx, id_)
        try:
            return _get(tx, caller, path or "?", told)
        except RepositoryUnknown:
            raise RepositoryUnknown(f"no image repository {id_}, or none you may read: check the number") from None


def deletable(tools: Tools, caller: Caller, one: Repository) -> bool:
    """Has the caller the role and the token to delete a repository? Rules of protection are another matter."""
    with tools.db.read() as tx:
        found = access.standing(tx, caller, one.path)
        return found is not None and Action.DELETE in grants.decide({Action.DELETE}, found[1]).granted


def list_tree(tools: Tools, caller: Caller, path: str, window: Window = FIRST) -> Page[Repository]:
    """A page of the repositories at this path and below it that have a tag, by path; of a group, those one may pull.

    Raises RepositoryUnknown.
    """
    with tools.db.read() as tx:
        found = rows.tagged(_tree(tools, caller, access.open_tree(tx, caller, path)))
        read = rows.page(tx, found, Sort.NAME, paging.cut(window, type(None), descending=False))
        return paging.page(tx, window, read, found, (partial(_listed, {}), partial(_marker, Sort.NAME)))


def tree_size(tools: Tools, caller: Caller, path: str) -> int:
    """Bytes of the blobs that tags at this path and below it reach, each once; of a group, in what one may pull.

    Raises RepositoryUnknown, also where nothing is there.
    """
    with tools.db.read() as tx:
        tree = access.open_tree(tx, caller, path)
        if not rows.page(tx, _tree(tools, caller, tree), Sort.NAME, Cut(limit=1))[0]:
            raise RepositoryUnknown(f"there is no image at {path} or below it: push one, or check the name")
        return sizes.of_tree(tx, tree.path, _open_in(tools, caller, tree))


def delete(tools: Tools, caller: Caller, path: str) -> str:
    """Have a repository moved to the trash with all that is in it, soon; the label it will have there (`batch`).

    Raises RepositoryUnknown, and RepositoryProtected or TagProtected where a rule keeps it, or a tag of it.
    """
    batch = token_hex(8)
    with tools.db.begin() as tx:
        place = images.open_existing(tx, caller, path, Action.DELETE)
        Warden(tx, tools, caller, place.id, path).require_delete_all()
        rows.set_status(tx, place.id, Status.DELETE_SCHEDULED)
        about = {"repository": place.id, "batch": batch, **behalf.of(caller)}
        queue.put(tx, tools, DELETE_TASK, about, key=f"{DELETE_TASK} {place.id}")
        events.put(tx, tools, caller, RepositoryDeletionScheduled(path=place.path, project_id=place.project_id))
    return batch


def carry_out_deletion(tools: Tools, about: Mapping[str, Any]) -> None:
    """What `delete` asked for, on behalf of who did; nothing where it was done already."""
    repository: int = about["repository"]
    path = _mark(tools, repository, Status.DELETE_ONGOING)
    if path is None:
        return
    try:
        images.delete_repository(tools, behalf.asker(tools, about), path, batch=about.get("batch"))
    except Exception:
        _mark(tools, repository, Status.DELETE_SCHEDULED)
        raise


def give_up_deletion(tools: Tools, about: Mapping[str, Any]) -> None:
    """What `delete` asked for was tried often enough: the repository stays, and says so."""
    _mark(tools, about["repository"], Status.DELETE_FAILED)


def _mark(tools: Tools, repository: int, status: Status) -> str | None:
    """Set the status; the path of the repository, None where it is gone."""
    with tools.db.begin() as tx:
        path = rows.path_of(tx, repository)
        if path is not None:
            rows.set_status(tx, repository, status)
        return path


def _listing(tx: Connection, tools: Tools, caller: Caller, wanted: Filter) -> Select[Any]:
    all_ = rows.listing(counted=wanted.counted, folded=wanted.folded, weighed=wanted.sort is Sort.SIZE)
    found = rows.named(all_, access.askable(wanted.part))
    if wanted.project is not None:
        return rows.in_project(found, access.open_registry(tx, caller, wanted.project, Action.PULL).id)
    if wanted.group is not None:
        found = rows.below_path(found, access.open_group(tx, caller, wanted.group, Action.PULL).path)
    return rows.readable(found, sight.image_projects(caller, tools.clock(), tools.policy.profile))


def _tree(tools: Tools, caller: Caller, tree: Tree) -> Select[Any]:
    return rows.readable(rows.in_tree(rows.listing(), tree.path), _open_in(tools, caller, tree))


def _open_in(tools: Tools, caller: Caller, tree: Tree) -> Select[Any] | None:
    """The projects that one may pull from; None where all of the tree is of one that is open already."""
    return sight.image_projects(caller, tools.clock(), tools.policy.profile) if tree.group else None


def _get(tx: Connection, caller: Caller, path: str, told: Filter) -> Repository:
    place = images.open_existing(tx, caller, path, Action.PULL)
    row = rows.one(tx, rows.listing(counted=told.counted, folded=told.folded), path=place.path)
    if row is None:
        raise RepositoryUnknown(f"there is no image at {path}: push one, or check the name")
    return _listed(_sizes(tx, told, [row]), row)


def _marker(sort: Sort, repository: Repository) -> Marker:
    values = {
        Sort.NAME: None,
        Sort.CREATED: repository.created_at,
        Sort.UPDATED: repository.pushed_at,
        Sort.SIZE: repository.kept_bytes,
        Sort.PULLS: repository.pull_count,
    }
    return Marker(repository.path, values[sort])


def _sizes(tx: Connection, wanted: Filter, found: Sequence[Row[Any]]) -> dict[int, int]:
    """By id: what these repositories reach, of those for which it is asked."""
    most = wanted.sized_tags
    few = [row.id for row in found if most is None or (row.tags_count or 0) <= most]
    return sizes.of_repositories(tx, few) if wanted.sized else {}


def _listed(bytes_: Mapping[int, int], row: Row[Any]) -> Repository:
    return _repository(row, bytes_.get(row.id))


def _repository(row: Row[Any], size: int | None) -> Repository:
    return Repository(
        id=row.id,
        name=row.name,
        path=row.path,
        project_id=row.project_id,
        project_path=row.project_path,
        created_at=row.created_at,
        pushed_at=row.last_pushed_at,
        status=None if row.status is None else Status(row.status),
        pull_count=row.pull_count,
        last_pulled_at=row.last_pulled_at,
        tags_count=row.tags_count,
        cleaned_at=row.cleaned_at,
        kept_bytes=row.kept_bytes,
        size_bytes=size,
    )
