"""Rules that protect repositories and tags of a project (GitLab: Container repository and tag protection rules API).

Immutable tags have rules of the same kind at `tag/rules` with `immutable: true`, and no levels.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from wharfinger.domain import protection
from wharfinger.domain.errors import RuleUnknown, SettingInvalid
from wharfinger.domain.protection import Kept
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Shape

router = APIRouter(tags=["protection"])

Number = Annotated[int, Path(ge=1, le=10**18, description="the rule's number")]
_PUSH, _DELETE = "minimum_access_level_for_push", "minimum_access_level_for_delete"


class Word(StrEnum):
    """The lowest level that may."""

    MAINTAINER = "maintainer"
    OWNER = "owner"
    ADMIN = "admin"


Lowest = Annotated[
    Word | Literal[""] | None, Field(description="maintainer, owner or admin; empty leaves it to the role")
]


class RepositoryRule(Shape):
    """A rule for repositories."""

    id: int
    project_id: int
    repository_path_pattern: str
    minimum_access_level_for_push: Word | None
    minimum_access_level_for_delete: Word | None


class TagRule(Shape):
    """A rule for tags; an immutable one has no levels."""

    id: int
    project_id: int
    tag_name_pattern: str
    minimum_access_level_for_push: Word | None
    minimum_access_level_for_delete: Word | None
    immutable: bool


class _Levels(Asked):
    minimum_access_level_for_push: Lowest = None
    minimum_access_level_for_delete: Lowest = None


class NewRepositoryRule(_Levels):
    """What a rule for repositories is made of."""

    repository_path_pattern: Annotated[str, Field(description="the full path of repositories, * for any run")]


class ChangedRepositoryRule(_Levels):
    """What is to change of one."""

    repository_path_pattern: str | None = None


class NewTagRule(_Levels):
    """What a rule for tags is made of."""

    tag_name_pattern: Annotated[str, Field(description="an RE2 expression, searched in the tag")]
    immutable: Annotated[bool, Field(description="create once, never move or delete; then without levels")] = False


class ChangedTagRule(_Levels):
    """What is to change of one."""

    tag_name_pattern: str | None = None


@router.get("/projects/{id}/registry/protection/repository/rules")
def list_of_repositories(call: ApiCall, key: Key, paging: Paged) -> list[RepositoryRule]:
    """The rules for repositories of a project."""
    return paging.part(_rules(call, key, (Kind.REPOSITORY,)), _repository_rule)


@router.post("/projects/{id}/registry/protection/repository/rules", status_code=201)
def add_for_repositories(call: ApiCall, key: Key, asked: NewRepositoryRule) -> RepositoryRule:
    """Protect repositories: whoever is below a level cannot push to them, or cannot delete in them."""
    rule = Rule(Kind.REPOSITORY, asked.repository_path_pattern, **_levels(asked))
    return _repository_rule(protection.add(call.tools, call.caller, places.project(call, key).path, rule))


@router.patch("/projects/{id}/registry/protection/repository/rules/{rule_id}")
def change_for_repositories(call: ApiCall, key: Key, rule_id: Number, asked: ChangedRepositoryRule) -> RepositoryRule:
    """Change a rule for repositories."""
    return _repository_rule(_change(call, key, Kind.REPOSITORY, rule_id, _changes(asked, "repository_path_pattern")))


@router.delete("/projects/{id}/registry/protection/repository/rules/{rule_id}", status_code=204)
def remove_for_repositories(call: ApiCall, key: Key, rule_id: Number) -> None:
    """Remove a rule for repositories."""
    protection.remove(call.tools, call.caller, places.project(call, key).path, Kind.REPOSITORY, rule_id)


@router.get("/projects/{id}/registry/protection/tag/rules")
def list_of_tags(call: ApiCall, key: Key, paging: Paged) -> list[TagRule]:
    """The rules for tags of a project, immutable ones among them."""
    return paging.part(_rules(call, key, (Kind.TAG, Kind.IMMUTABLE)), _tag_rule)


@router.post("/projects/{id}/registry/protection/tag/rules", status_code=201)
def add_for_tags(call: ApiCall, key: Key, asked: NewTagRule) -> TagRule:
    """Protect tags: whoever is below a level cannot push them, or cannot delete them; or make them immutable."""
    levels = _levels(asked)
    if asked.immutable and any(levels.values()):
        raise SettingInvalid("immutable: a rule for immutable tags has no levels, leave them out")
    rule = Rule(Kind.IMMUTABLE if asked.immutable else Kind.TAG, asked.tag_name_pattern, **levels)
    return _tag_rule(protection.add(call.tools, call.caller, places.project(call, key).path, rule))


@router.patch("/projects/{id}/registry/protection/tag/rules/{rule_id}")
def change_for_tags(call: ApiCall, key: Key, rule_id: Number, asked: ChangedTagRule) -> TagRule:
    """Change a rule for tags; one for immutable tags does not change."""
    kind = _kind_of(call, key, rule_id)
    return _tag_rule(_change(call, key, kind, rule_id, _changes(asked, "tag_name_pattern")))


@router.delete("/projects/{id}/registry/protection/tag/rules/{rule_id}", status_code=204)
def remove_for_tags(call: ApiCall, key: Key, rule_id: Number) -> None:
    """Remove a rule for tags."""
    kind = _kind_of(call, key, rule_id)
    protection.remove(call.tools, call.caller, places.project(call, key).path, kind, rule_id)


# The address that GitLab had before there were rules for tags: python-gitlab's `registry_protection_rules`.
_FORMER: Final[tuple[tuple[str, str, int, Callable[..., Any]], ...]] = (
    ("GET", "", 200, list_of_repositories),
    ("POST", "", 201, add_for_repositories),
    ("PATCH", "/{rule_id}", 200, change_for_repositories),
    ("DELETE", "/{rule_id}", 204, remove_for_repositories),
)
for _method, _rest, _status, _handler in _FORMER:
    router.add_api_route(
        f"/projects/{{id}}/registry/protection/rules{_rest}",
        _handler,
        methods=[_method],
        status_code=_status,
        name=f"former_{_handler.__name__}",
        deprecated=True,
    )


def _rules(call: Call, key: str, kinds: tuple[Kind, ...]) -> list[Kept]:
    found = protection.list_rules(call.tools, call.caller, places.project(call, key).path)
    return [one for one in found if one.rule.kind in kinds]


def _kind_of(call: Call, key: str, number: int) -> Kind:
    found = _rules(call, key, (Kind.TAG, Kind.IMMUTABLE))
    kind = next((one.rule.kind for one in found if one.id == number), None)
    if kind is None:
        raise RuleUnknown(f"no rule {number} for tags in this project: list them to see what there is")
    return kind


def _change(call: Call, key: str, kind: Kind, number: int, changes: dict[str, Any]) -> Kept:
    return protection.change(call.tools, call.caller, places.project(call, key).path, kind, number, **changes)


def _changes(asked: _Levels, pattern: str) -> dict[str, Any]:
    given = {name: getattr(asked, name) for name in asked.model_fields_set}
    found: dict[str, Any] = {}
    if given.get(pattern) is not None:
        found["pattern"] = given[pattern]
    for name, field in (("push", _PUSH), ("delete", _DELETE)):
        if field in given:
            found[name] = _level(given[field])
    return found


def _levels(asked: _Levels) -> dict[str, Level | None]:
    return {
        "push": _level(asked.minimum_access_level_for_push),
        "delete": _level(asked.minimum_access_level_for_delete),
    }


def _level(word: str | None) -> Level | None:
    return Level[word.upper()] if word else None


def _word(level: Level | None) -> Word | None:
    return None if level is None else Word[level.name]


def _repository_rule(kept: Kept) -> RepositoryRule:
    return RepositoryRule(
        id=kept.id,
        project_id=kept.project_id,
        repository_path_pattern=kept.rule.pattern,
        minimum_access_level_for_push=_word(kept.rule.push),
        minimum_access_level_for_delete=_word(kept.rule.delete),
    )


def _tag_rule(kept: Kept) -> TagRule:
    return TagRule(
        id=kept.id,
        project_id=kept.project_id,
        tag_name_pattern=kept.rule.pattern,
        minimum_access_level_for_push=_word(kept.rule.push),
        minimum_access_level_for_delete=_word(kept.rule.delete),
        immutable=kept.rule.kind is Kind.IMMUTABLE,
    )
