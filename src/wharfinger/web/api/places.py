"""The project or group that `:id` in a path means: a number, or an encoded path, present or former."""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Path

from wharfinger.domain import groups, projects
from wharfinger.domain.access import Group, Project
from wharfinger.domain.errors import GroupUnknown, ScopeMissing
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api.call import Call
from wharfinger.web.api.errors import Moved

_ID_AT: Final = 4  # "/api/v4/projects/17/…" in parts

Key = Annotated[str, Path(alias="id", description="its number, or its path with slashes as %2F")]


def project(call: Call, key: str) -> Project:
    """The project, for who may read it. Raises ProjectUnknown, Moved; a job is let into its own project only."""
    key = unquote(key)
    found = projects.find(call.tools, call.caller, key)
    if call.caller.kind is CredentialKind.JOB and found.id != call.caller.project_id:
        raise ScopeMissing("a job token is good for its own project only: use an access token here")
    _require_present(call, key, found)
    return found


def group(call: Call, key: str) -> Group:
    """The group, for who may see it; personal namespaces are none. Raises GroupUnknown, Moved."""
    key = unquote(key)
    found = groups.find(call.tools, call.caller, key)
    if found.owner_id is not None:
        raise GroupUnknown(f"{key} is the namespace of a person and no group: ask for its projects")
    _require_present(call, key, found)
    return found


def _require_present(call: Call, key: str, found: Project | Group) -> None:
    if key in (str(found.id), found.path):
        return
    parts = call.request.scope["path"].split("/")
    parts[_ID_AT] = str(found.id)
    query = call.request.scope["query_string"].decode("latin-1")
    raise Moved("/".join(parts) + (f"?{query}" if query else ""))
