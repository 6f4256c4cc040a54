"""One's own account: name, address, password, sessions."""

from starlette.responses import Response

from wharfinger.domain import identities, sessions, users
from wharfinger.web.pages import single_sign_on
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """Name, address and password."""
    provider = visit.tools.policy.single_sign_on
    connected = provider is not None and identities.connected(visit.tools, visit.caller)
    user = users.get(visit.tools, visit.caller, visit.caller.name)
    connect = f"/login/oidc?connect={single_sign_on.proof(visit)}"
    return visit.page("account.html", user=user, connected=connected, connect=connect)


def change(visit: Visit) -> Response:
    """Name and address."""
    email = visit.form["email"].strip() or None
    users.change(visit.tools, visit.caller, visit.caller.name, name=visit.form["name"], email=email)
    return visit.go("/profile", "Saved.")


def set_password(visit: Visit) -> Response:
    """A new password, for who knows the present one."""
    new, current = visit.new_password(), visit.form["current"]
    users.set_password(visit.tools, visit.caller, visit.caller.name, new, current=current)
    return visit.go("/profile", "Your password is changed. Browsers elsewhere have to sign in anew.")


def show_sessions(visit: Visit) -> Response:
    """Where one is signed in."""
    return visit.page("sessions.html", sessions=sessions.list_own(visit.tools, visit.caller))


def end_session(visit: Visit) -> Response:
    """Sign out one browser, or all but this one."""
    if visit.form["session"] == "others":
        sessions.end_others(visit.tools, visit.caller)
        return visit.go("/profile/sessions", "Every other browser is signed out.")
    sessions.end(visit.tools, visit.caller, visit.number("session"))
    return visit.go("/profile/sessions", "That browser is signed out.")
