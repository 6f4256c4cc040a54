"""What places use and may use, and setting limits; sizes in bytes. Our own: GitLab's API has no such thing."""

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import Field

from wharfinger.domain import quotas
from wharfinger.domain.quotas import Quota
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Shape


class QuotaShape(Shape):
    """`effective_limit_bytes` is the limit that holds, set at `effective_limit_source` ("" is the registry)."""

    path: str
    used_bytes: int
    limit_bytes: int | None
    each_limit_bytes: int | None
    effective_limit_bytes: int | None
    effective_limit_source: str | None
    percent: int | None


class Limit(Asked):
    """A limit of all of a place, or with `each` of each thing in it that has none of its own; null lifts it."""

    limit_bytes: int | None = Field(ge=0, le=quotas.LARGEST_LIMIT)
    each: bool = False


def routes(prefix: str, placing: Callable[[Call, str], str]) -> APIRouter:
    """The routes below projects or groups; `placing` gives the path of the place."""
    router = APIRouter(prefix=f"/{prefix}/{{id}}/quota", tags=["quotas"])

    @router.get("", name=f"quota_get_of_{prefix}")
    def get(call: ApiCall, key: Key) -> QuotaShape:
        """What it uses and may use, for its members."""
        return shape(quotas.get(call.tools, call.caller, placing(call, key)))

    @router.put("", name=f"quota_put_of_{prefix}")
    def put(call: ApiCall, key: Key, asked: Limit) -> QuotaShape:
        """Limit it, for owners of what is above it."""
        path = placing(call, key)
        return shape(quotas.set_limit(call.tools, call.caller, path, asked.limit_bytes, each=asked.each))

    return router


of_projects = routes("projects", lambda call, key: places.project(call, key).path)
of_groups = routes("groups", lambda call, key: places.group(call, key).path)
of_installation = APIRouter(prefix="/application/quota", tags=["quotas"])


@of_installation.get("")
def get_all(call: ApiCall) -> QuotaShape:
    """What the whole registry uses and may use, for administrators."""
    return shape(quotas.get(call.tools, call.caller, ""))


@of_installation.put("")
def put_all(call: ApiCall, asked: Limit) -> QuotaShape:
    """Limit the whole registry, or each top group and personal namespace, for administrators."""
    return shape(quotas.set_limit(call.tools, call.caller, "", asked.limit_bytes, each=asked.each))


def shape(quota: Quota) -> QuotaShape:
    """The quota as it is shown."""
    held = quota.ceiling
    return QuotaShape(
        path=quota.path,
        used_bytes=quota.used_bytes,
        limit_bytes=quota.limit_bytes,
        each_limit_bytes=quota.each_limit_bytes,
        effective_limit_bytes=held.limit_bytes if held else None,
        effective_limit_source=held.source if held else None,
        percent=quota.percent,
    )
