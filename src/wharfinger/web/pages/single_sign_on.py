"""Signing in through an identity provider, and connecting an account there with one's own.

Who is signed in already gets nothing connected by merely being sent here: another site may do that, when the browser
is signed in as somebody else at the provider. The link on the profile carries a proof of this session.
"""

import hmac
import json
import logging
from typing import Final

from starlette.responses import Response

from wharfinger.clients.oidc import Attempt
from wharfinger.domain import identities
from wharfinger.domain.errors import CredentialRefused, Refusal
from wharfinger.web.pages import cookies, signin
from wharfinger.web.pages.cookies import Cookie
from wharfinger.web.pages.visit import Visit

_SECONDS: Final = 600
_LONGEST: Final = 100
_log: Final = logging.getLogger("wharfinger.oidc")
_STALE: Final = "this sign-in was begun elsewhere or too long ago: begin again"


def begin(visit: Visit) -> Response:
    """Send the browser to the provider; what comes back has to fit the cookie that it takes along."""
    try:
        connecting = _connecting(visit)
        attempt, address = identities.begin(visit.tools, _callback(visit), visit.browser.address)
    except Refusal as refusal:
        return _failed(visit, refusal)
    held = json.dumps([attempt.state, attempt.nonce, attempt.verifier, visit.next(), connecting])
    visit.cookies.append(
        Cookie(cookies.SIGNING_IN, cookies.packed(held, cookies.SIGNING_IN, visit.tools.secret), _SECONDS)
    )
    return Response(status_code=303, headers={"location": address})


def finish(visit: Visit) -> Response:
    """The browser is back: sign in, or connect the account with who is signed in already."""
    visit.cookies.append(Cookie(cookies.SIGNING_IN))
    try:
        attempt, onward = _attempt(visit)
        if visit.caller.user_id is not None:
            identities.connect(visit.tools, visit.caller, attempt, visit.asked("code"))
            return visit.go("/profile", "The account is connected: you can sign in with it from now on.")
        made = identities.finish(visit.tools, attempt, visit.asked("code"), visit.browser)
    except Refusal as refusal:
        return _failed(visit, refusal)
    return signin.welcome(visit, made, onward)


def disconnect(visit: Visit) -> Response:
    """Sign in by password alone again."""
    identities.disconnect(visit.tools, visit.caller)
    return visit.go("/profile", "The account is no longer connected with yours.")


def _connecting(visit: Visit) -> int | None:
    """Whose account it is to be connected with; None where somebody signs in. Raises CredentialRefused."""
    if visit.caller.user_id is not None and not hmac.compare_digest(
        visit.asked("connect").encode(), proof(visit).encode()
    ):
        raise CredentialRefused("you are signed in already: to connect an account, begin on your profile")
    return visit.caller.user_id


def proof(visit: Visit) -> str:
    """What the link that connects an account carries: only this session knows it, and it is good for nothing else."""
    return cookies.proof(visit.tools.secret, "connect", visit.proof)


def _attempt(visit: Visit) -> tuple[Attempt, str]:
    """What the cookie holds of this very sign-in. Raises CredentialRefused."""
    held = cookies.read(visit.request, cookies.SIGNING_IN, secure=visit.secure)
    text = cookies.unpacked(held, cookies.SIGNING_IN, visit.tools.secret)
    if not text:
        raise CredentialRefused(_STALE)
    state, nonce, verifier, onward, connecting = json.loads(text)
    fits = hmac.compare_digest(str(state).encode(), visit.asked("state").encode())
    if not fits or connecting != visit.caller.user_id:
        raise CredentialRefused(_STALE)
    if not visit.asked("code"):
        _log.warning("the provider did not sign somebody in: %s", repr(visit.asked("error")[:_LONGEST]))
        raise CredentialRefused("the identity provider did not sign you in: try again there, or sign in by password")
    return Attempt(_callback(visit), state, nonce, verifier), onward


def _callback(visit: Visit) -> str:
    return f"{visit.address}/login/oidc/callback"


def _failed(visit: Visit, refusal: Refusal) -> Response:
    visit.error = str(refusal)
    if visit.caller.user_id is not None:
        return visit.page("problem.html", status=403, title="Not connected", sentence=str(refusal), number=403)
    return visit.page("login.html", status=403)
