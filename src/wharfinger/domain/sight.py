"""What somebody sees where things are listed: conditions on `projects`, by the same rights as `access` has for one.

A project is seen by whoever may read it; its images can be hidden or switched off where it is not (`access.Project`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select

from wharfinger.db import access as rows
from wharfinger.domain.access import Caller
from wharfinger.rules.roles import Action, Profile, Role, Visibility, may
from wharfinger.rules.scopes import CredentialKind


def image_projects(caller: Caller, now: datetime, profile: Profile) -> Select[Any]:
    """The ids of projects whose images the caller may pull, for `repositories.project_id.in_(…)`."""
    return rows.of_repositories(images(caller, now, profile))


def images(caller: Caller, now: datetime, profile: Profile) -> ColumnElement[bool]:
    """A condition on `projects` that holds where the caller may pull images: nobody where the registry is off."""
    condition = _seen(caller, now, profile, rows.OF_IMAGES)
    return rows.REGISTRY_ON if condition is None else rows.REGISTRY_ON & condition


def projects(caller: Caller, now: datetime, profile: Profile) -> ColumnElement[bool] | None:
    """A condition on `projects` that holds where the caller may read the project; None: everywhere."""
    return _seen(caller, now, profile, rows.OF_PROJECTS)


def _seen(caller: Caller, now: datetime, profile: Profile, seen: ColumnElement[int]) -> ColumnElement[bool] | None:
    if caller.admin:
        return None
    deploy = caller.kind is CredentialKind.DEPLOY
    signed_in = caller.user_id is not None
    open_to_all = [kind for kind in Visibility if may(Action.PULL, None, kind, signed_in=signed_in, profile=profile)]
    lowest = [
        (kind, min(role for role in Role if may(Action.PULL, role, kind, signed_in=signed_in, profile=profile)))
        for kind in Visibility
        if kind not in open_to_all
    ]
    bound = (caller.namespace_id, caller.project_id) if deploy else None
    return rows.readable(
        user=caller.user_id,
        bound=bound,
        now=now,
        open_to_all=open_to_all,
        lowest=lowest,
        seen=seen,
        job=caller.project_id if caller.kind is CredentialKind.JOB else None,
    )
