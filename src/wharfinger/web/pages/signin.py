"""Signing in by password, one step after the other, and signing out."""

from starlette.responses import Response

from wharfinger.domain import passkeys, second_factors, sessions
from wharfinger.domain.errors import SessionUnknown
from wharfinger.domain.sessions import NewSession, Session, Stage
from wharfinger.web.pages import cookies
from wharfinger.web.pages.cookies import Cookie
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """The form for user name and password."""
    if visit.caller.user_id is not None:
        return visit.go(visit.next())
    return visit.page("login.html")


def by_password(visit: Visit) -> Response:
    """Sign in, or go on to what is still owed."""
    made = sessions.sign_in(visit.tools, visit.form["username"].strip(), visit.form["password"], visit.browser)
    return welcome(visit, made)


def welcome(visit: Visit, made: NewSession, onward: str = "") -> Response:
    """Hand the browser its new session, and lead it on: to what is still owed, or where it wanted to go."""
    seconds = round((made.session.expires_at - made.session.created_at).total_seconds())
    visit.cookies += [Cookie(cookies.SESSION, made.secret, seconds), Cookie(cookies.FORM)]
    match made.session.stage:
        case Stage.SECOND_FACTOR:
            return visit.go(visit.carry_next("/login/second"))
        case Stage.NEW_PASSWORD:
            return visit.go(visit.carry_next("/login/password"))
    return visit.go(onward or visit.next())


def show_second(visit: Visit) -> Response:
    """The form for a code of the second factor."""
    session = at_stage(visit, Stage.SECOND_FACTOR)
    return visit.page("login_second.html", passkeys=bool(visit.passkey_host) and passkeys.held(visit.tools, session))


def by_second(visit: Visit) -> Response:
    """Take the code, and go on."""
    session = at_stage(visit, Stage.SECOND_FACTOR)
    return welcome(visit, second_factors.show(visit.tools, session, visit.form["code"], visit.browser))


def show_password(visit: Visit) -> Response:
    """The form for a password of one's own, in place of the one-time password."""
    at_stage(visit, Stage.NEW_PASSWORD)
    return visit.page("login_password.html")


def set_password(visit: Visit) -> Response:
    """Take the new password, and be signed in."""
    session = at_stage(visit, Stage.NEW_PASSWORD)
    return welcome(visit, sessions.choose_password(visit.tools, session, visit.new_password(), visit.browser))


def leave(visit: Visit) -> Response:
    """Sign out."""
    if visit.visitor:
        sessions.leave(visit.tools, visit.visitor.session, visit.browser.address)
    visit.cookies.append(Cookie(cookies.SESSION))
    return visit.go("/login", "You are signed out.")


def at_stage(visit: Visit, stage: Stage) -> Session:
    """The session, at this stage of signing in. Raises SessionUnknown."""
    if visit.visitor is None or visit.visitor.session.stage is not stage:
        raise SessionUnknown("this sign-in is over: begin again")
    return visit.visitor.session
