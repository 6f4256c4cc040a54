"""Where a path leads and what roles somebody has there: the statements. Nothing here decides.

Every answer is one statement of one shape, whether the place is there or not and whoever asks.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from wharfinger.db import answers
from wharfinger.db.tables.columns import ID, PATH, Moment
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import job_allowances, members, namespaces, projects, routes

MOST_PATHS: Final = 3

_USER: Final = bindparam("user", type_=ID)
_NOW: Final = bindparam("now", type_=Moment())
_BOUND_NAMESPACE: Final = bindparam("bound_namespace", type_=ID)
_BOUND_PROJECT: Final = bindparam("bound_project", type_=ID)


def within(path: ColumnElement[str], top: ColumnElement[str]) -> ColumnElement[bool]:
    """Is `path` the place `top`, or below it? Compared by length, so that no path is read as a pattern."""
    return func.substr(path + "/", 1, func.length(top) + 1) == top + "/"


def below(path: ColumnElement[str], top: str) -> ColumnElement[bool]:
    """Is `path` below `top`? As a range in byte order ("0" follows "/"), which an index on the path answers."""
    return (path > f"{top}/") & (path < f"{top}0")


def role_in(place: FromClause, user: ColumnElement[Any], now: ColumnElement[Any]) -> ScalarSelect[Any]:
    """The highest role that memberships which are not over give on a project or namespace, here or above."""
    above = namespaces.alias("above")
    here = within(place.c.path, above.c.path)
    if place is projects:
        here = or_(here, members.c.project_id == place.c.id)
    counts = or_(members.c.expires_at.is_(None), members.c.expires_at > now)
    joined = members.outerjoin(above, above.c.id == members.c.namespace_id)
    found = select(func.max(members.c.role)).select_from(joined).where(members.c.user_id == user, counts, here)
    return found.correlate(place).scalar_subquery()


def role_of(place: FromClause, user: int | None, now: datetime | None) -> ScalarSelect[Any]:
    """The same, of this user at this moment."""
    return role_in(place, _value(user, ID), _value(now, Moment()))


def _bound(namespace: ColumnElement[Any], project: ColumnElement[Any]) -> ColumnElement[bool]:
    """Is the project the one a credential is bound to, or below the group it is bound to?"""
    group = namespaces.alias("bound")
    inside = exists().where(group.c.id == namespace, within(projects.c.path, group.c.path)).correlate(projects)
    return or_(projects.c.id == project, inside)


def _barred(job: ColumnElement[Any]) -> ColumnElement[bool]:
    """Is the project limited to jobs of its own and of an allowlist, on which the project of this job is not?"""
    source, group = projects.alias("source"), namespaces.alias("allowed")
    above = group.c.id == job_allowances.c.from_namespace_id
    inside = exists().where(source.c.id == job, above, within(source.c.path, group.c.path)).correlate(job_allowances)
    named = or_(job_allowances.c.from_project_id == job, inside)
    listed = exists().where(job_allowances.c.project_id == projects.c.id, named).correlate(projects)
    return projects.c.jobs_limited & (projects.c.id != job) & ~listed


_PROJECT: Final[Select[Any]] = (
    select(
        projects.c.id,
        projects.c.path,
        projects.c.name,
        projects.c.namespace_id,
        projects.c.visibility,
        projects.c.registry_access,
        projects.c.description,
        projects.c.created_at,
        routes.c.path.label("found"),
        role_in(projects, _USER, _NOW).label("role"),
        case((_bound(_BOUND_NAMESPACE, _BOUND_PROJECT), literal_column("1")), else_=literal_column("0")).label("bound"),
        case((_barred(_BOUND_PROJECT), literal_column("1")), else_=literal_column("0")).label("barred"),
    )
    .join(routes, routes.c.project_id == projects.c.id)
    .where(routes.c.path.in_([bindparam(f"candidate{number}", type_=PATH) for number in range(MOST_PATHS)]))
    .order_by(func.length(routes.c.path).desc())
    .limit(1)
)
_GROUP: Final[Select[Any]] = (
    select(
        namespaces.c.id,
        namespaces.c.path,
        namespaces.c.name,
        namespaces.c.parent_id,
        namespaces.c.owner_id,
        namespaces.c.visibility,
        namespaces.c.description,
        namespaces.c.created_at,
        role_in(namespaces, _USER, _NOW).label("role"),
    )
    .join(routes, routes.c.namespace_id == namespaces.c.id)
    .where(routes.c.path == bindparam("wanted", type_=PATH))
)


def project_at(
    tx: Connection,
    paths: Sequence[str],
    *,
    user: int | None,
    bound: tuple[int | None, int | None],
    now: datetime | None,
) -> Row[Any] | None:
    """The project at the longest of at most three paths, present or former.

    id, path, name, namespace_id, visibility, registry_access, description, created_at, found (the path it was found
    under), role (the user's highest, or None), bound (is it inside the namespace or the project that a credential is
    bound to?) and barred (does it let in the jobs of others only, and not of that project?).
    """
    padded = [*paths, *[""] * (MOST_PATHS - len(paths))]  # nothing has an empty path
    values = {f"candidate{number}": path for number, path in enumerate(padded)}
    asker = {"user": user, "now": now, "bound_namespace": bound[0], "bound_project": bound[1]}
    return answers.first(tx, _PROJECT, {**values, **asker})


def namespace_at(tx: Connection, path: str, *, user: int | None, now: datetime | None) -> Row[Any] | None:
    """The columns of the group or personal namespace at this path, and the user's role there."""
    return answers.first(tx, _GROUP, {"wanted": path, "user": user, "now": now})


OF_PROJECTS: Final[ColumnElement[int]] = projects.c.visibility
OF_IMAGES: Final[ColumnElement[int]] = case((projects.c.registry_access == "private", 0), else_=projects.c.visibility)
REGISTRY_ON: Final[ColumnElement[bool]] = projects.c.registry_access != "disabled"


def readable(
    *,
    user: int | None,
    bound: tuple[int | None, int | None] | None,
    now: datetime,
    open_to_all: Sequence[int],
    lowest: Sequence[tuple[int, int]],
    seen: ColumnElement[int],
    job: int | None = None,
) -> ColumnElement[bool]:
    """A condition on `projects`: readable to all at these visibilities, or to whoever has the lowest role for one.

    `bound` is what a credential without a user is bound to: it reads all of that. `seen` is the visibility that counts:
    OF_PROJECTS or OF_IMAGES. `job` is the project of the job that asks: a role does not open what is closed to it.
    """
    role = role_of(projects, user, now)
    ways: list[ColumnElement[bool]] = [seen.in_(list(open_to_all))]
    if user is not None:
        let_in = true() if job is None else ~_barred(_value(job, ID))
        ways += [(seen == visibility) & (role >= needed) & let_in for visibility, needed in lowest]
    if bound is not None:
        ways.append(_bound(_value(bound[0], ID), _value(bound[1], ID)))
    return or_(false(), *ways)


def of_repositories(condition: ColumnElement[bool]) -> Select[Any]:
    """The ids of projects that fulfil the condition, to be used as `repositories.project_id.in_(…)`.

    It is tied to the row of `repositories` at hand, so that a page of a long listing asks about no more projects than
    it shows; a free-standing selection would first collect every project there is.
    """
    return select(projects.c.id).where(projects.c.id == repositories.c.project_id, condition).correlate(repositories)


def _value(value: object, type_: Any) -> ColumnElement[Any]:
    return bindparam(None, value, type_=type_)
