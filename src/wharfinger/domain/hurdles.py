"""What stands in the way of one who wants to pull, push or delete an image: every hurdle, not the first alone.

Each says who can take it away. It is asked by `reasons`, which decides who may be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from wharfinger.db import images as image_rows
from wharfinger.db import members as member_rows
from wharfinger.db import repositories as repository_rows
from wharfinger.db import tags as tag_rows
from wharfinger.domain import guard, quotas
from wharfinger.domain.access import Caller, Project
from wharfinger.domain.tools import Tools
from wharfinger.rules import grants, patterns, protection, scopes, sizes
from wharfinger.rules.grants import Standing
from wharfinger.rules.protection import VERSIONS, Guard, Kind, Level
from wharfinger.rules.roles import Action, RegistryAccess, Role

FULL: Final = 100
_MOST_NAMES: Final = 20


class What(StrEnum):
    """What kind of thing stands in the way."""

    REGISTRY = "Registry of the project"
    ROLE = "Role"
    SCOPE = "Scope of the token"
    REPOSITORY = "Protected repository"
    TAG = "Protected tag"
    IMMUTABLE = "Immutable tag"
    QUOTA = "Storage limit"
    ABSENT = "Nothing there"


@dataclass(frozen=True, slots=True)
class Hurdle:
    """Something in the way, in a sentence.

    `helper` is who can take it away ("a maintainer of acme/shop"), `people` those who are that, by user name; `page`
    is where it is done, `partly`: some tags alone meet it.
    """

    what: What
    sentence: str
    helper: str = ""
    people: tuple[str, ...] = ()
    page: str = ""
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Matter:
    """What is looked at: somebody's standing in a project and the image, `path`, with its `tag` if one is meant."""

    tools: Tools
    caller: Caller
    project: Project
    standing: Standing
    path: str
    tag: str = ""
    people: dict[tuple[str, Role], tuple[str, ...]] = field(default_factory=dict)


def between(tx: Connection, matter: Matter, action: Action) -> tuple[Hurdle, ...]:
    """Everything in the way of this action; those first without which others would not be met."""
    found = list(_of_grants(tx, matter, action))
    if action in (Action.PUSH, Action.DELETE):
        held = guard.of(tx, matter.tools, matter.project.id, matter.project.path)
        level = guard.level(tx, matter.tools, matter.caller, matter.project.id)
        found += _of_rules(tx, matter, action, held, level)
        found += _of_immutable(tx, matter, action, held)
    if action is Action.PUSH:
        found += [*_of_quotas(tx, matter), *_of_the_loose(tx, matter)]
    if action is Action.PULL:
        found += _of_absence(tx, matter)
    return tuple(found)


def holding(tx: Connection, tools: Tools, path: str, project: int | None, lowest: Role) -> tuple[str, ...]:
    """People who have this role at least in the place at `path`, by user name."""
    now = tools.clock()
    able = {
        row.username
        for row in member_rows.reaching(tx, path, project)
        if row.role >= lowest and not row.bot and not row.blocked and (row.expires_at is None or row.expires_at > now)
    }
    return tuple(sorted(able)[:_MOST_NAMES])


def _of_grants(tx: Connection, matter: Matter, action: Action) -> Iterator[Hurdle]:
    """A registry that is off, role and scope; all of them, where all are missing."""
    standing = matter.standing
    if standing.registry is RegistryAccess.DISABLED and action is not Action.ADMINISTER:
        off = Hurdle(What.REGISTRY, grants.lacking(action, standing), page="/-/settings")
        yield _by(tx, matter, Role.MAINTAINER, off)
        standing = replace(standing, registry=RegistryAccess.ENABLED)
    of_scope = scopes.lacking(standing.kind, standing.scopes, action)
    first = grants.lacking(action, standing)
    if first and first != of_scope:
        yield _by(tx, matter, Role.MAINTAINER, Hurdle(What.ROLE, first, page="/-/members"))
    if of_scope:
        yield Hurdle(What.SCOPE, of_scope, "whoever may make such a token")


def _of_rules(tx: Connection, matter: Matter, action: Action, held: Guard, level: int) -> Iterator[Hurdle]:
    for rule in held.rules:
        lowest = rule.level(action)
        if lowest is None or lowest <= level:
            continue
        whose = f"the rule “{rule.pattern}” of {matter.project.path}"
        found = None
        if rule.kind is Kind.REPOSITORY and patterns.wildcard(rule.pattern).fullmatch(matter.path):
            what = f"the repository {matter.path}"
            found = Hurdle(What.REPOSITORY, f"{protection.needs(action, what, lowest)} ({whose})")
        elif rule.kind is Kind.TAG and not matter.tag:
            what = f"tags in which “{rule.pattern}” is found are protected"
            found = Hurdle(What.TAG, f"{what}, {scopes.DOING[action]} them needs {_ROLES[lowest]}", partly=True)
        elif rule.kind is Kind.TAG and patterns.expression(rule.pattern).search(matter.tag):
            found = Hurdle(What.TAG, f"{protection.needs(action, f'the tag {matter.tag}', lowest)} ({whose})")
        if found is not None:
            yield _by_level(tx, matter, lowest, found)


