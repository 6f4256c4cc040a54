"""Access tokens: one's own, those of a group or project, and, for administrators, those of anybody.

A new one is shown once, by the answer to its form.
"""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import tokens, users
from wharfinger.domain.access import Group, Project
from wharfinger.domain.errors import TokenUnknown
from wharfinger.domain.tokens import NewToken, Token
from wharfinger.domain.users import User
from wharfinger.rules.roles import Action, Role
from wharfinger.rules.scopes import SCOPES, CredentialKind
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

REGISTRY: Final = ("read_registry", "write_registry")
PERSONAL: Final = (*REGISTRY, "read_api", "api", "read_user")


def show(visit: Visit) -> Response:
    """The visitor's own tokens."""
    return _own(visit, None)


def create(visit: Visit) -> Response:
    """A new one, shown now and never again."""
    form, text = visit.form, visit.text("description")
    made = tokens.create_personal(
        visit.tools,
        visit.caller,
        form["name"],
        form.all("scopes"),
        expires_at=visit.day("expires"),
        description=text,
    )
    return _own(visit, made)


def rotate(visit: Visit) -> Response:
    """A new secret for the same."""
    return _own(visit, _rotated(visit, _own_one(visit)))


def revoke(visit: Visit) -> Response:
    """The end of one."""
    _revoke(visit, _own_one(visit))
    return visit.go("/profile/tokens", "The token is good for nothing any more.")


def show_of(visit: Visit) -> Response:
    """The tokens of a person, for administrators."""
    return _of_person(visit, None)


def create_of(visit: Visit) -> Response:
    """A new one for a person, shown now and never again."""
    form, ends = visit.form, visit.day("expires")
    who = _person(visit).username
    made = tokens.create_personal(
        visit.tools,
        visit.caller,
        form["name"],
        form.all("scopes"),
        username=who,
        expires_at=ends,
        description=visit.text("description"),
    )
    return _of_person(visit, made)


def rotate_of(visit: Visit) -> Response:
    """A new secret for the same."""
    return _of_person(visit, _rotated(visit, _one_of(visit)))


def revoke_of(visit: Visit) -> Response:
    """The end of one."""
    _revoke(visit, _one_of(visit))
    username = visit.of_path("username")
    return visit.go(f"/admin/users/{username}/tokens", f"The token of {username} is good for nothing any more.")


def show_place(visit: Visit) -> Response:
    """The tokens of a group or project, for who may make them."""
    return _of_place(visit, opened(visit, Action.ADMINISTER), None)


def create_place(visit: Visit) -> Response:
    """A new one for a bot with a role here, or for machines that deploy."""
    place, form, ends = opened(visit, Action.ADMINISTER), visit.form, visit.day("expires")
    name, scopes = form["name"], form.all("scopes")
    if form["kind"] == "deploy":
        username = form["username"].strip() or None
        made = tokens.create_deploy(
            visit.tools, visit.caller, place.path, name, scopes, username=username, expires_at=ends
        )
    else:
        made = tokens.create_bot(
            visit.tools,
            visit.caller,
            place.path,
            name,
            scopes,
            role=visit.role(),
            expires_at=ends,
            description=visit.text("description"),
        )
    return _of_place(visit, place, made)


def rotate_place(visit: Visit) -> Response:
    """A new secret for the same."""
    place = opened(visit, Action.ADMINISTER)
    return _of_place(visit, place, _rotated(visit, _one_in(visit, place)))


def revoke_place(visit: Visit) -> Response:
    """The end of one."""
    place = opened(visit, Action.ADMINISTER)
    _revoke(visit, _one_in(visit, place))
    return visit.go(f"/{place.path}/-/tokens", "The token is good for nothing any more.")


def _rotated(visit: Visit, token: Token) -> NewToken:
    """The new one; it ends on the day that the form says, or else lives as long as the old one was to live."""
    return tokens.rotate(visit.tools, visit.caller, token.id, expires_at=visit.day("ends"))


def _revoke(visit: Visit, token: Token) -> None:
    """The visitor has typed its name."""
    visit.require_typed(token.name)
    tokens.revoke(visit.tools, visit.caller, token.id)


def _own(visit: Visit, made: NewToken | None) -> Response:
    found = [one for one in tokens.list_personal(visit.tools, visit.caller) if one.kind is CredentialKind.PERSONAL]
    return visit.page("tokens.html", new=made, scopes=_explained(PERSONAL), **_sorted(visit, found))


def _of_person(visit: Visit, made: NewToken | None) -> Response:
    user = _person(visit)
    found = tokens.list_personal(visit.tools, visit.caller, username=user.username)
    found = [one for one in found if one.kind is CredentialKind.PERSONAL]
    return visit.page("user_tokens.html", user=user, new=made, scopes=_explained(PERSONAL), **_sorted(visit, found))


def _person(visit: Visit) -> User:
    return users.get(visit.tools, visit.caller, visit.of_path("username"))


def _own_one(visit: Visit) -> Token:
    """The token that the form names, if it is one of the visitor's own. Raises TokenUnknown, as those below do."""
    return _personal_of(visit, visit.caller.user_id, "you have")


def _one_of(visit: Visit) -> Token:
    """The same, if it is one that the person made or was given."""
    user = _person(visit)
    return _personal_of(visit, user.id, f"{user.username} has")


def _personal_of(visit: Visit, user: int | None, whose: str) -> Token:
    token = tokens.get(visit.tools, visit.caller, visit.number("token"))
    if token.kind is not CredentialKind.PERSONAL or token.user_id != user:
        raise TokenUnknown(f"{whose} no access token {token.id}: look at the list of those that there are")
    return token


def _one_in(visit: Visit, place: Project | Group) -> Token:
    """The same, if it is one of this very place."""
    token = tokens.get(visit.tools, visit.caller, visit.number("token"))
    if token.place != place.path:
        raise TokenUnknown(f"{place.path} has no access token {token.id}: look at the list of those that there are")
    return token


def _of_place(visit: Visit, place: Project | Group, made: NewToken | None) -> Response:
    found = tokens.list_of_place(visit.tools, visit.caller, place.path)
    roles = [role for role in Role if place.role is not None and role <= place.role]
    facts: dict[str, Any] = {"place": place, "roles": roles, "scopes": _explained((*REGISTRY, "read_api", "api"))}
    return visit.page("place_tokens.html", new=made, **facts, **_sorted(visit, found))


def _sorted(visit: Visit, found: list[Token]) -> dict[str, Any]:
    """Those that are good, and those that are not any more."""
    now = visit.tools.clock()
    return {"good": [one for one in found if one.good(now)], "over": [one for one in found if not one.good(now)]}


def _explained(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, SCOPES[name]) for name in names]
