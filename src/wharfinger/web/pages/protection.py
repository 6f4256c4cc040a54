"""Protected repositories, protected tags and immutable tags of a project."""

from typing import Final

from starlette.responses import Response

from wharfinger.domain import protection
from wharfinger.domain.access import Project
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

LEVELS: Final = (("", "As the role allows"), ("maintainer", "Maintainers and up"), ("owner", "Owners and up"),
                 ("admin", "Administrators only"))  # fmt: skip


def show(visit: Visit) -> Response:
    """The rules by kind, and for who may change them, a form for each kind."""
    project = opened(visit)
    found = protection.list_rules(visit.tools, visit.caller, project.path)
    role = project.role or 0
    return visit.page(
        "protection.html",
        place=project,
        rules={kind.value: [one for one in found if one.rule.kind is kind] for kind in Kind},
        manages=role >= Role.MAINTAINER,
        fixes=role >= Role.OWNER,
        levels=LEVELS,
        posted="" if visit.form["rule"] else visit.form["kind"],
        versions=visit.tools.policy.immutable_versions,
    )


def add(visit: Visit) -> Response:
    """Protect something."""
    project, kind = _project(visit), _kind(visit)
    rule = Rule(kind, visit.form["pattern"].strip(), _level(visit, "push"), _level(visit, "delete"))
    made = protection.add(visit.tools, visit.caller, project.path, rule)
    state = "immutable" if kind is Kind.IMMUTABLE else "protected"
    return visit.go(f"/{project.path}/-/protection", f"{made.rule.pattern} is {state} from now on.")


def change(visit: Visit) -> Response:
    """Give a rule another pattern, or let others in."""
    project, kind, pattern = _project(visit), _kind(visit), visit.form["pattern"].strip()
    levels = {"push": _level(visit, "push"), "delete": _level(visit, "delete")}
    protection.change(visit.tools, visit.caller, project.path, kind, visit.number("rule"), pattern=pattern, **levels)
    return visit.go(f"/{project.path}/-/protection", f"The rule for {pattern} is changed.")


def remove(visit: Visit) -> Response:
    """Stop protecting it; the visitor has typed the pattern."""
    project, kind, number = _project(visit), _kind(visit), visit.number("rule")
    rules = protection.list_rules(visit.tools, visit.caller, project.path)
    visit.require_typed(next((one.rule.pattern for one in rules if one.id == number), ""))
    protection.remove(visit.tools, visit.caller, project.path, kind, number)
    return visit.go(f"/{project.path}/-/protection", "The rule is gone.")


def _project(visit: Visit) -> Project:
    place = opened(visit)
    if not isinstance(place, Project):
        raise SettingInvalid("rules of protection belong to projects: open one")
    return place


def _kind(visit: Visit) -> Kind:
    try:
        return Kind(visit.form["kind"])
    except ValueError as error:
        raise SettingInvalid("choose what to protect: repositories, tags, or immutable tags") from error


def _level(visit: Visit, name: str) -> Level | None:
    word = visit.form[name]
    try:
        return Level[word.upper()] if word else None
    except KeyError as error:
        raise SettingInvalid("choose who may: maintainers, owners or administrators") from error