def _of_immutable(tx: Connection, matter: Matter, action: Action, held: Guard) -> Iterator[Hurdle]:
    """Tags that stay: once there, they cannot be pushed again, and never be deleted."""
    for pattern in held.immutable_patterns():
        instance = pattern == VERSIONS and held.versions
        whose = "the setting registry.immutable_versions" if instance else f"the rule “{pattern}”"
        if not matter.tag:
            sentence = f"tags in which “{pattern}” is found are immutable: they are created once and then stay"
        elif patterns.expression(pattern).search(matter.tag) and (action is Action.DELETE or _there(tx, matter)):
            sentence = f"the tag {matter.tag} is immutable, it stays what it was created as ({whose})"
        else:
            continue
        hurdle = Hurdle(What.IMMUTABLE, sentence, partly=not matter.tag)
        if instance:
            yield _with(hurdle, "the operator of this server")
        else:
            yield _by(tx, matter, Role.MAINTAINER, _with(hurdle, "", page="/-/protection"))


def _of_quotas(tx: Connection, matter: Matter) -> Iterator[Hurdle]:
    """Limits that are reached, in the project and in every place above it; the instance's numbers are not told."""
    for quota in quotas.line(tx, matter.project.path):
        if quota.ceiling is None or (quota.percent or 0) < FULL:
            continue
        used, limit = sizes.in_words(quota.used_bytes), sizes.in_words(quota.ceiling.limit_bytes)
        whose = f"the storage of {quota.path} is full: it uses {used} of {limit}"
        source = quota.ceiling.source
        if source and source != quota.path:
            whose += f", the limit that {source} sets for each of its projects"
        hurdle = Hurdle(What.QUOTA, whose if quota.path else "the storage of this server is full")
        above = quota.path.rpartition("/")[0]
        if above:
            people = holding(tx, matter.tools, above, None, Role.OWNER)
            yield _with(hurdle, f"an owner of {above}, by a higher limit", people, f"/{quota.path}/-/usage")
        else:
            yield _with(hurdle, "an administrator, by a higher limit", page="/admin/usage" if not quota.path else "")


def _of_the_loose(tx: Connection, matter: Matter) -> Iterator[Hurdle]:
    """Places that hold too much that no tag keeps."""
    for refusal in quotas.crowded(tx, matter.project.id):
        hurdle = Hurdle(What.QUOTA, str(refusal).partition(":")[0], page="/-/trash")
        yield _by(tx, matter, Role.MAINTAINER, hurdle)


def _of_absence(tx: Connection, matter: Matter) -> Iterator[Hurdle]:
    repository = _repository(tx, matter)
    if repository is None:
        sentence = (
            f"nothing was pushed to {matter.path}, or it was deleted: compare the name with the images of the project"
        )
        yield Hurdle(What.ABSENT, sentence, page=f"/{matter.project.path}/-/registry")
    elif matter.tag and not _there(tx, matter):
        sentence = f"there is no tag {matter.tag} in {matter.path}: it was never pushed, or was deleted or cleaned up"
        yield Hurdle(What.ABSENT, sentence, page=f"/{matter.project.path}/-/registry/{repository}")


def _repository(tx: Connection, matter: Matter) -> int | None:
    """The number of the image repository, if something is in it."""
    found = image_rows.repository_id(tx, matter.project.id, matter.path[len(matter.project.path) + 1 :])
    return found if found is not None and repository_rows.path_of(tx, found) is not None else None


def _there(tx: Connection, matter: Matter) -> bool:
    repository = _repository(tx, matter)
    return repository is not None and tag_rows.one(tx, repository, matter.tag) is not None


_ROLES: Final = {Level.MAINTAINER: "a maintainer", Level.OWNER: "an owner", Level.ADMIN: "an administrator"}


def _by_level(tx: Connection, matter: Matter, lowest: Level, hurdle: Hurdle) -> Hurdle:
    """Who may do it in spite of the rule; who may change the rule is a maintainer in any case."""
    if lowest is Level.ADMIN:
        return _with(hurdle, "an administrator, or a maintainer by changing the rule", page="/-/protection")
    return _by(tx, matter, Role(int(lowest)), _with(hurdle, "", page="/-/protection"))


def _by(tx: Connection, matter: Matter, lowest: Role, hurdle: Hurdle) -> Hurdle:
    """Somebody of this role in the project can help."""
    path = matter.project.path
    if (path, lowest) not in matter.people:
        matter.people[path, lowest] = holding(tx, matter.tools, path, matter.project.id, lowest)
    article = "an" if lowest is Role.OWNER else "a"
    page = f"/{path}{hurdle.page}" if hurdle.page else ""
    return _with(hurdle, f"{article} {lowest.name.lower()} of {path}", matter.people[path, lowest], page)


def _with(hurdle: Hurdle, helper: str, people: tuple[Any, ...] = (), page: str = "") -> Hurdle:
    return Hurdle(hurdle.what, hurdle.sentence, helper, people, page or hurdle.page, hurdle.partly)
