"""Uploads under way. An upload has no row, but its id says which project it is for: what the store itself has of
unfinished uploads is looked through when somebody asks, and no push pays for it.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import Final

from wharfinger.db import projects as project_rows
from wharfinger.domain import breakdown
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.tools import Tools
from wharfinger.storage.store import StoreFailed

MOST: Final = 100_000  # uploads that are looked at
_RANDOM_BYTES: Final = 10
_PROJECT_DIGITS: Final = 12

_log: Final = logging.getLogger("wharfinger.store")


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Uploads that were begun and have not ended, and how many bytes of them have arrived by now.

    `more`: there are more than were looked at.
    """

    count: int
    size_bytes: int
    more: bool = False


def new_upload(project: int) -> str:
    """An id for an upload into a project, as the store wants it: 32 hex digits, the last twelve for the project."""
    return f"{token_hex(_RANDOM_BYTES)}{project:0{_PROJECT_DIGITS}x}"


def project_of(upload: str) -> int:
    """The project that an upload is for; of one that an older version began, a number that is nobody's."""
    return int(upload[-_PROJECT_DIGITS:], 16)


def get(tools: Tools, caller: Caller, path: str) -> UnderWay | None:
    """What arrives at this moment in a project or group, for its members, or in the whole registry (""), for
    administrators; None where the store cannot tell at present. Raises ProjectUnknown, ScopeMissing.
    """
    with tools.db.read() as tx:
        place = breakdown.opened(tx, caller, path)
        inside = (
            [place.id] if isinstance(place, Project) else project_rows.below_path(tx, place.path) if place else None
        )
    try:
        return _count(tools, inside)
    except StoreFailed as error:
        _log.warning("uploads under way cannot be counted: %s", error)
        return None


def _count(tools: Tools, projects: Collection[int] | None) -> UnderWay:
    """Of these projects; None is all, and what was begun before ids named projects."""
    digits = None if projects is None else {f"{project:0{_PROJECT_DIGITS}x}" for project in projects}
    found = list(islice(tools.store.unfinished(), MOST + 1))
    sizes = [size for upload, size in found[:MOST] if digits is None or upload[-_PROJECT_DIGITS:] in digits]
    return UnderWay(len(sizes), sum(sizes), more=len(found) > MOST)
