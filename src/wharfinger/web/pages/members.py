"""Who belongs to a group or project, with which role, and where it comes from."""

from starlette.responses import Response

from wharfinger.domain import members
from wharfinger.domain.access import Group, Project
from wharfinger.domain.members import Member
from wharfinger.rules.roles import Role
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The members, and for who may manage them, the form for a new one."""
    place = opened(visit)
    part = visit.asked("q").strip()
    found = [one for one in members.list_members(visit.tools, visit.caller, place.path) if _named(one, part.lower())]
    roles = [role for role in Role if place.role is not None and role <= place.role]
    return visit.page("members.html", place=place, members=found, part=part, manages=_manages(place), roles=roles)


def put(visit: Visit) -> Response:
    """Make somebody a member, or change what a member may."""
    place, form = opened(visit), visit.form
    username, role = form["username"].strip(), visit.role()
    members.add(visit.tools, visit.caller, place.path, username, role, expires_at=visit.day("expires"))
    return visit.go(f"/{place.path}/-/members", f"{username} is {role.name.lower()} here.")


def remove(visit: Visit) -> Response:
    """End a membership."""
    place, username = opened(visit), visit.form["username"]
    if username == visit.caller.name:
        visit.require_typed(place.path)
    members.remove(visit.tools, visit.caller, place.path, username)
    if username == visit.caller.name:
        return visit.go("/", f"You are no longer a member of {place.path}.")
    return visit.go(f"/{place.path}/-/members", f"{username} is no longer a member here.")


def _named(member: Member, part: str) -> bool:
    return part in member.username.lower() or part in member.name.lower()


def _manages(place: Project | Group) -> bool:
    if place.role is None:
        return False
    return place.role >= (Role.MAINTAINER if isinstance(place, Project) else Role.OWNER)
