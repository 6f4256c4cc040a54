"""People, for administrators: made, changed, blocked, and given new passwords."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import directory, passkeys, second_factors, users
from wharfinger.domain.directory import People, Sort
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.users import User
from wharfinger.rules import paging
from wharfinger.rules.paging import Window
from wharfinger.web.pages import live
from wharfinger.web.pages.choices import chosen
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 50
_SORTS: Final = {
    "username": ("User name", Sort.PATH, False),
    "username_desc": ("User name, from Z", Sort.PATH, True),
    "newest": ("Newest first", Sort.ID, True),
    "oldest": ("Oldest first", Sort.ID, False),
}
_STATES: Final = {"": ("Everybody", None), "active": ("Active", False), "blocked": ("Blocked", True)}


def show(visit: Visit) -> Response:
    """The list, searched, filtered and sorted, and the form for a new person."""
    by, state = chosen(visit, "sort", _SORTS, "username"), chosen(visit, "state", _STATES)
    _, sort, descending = _SORTS[by]
    wanted = People(visit.asked("q"), blocked=_STATES[state][1], sort=sort, descending=descending)
    found = directory.list_people(visit.tools, visit.caller, wanted, Window(_PAGE, after=marker(visit)))
    more = live.query(visit, after=paging.write(found.after)) if found.after else ""
    facts: dict[str, Any] = {"part": wanted.part, "by": by, "sorts": _SORTS, "state": state, "states": _STATES}
    return visit.page("users_list.html" if visit.by_htmx else "users.html", users=found.items, more=more, **facts)


def create(visit: Visit) -> Response:
    """Make a person: with a one-time password that is shown now and never again, one that was typed, or none."""
    form, password = visit.form, _chosen(visit)
    made = users.create(
        visit.tools,
        visit.caller,
        form["username"].strip(),
        name=form["name"].strip() or None,
        email=form["email"].strip() or None,
        password=password,
        admin="admin" in form,
    )
    if form["way"] in ("chosen", "none"):
        said = "the password that you chose" if password is not None else "no password"
        return visit.go(f"/admin/users/{made.username}", f"{made.username} is there, with {said}.")
    return _one(visit, made, users.generate_password(visit.tools, visit.caller, made.username))


def show_one(visit: Visit) -> Response:
    """A person."""
    return _one(visit, users.get(visit.tools, visit.caller, visit.of_path("username")), "")


def change(visit: Visit) -> Response:
    """Name, address, and whether they are an administrator."""
    form, username = visit.form, visit.of_path("username")
    users.change(
        visit.tools,
        visit.caller,
        username,
        name=form["name"],
        email=form["email"].strip() or None,
        admin="admin" in form,
    )
    return visit.go(f"/admin/users/{username}", "Saved.")


def rename(visit: Visit) -> Response:
    """Another user name; the personal namespace moves along."""
    renamed = users.rename(visit.tools, visit.caller, visit.of_path("username"), visit.form["username"].strip())
    return visit.go(f"/admin/users/{renamed.username}", f"They are called {renamed.username} now.")


def reset_password(visit: Visit) -> Response:
    """A new one-time password, shown now and never again; or the one that was typed, shown to nobody."""
    user, password = users.get(visit.tools, visit.caller, visit.of_path("username")), _chosen(visit)
    visit.require_typed(user.username)
    if password is None:
        return _one(visit, user, users.generate_password(visit.tools, visit.caller, user.username))
    users.set_password(visit.tools, visit.caller, user.username, password)
    return visit.go(f"/admin/users/{user.username}", f"{user.username} signs in by the password that you chose.")


def remove_factor(visit: Visit) -> Response:
    """For who lost phone and recovery codes."""
    username = visit.of_path("username")
    visit.require_typed(username)
    second_factors.remove_of(visit.tools, visit.caller, username)
    return visit.go(f"/admin/users/{username}", "They sign in by password alone now.")


def remove_passkeys(visit: Visit) -> Response:
    """For who lost the devices."""
    username = visit.of_path("username")
    visit.require_typed(username)
    passkeys.remove_of(visit.tools, visit.caller, username)
    return visit.go(f"/admin/users/{username}", "Their passkeys are good for nothing any more.")


def block(visit: Visit) -> Response:
    """Let them in no more, or again."""
    username, blocking = visit.of_path("username"), visit.form["block"] == "yes"
    (users.block if blocking else users.unblock)(visit.tools, visit.caller, username)
    return visit.go(f"/admin/users/{username}", "They are blocked." if blocking else "They may sign in again.")


def revoke_tokens(visit: Visit) -> Response:
    """Every token of theirs, at once."""
    username = visit.of_path("username")
    visit.require_typed(username)
    users.revoke_tokens(visit.tools, visit.caller, username)
    return visit.go(f"/admin/users/{username}", "All their tokens are revoked.")


def delete(visit: Visit) -> Response:
    """For good; the visitor has typed the name."""
    username = visit.of_path("username")
    visit.require_typed(username)
    users.delete(visit.tools, visit.caller, username)
    return visit.go("/admin/users", f"{username} is deleted.")


def _chosen(visit: Visit) -> str | None:
    """The password that the administrator typed, None where it is not to be a typed one. Raises SettingInvalid."""
    password = visit.new_password()
    if visit.form["way"] == "chosen":
        return password
    if password:
        raise SettingInvalid("you typed a password, and it is not to be one that you choose: choose that, or clear it")
    return None


def _one(visit: Visit, user: User, password: str) -> Response:
    held = passkeys.count_of(visit.tools, visit.caller, user.username)
    return visit.page("user.html", user=user, password=password, passkeys=held)
