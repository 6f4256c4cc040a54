"""Search across projects, images, tags and digests, over all that the caller may read and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row

from wharfinger.db import search as rows
from wharfinger.domain import access, sight
from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.rules import search as rules
from wharfinger.rules.roles import Visibility
from wharfinger.rules.search import Wanted
from wharfinger.spec.digest import HEX_LENGTHS

_SHORTEST_PART: Final = 2


@dataclass(frozen=True, slots=True)
class FoundProject:
    """A project."""

    path: str
    name: str
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image repository, by number and path; with `reference` a tag or a manifest in it."""

    id: int
    path: str
    project_path: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """At most so many of each kind as were asked for; `more`: of some kind there are more."""

    projects: tuple[FoundProject, ...] = ()
    images: tuple[FoundImage, ...] = ()
    tags: tuple[FoundImage, ...] = ()
    digests: tuple[FoundImage, ...] = ()
    more: bool = False

    @property
    def nothing(self) -> bool:
        """Was nothing found at all?"""
        return not (self.projects or self.images or self.tags or self.digests)


def find(tools: Tools, caller: Caller, text: str, *, limit: int = 5, thorough: bool = False) -> Found:
    """What the text leads to, `limit` of each kind; `thorough` looks into the middle of tags as well."""
    access.require_reading(caller)
    wanted = rules.read(text)
    now, profile = tools.clock(), tools.policy.profile
    readable = sight.images(caller, now, profile)
    with tools.db.read() as tx:
        projects = _projects(tx, sight.projects(caller, now, profile), wanted, limit + 1)
        images = _images(tx, readable, wanted, limit + 1)
        tags = _tags(tx, readable, wanted, limit + 1, thorough=thorough)
        digests = _digests(tx, readable, wanted, limit + 1)
    return Found(
        projects=tuple(FoundProject(row.path, row.name, Visibility(row.visibility)) for row in projects[:limit]),
        images=tuple(FoundImage(row.id, row.path, row.project_path) for row in images[:limit]),
        tags=tuple(FoundImage(row.id, row.path, row.project_path, row.tag) for row in tags[:limit]),
        digests=tuple(FoundImage(row.id, row.path, row.project_path, row.digest) for row in digests[:limit]),
        more=any(len(found) > limit for found in (projects, images, tags, digests)),
    )


Rows = Sequence[Row[Any]]
Condition = ColumnElement[bool] | None


def _projects(tx: Connection, readable: Condition, wanted: Wanted, limit: int) -> Rows:
    if len(wanted.path) < _SHORTEST_PART or wanted.exact:
        return ()
    return rows.of_projects(tx, readable, wanted.path, limit)


def _images(tx: Connection, readable: Condition, wanted: Wanted, limit: int) -> Rows:
    if len(wanted.path) < _SHORTEST_PART:
        return ()
    return rows.of_images(tx, readable, wanted.path, limit)


def _tags(tx: Connection, readable: Condition, wanted: Wanted, limit: int, *, thorough: bool) -> Rows:
    if not wanted.tag:
        return ()
    path = wanted.path if wanted.exact else ""
    found = list(rows.of_tags(tx, readable, wanted.tag, path, limit))
    if thorough and len(found) < limit and not wanted.exact and len(wanted.tag) >= _SHORTEST_PART:
        found += rows.of_tag_parts(tx, readable, wanted.tag, limit - len(found))
    return found


def _digests(tx: Connection, readable: Condition, wanted: Wanted, limit: int) -> Rows:
    if not wanted.digest:
        return ()
    found = list(rows.of_manifests(tx, readable, wanted.digest, limit))
    algorithm, _, digits = wanted.digest.partition(":")
    if len(found) < limit and len(digits) == HEX_LENGTHS[algorithm]:
        found += rows.of_blobs(tx, readable, wanted.digest, limit - len(found))
    return found
