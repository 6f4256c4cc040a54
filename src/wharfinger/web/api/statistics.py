"""How often images are pulled, and what nobody pulls. Our own: GitLab's API has no such thing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from wharfinger.domain import statistics
from wharfinger.domain.statistics import Idle, Pulls
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Moment, Shape

Days = Annotated[int, Query(ge=0, le=3650, description="neither pulled nor pushed for so many days")]
PerPage = Annotated[int, Query(ge=1, le=1000)]
OrderBy = Annotated[Literal["pull_count", "last_pulled_at"], Query(description="which of its images come first")]
After = Annotated[str, Query(description="the `location` of the last one of the page before")]


class PullsShape(Shape):
    """How often it was pulled, and when last."""

    path: str
    pull_count: int
    last_pulled_at: Moment | None


class PlacePulls(PullsShape):
    """The same of a place, with 100 of its images: those that are pulled most, or were pulled last."""

    images: list[PullsShape]


class IdleShape(Shape):
    """A tag that nobody pulls; `location` is its image and name."""

    repository_id: int
    location: str
    name: str
    pushed_at: Moment
    pull_count: int
    last_pulled_at: Moment | None


def routes(prefix: str, placing: Callable[[Call, str], str]) -> APIRouter:
    """The routes below projects or groups; `placing` gives the path of the place."""
    router = APIRouter(prefix=f"/{prefix}/{{id}}/registry/statistics", tags=["statistics"])

    @router.get("/pulls", name=f"statistics_pulls_of_{prefix}")
    def pulls(call: ApiCall, key: Key, *, order_by: OrderBy = "pull_count") -> PlacePulls:
        """How often its images are pulled; counts are up to a minute behind."""
        lately = order_by == "last_pulled_at"
        total, images = statistics.pulls(call.tools, call.caller, placing(call, key), lately=lately)
        return PlacePulls(**_pulls(total).model_dump(), images=[_pulls(image) for image in images])

    @router.get("/unpulled", name=f"statistics_unpulled_of_{prefix}")
    def unpulled(
        call: ApiCall, key: Key, *, days: Days = 90, per_page: PerPage = 100, after: After = ""
    ) -> list[IdleShape]:
        """Tags that nobody pulls, by image and name."""
        path, _, name = after.rpartition(":")
        found = statistics.unpulled(
            call.tools, call.caller, placing(call, key), age=timedelta(days=days), last=(path, name), limit=per_page
        )
        return [_idle(idle) for idle in found]

    return router


of_projects = routes("projects", lambda call, key: places.project(call, key).path)
of_groups = routes("groups", lambda call, key: places.group(call, key).path)


def _pulls(pulls: Pulls) -> PullsShape:
    return PullsShape(path=pulls.path, pull_count=pulls.pull_count, last_pulled_at=pulls.last_pulled_at)


def _idle(idle: Idle) -> IdleShape:
    return IdleShape(
        repository_id=idle.repository_id,
        location=f"{idle.path}:{idle.name}",
        name=idle.name,
        pushed_at=idle.pushed_at,
        pull_count=idle.pull_count,
        last_pulled_at=idle.last_pulled_at,
    )
