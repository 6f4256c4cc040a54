"""Cleanup policies: of projects, groups and the instance; running them, taking a run back.

GitLab has one policy in a project, `container_expiration_policy` of its JSON: here the one named "default".
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field, field_validator

from wharfinger.domain.access import Project
from wharfinger.domain.cleanup import history, policies, runs, terms
from wharfinger.domain.cleanup.history import Run, State
from wharfinger.domain.cleanup.policies import INSTANCE, Policy
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.rules.roles import Role
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Moment, Shape

router = APIRouter(tags=["cleanup"])

Name = Annotated[str, Path(description="the policy's name; `default` is the one that GitLab knows")]
Number = Annotated[int, Path(ge=1, le=10**18, description="the run's number")]


class ExpirationPolicy(Shape):
    """A project's policy as GitLab shows it."""

    cadence: str
    enabled: bool
    keep_n: int | None
    older_than: str | None
    name_regex: str
    name_regex_delete: str
    name_regex_keep: str | None
    next_run_at: Moment | None


class ExpirationChanges(Asked):
    """What is to change of it; empty values take a rule away."""

    cadence: str | None = Field(None, description="how often: 1d, 7d, 14d, 1month, 3month")
    enabled: bool | None = None
    keep_n: int | None = Field(None, description="so many newest stay")
    older_than: str | None = Field(None, description="what is younger stays: 7d, 90d")
    name_regex: str | None = Field(None, description="RE2, of the whole tag: these can go")
    name_regex_delete: str | None = Field(None, description="the same; it counts where both are given")
    name_regex_keep: str | None = Field(None, description="RE2, of the whole tag: these stay")

    @field_validator("keep_n", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return None if value in ("", 0, "0") else value


class PolicyChanges(ExpirationChanges):
    """What a policy is to say; what is left out stays as it is, or as GitLab's defaults have it."""

    repositories: list[str] | None = Field(None, description="names of images below the project, * for any run")
    keep_pulled: str | None = Field(None, description="what was pulled so lately stays")
    by_use: bool | None = Field(None, description="count the age from the later of push and pull")
    untagged: bool | None = Field(None, description="images that no tag leads to go as well")
    enforced: bool | None = Field(None, description="of groups and the instance: beside what projects have")


class Named(Shape):
    """Which policy it is. `place` is the path it belongs to, "" the instance; `holds`: it counts in this project."""

    id: int
    name: str
    place: str
    inherited: bool
    holds: bool


class PolicyShape(ExpirationPolicy, Named):  # what is named last comes first in JSON
    """A policy."""

    enforced: bool
    repositories: list[str]
    keep_pulled: str | None
    by_use: bool
    untagged: bool


class RunShape(Shape):
    """A run; what was asked for just once has no policy."""

    id: int
    policy: str | None
    state: State
    started_by: str
    due_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    restored_at: Moment | None
    tags_planned: int | None
    tags_removed: int
    untagged_removed: int
    freed_bytes: int
    error: str


class RestoredShape(Shape):
    """What came back, what could not, and whether the policy was switched off."""

    restored: int
    left: int
    switched_off: bool


@router.get("/projects/{id}/cleanup/policies")
def list_of_project(call: ApiCall, key: Key) -> list[PolicyShape]:
    """A project's policies, and those it inherits."""
    return [_policy(one) for one in policies.list_policies(call.tools, call.caller, places.project(call, key).path)]


@router.put("/projects/{id}/cleanup/policies/{name}")
def save_of_project(call: ApiCall, key: Key, name: Name, asked: PolicyChanges) -> PolicyShape:
    """Make or change a policy of a project; its next run is one cadence away."""
    return _save(call, places.project(call, key).path, name, asked)


@router.delete("/projects/{id}/cleanup/policies/{name}", status_code=204)
def remove_of_project(call: ApiCall, key: Key, name: Name) -> None:
    """Remove a policy of a project."""
    policies.remove(call.tools, call.caller, places.project(call, key).path, name)


@router.get("/groups/{id}/cleanup/policies")
def list_of_group(call: ApiCall, key: Key) -> list[PolicyShape]:
    """A group's policies."""
    return [_policy(one) for one in policies.list_policies(call.tools, call.caller, places.group(call, key).path)]


@router.put("/groups/{id}/cleanup/policies/{name}")
def save_of_group(call: ApiCall, key: Key, name: Name, asked: PolicyChanges) -> PolicyShape:
    """Make or change a policy of a group: for its projects that have none, or enforced for all."""
    return _save(call, places.group(call, key).path, name, asked)


@router.delete("/groups/{id}/cleanup/policies/{name}", status_code=204)
def remove_of_group(call: ApiCall, key: Key, name: Name) -> None:
    """Remove a policy of a group."""
    policies.remove(call.tools, call.caller, places.group(call, key).path, name)


@router.get("/admin/cleanup/policies")
def list_of_instance(call: ApiCall) -> list[PolicyShape]:
    """The policies of the instance, for administrators."""
    return [_policy(one) for one in policies.list_policies(call.tools, call.caller, INSTANCE)]


@router.put("/admin/cleanup/policies/{name}")
def save_of_instance(call: ApiCall, name: Name, asked: PolicyChanges) -> PolicyShape:
    """Make or change a policy of the instance, for administrators."""
    return _save(call, INSTANCE, name, asked)


@router.delete("/admin/cleanup/policies/{name}", status_code=204)
def remove_of_instance(call: ApiCall, name: Name) -> None:
    """Remove a policy of the instance, for administrators."""
    policies.remove(call.tools, call.caller, INSTANCE, name)


@router.post("/projects/{id}/cleanup/policies/{name}/run", status_code=202)
def run(call: ApiCall, key: Key, name: Name) -> RunShape:
    """Have a policy run now, on or off, a project's own or one that it inherits."""
    return _run(runs.run_now(call.tools, call.caller, places.project(call, key).path, name))


@router.get("/projects/{id}/cleanup/runs")
def list_runs(
    call: ApiCall,
    key: Key,
    before: Annotated[int | None, Query(ge=1, le=10**18, description="runs with smaller numbers")] = None,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[RunShape]:
    """What cleanup did in a project, newest first."""
    project = places.project(call, key)
    found = history.list_runs(call.tools, call.caller, project.path, before=before, limit=per_page)
    return [_run(one) for one in found]


@router.get("/projects/{id}/cleanup/runs/{run_id}")
def get_run(call: ApiCall, key: Key, run_id: Number) -> RunShape:
    """One run, and how far it is."""
    return _run(history.get(call.tools, call.caller, places.project(call, key).path, run_id))


@router.post("/projects/{id}/cleanup/runs/{run_id}/stop")
def stop_run(call: ApiCall, key: Key, run_id: Number) -> RunShape:
    """Let a run end where it is; what it removed so far can be restored."""
    return _run(runs.stop(call.tools, call.caller, places.project(call, key).path, run_id))


@router.post("/projects/{id}/cleanup/runs/{run_id}/restore")
def restore_run(call: ApiCall, key: Key, run_id: Number) -> RestoredShape:
    """Bring back all that a run removed, and switch its policy off where it is the project's own."""
    found = history.restore(call.tools, call.caller, places.project(call, key).path, run_id)
    return RestoredShape(restored=found.back, left=found.left, switched_off=found.switched_off)


def expiration_policy(call: Call, project: Project) -> ExpirationPolicy | None:
    """The policy that GitLab knows, for who may look at policies; the defaults, off, where there is none."""
    if project.role is None or project.role < Role.DEVELOPER:
        return None
    found = policies.get(call.tools, call.caller, project.path) or Policy(0, project.path, Terms())
    return ExpirationPolicy(**_shown(found))


def check_expiration_policy(asked: ExpirationChanges) -> None:
    """Refuse what no new policy can say. Raises SettingInvalid."""
    terms.checked(changed(None, FIRST, asked))


def save_expiration_policy(call: Call, project: str, asked: ExpirationChanges) -> None:
    """Change it as GitLab's project attributes do."""
    _save(call, project, FIRST, asked)


def _save(call: Call, place: str, name: str, asked: ExpirationChanges) -> PolicyShape:
    before = policies.get(call.tools, call.caller, place, name)
    policies.save(call.tools, call.caller, place, changed(before, name, asked))
    saved = policies.get(call.tools, call.caller, place, name)
    return _policy(saved or Policy(0, place, Terms(name)))


def changed(before: Policy | None, name: str, asked: ExpirationChanges) -> Terms:
    """The terms with what the request gives; an empty text is no rule, where there can be none."""
    given = {field: getattr(asked, field) for field in asked.model_fields_set}
    delete = given.pop("name_regex_delete", None)
    if delete is not None:
        given["name_regex"] = delete
    needed = ("cadence", "enabled", "name_regex", "repositories", "by_use", "untagged", "enforced")
    given = {field: value for field, value in given.items() if value is not None or field not in needed}
    if "repositories" in given:
        given["repositories"] = tuple(given["repositories"])
    if "name_regex_keep" in given:
        given["name_regex_keep"] = given["name_regex_keep"] or ""
    for field in ("older_than", "keep_pulled"):
        if field in given:
            given[field] = given[field] or None
    return replace(before.terms if before else Terms(name), **given)


def _shown(one: Policy) -> dict[str, Any]:
    said = one.terms
    return {
        "cadence": said.cadence,
        "enabled": said.enabled,
        "keep_n": said.keep_n,
        "older_than": said.older_than,
        "name_regex": said.name_regex,
        "name_regex_delete": said.name_regex,
        "name_regex_keep": said.name_regex_keep or None,
        "next_run_at": one.next_run_at,
    }


def _policy(one: Policy) -> PolicyShape:
    place = {"id": one.id, "place": one.place, "inherited": one.inherited, "holds": one.holds}
    return PolicyShape(**{**terms.facts(one.terms), **_shown(one), **place})


def _run(one: Run) -> RunShape:
    return RunShape(
        id=one.id,
        policy=one.terms.name if one.policy_id else None,
        state=one.state,
        started_by=one.started_by,
        due_at=one.due_at,
        started_at=one.started_at,
        finished_at=one.finished_at,
        restored_at=one.restored_at,
        tags_planned=one.tags_planned,
        tags_removed=one.tags_removed,
        untagged_removed=one.manifests_removed,
        freed_bytes=one.size_bytes,
        error=one.error,
    )
