"""What makes up the usage of places; sizes in bytes. Our own: GitLab's API has no such thing."""

from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter

from wharfinger.domain import breakdown, underway
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Shape


class LargeShape(Shape):
    """An image of a project, or a project."""

    path: str
    used_bytes: int


class UsageShape(Shape):
    """`used_bytes` alone counts against limits; `trash_bytes`, `untagged_bytes` and `upload_bytes` are apart from it.

    `alone_bytes`: of what is used, what nothing else in `shared_in` uses. Open uploads are counted when this is asked:
    null where the store cannot tell at present, and `uploads_complete` false where there are more than were looked at.
    `full_in_days`: when it is full, if it grows on as it did lately.
    """

    path: str
    used_bytes: int
    alone_bytes: int
    shared_in: str
    trash_count: int
    trash_bytes: int
    untagged_bytes: int | None
    upload_count: int | None
    upload_bytes: int | None
    uploads_complete: bool
    full_in_days: float | None
    largest: list[LargeShape]


def routes(prefix: str, placing: Callable[[Call, str], str]) -> APIRouter:
    """The routes below projects or groups; `placing` gives the path of the place."""
    router = APIRouter(prefix=f"/{prefix}/{{id}}/usage", tags=["quotas"])

    @router.get("", name=f"usage_get_of_{prefix}")
    def get(call: ApiCall, key: Key) -> UsageShape:
        """What makes up its usage, for its members."""
        return shown(call, placing(call, key))

    return router


of_projects = routes("projects", lambda call, key: places.project(call, key).path)
of_groups = routes("groups", lambda call, key: places.group(call, key).path)
of_installation = APIRouter(prefix="/application/usage", tags=["quotas"])


@of_installation.get("")
def get_all(call: ApiCall) -> UsageShape:
    """What makes up the usage of the whole registry, for administrators."""
    return shown(call, "")


def shown(call: Call, path: str) -> UsageShape:
    """The usage of a place as it is shown."""
    found = breakdown.get(call.tools, call.caller, path)
    arriving = underway.get(call.tools, call.caller, path)
    return UsageShape(
        path=found.quota.path,
        used_bytes=found.quota.used_bytes,
        alone_bytes=found.alone_bytes,
        shared_in=found.whole,
        trash_count=found.trash_things,
        trash_bytes=found.trash_bytes,
        untagged_bytes=found.untagged_bytes,
        upload_count=arriving.count if arriving else None,
        upload_bytes=arriving.size_bytes if arriving else None,
        uploads_complete=arriving is not None and not arriving.more,
        full_in_days=None if found.full_in is None else found.full_in / timedelta(days=1),
        largest=[LargeShape(path=large.path, used_bytes=large.used_bytes) for large in found.largest],
    )
