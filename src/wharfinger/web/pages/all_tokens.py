"""Every personal access token, and every deploy token, of the installation, for administrators: to find and revoke."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import token_search, tokens
from wharfinger.domain.credential import Token
from wharfinger.domain.errors import TokenUnknown
from wharfinger.domain.token_search import Wanted
from wharfinger.rules import paging
from wharfinger.rules.paging import Window
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.pages import live
from wharfinger.web.pages.choices import chosen
from wharfinger.web.pages.markers import marker
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 50
_STATES: Final = {  # what it is called, and whether such a token is good and was revoked; None: either
    "": ("In use", True, None),
    "expired": ("Expired", False, False),
    "revoked": ("Revoked", None, True),
    "all": ("All", None, None),
}


def show_personal(visit: Visit) -> Response:
    """Those of people, found by `q` in their name or in that of the person."""
    return _show(visit, CredentialKind.PERSONAL)


def show_deploy(visit: Visit) -> Response:
    """Those of machines, found by `q` in their name, in that which they log in with, or in their place."""
    return _show(visit, CredentialKind.DEPLOY)


def revoke_personal(visit: Visit) -> Response:
    """The end of one; the visitor has typed its name."""
    token = _revoked(visit, CredentialKind.PERSONAL)
    return visit.go(live.query(visit), f"The token {token.name} of {token.username} is good for nothing any more.")


def revoke_deploy(visit: Visit) -> Response:
    """The same of a deploy token."""
    token = _revoked(visit, CredentialKind.DEPLOY)
    return visit.go(live.query(visit), f"The deploy token {token.name} is good for nothing any more.")


def _show(visit: Visit, kind: CredentialKind) -> Response:
    part, state = visit.asked("q").strip(), chosen(visit, "state", _STATES)
    _, good, revoked = _STATES[state]
    wanted = Wanted(kind, part=part, wide=True, good=good, revoked=revoked)
    found = token_search.page(visit.tools, visit.caller, wanted, Window(_PAGE, after=marker(visit)))
    more = live.query(visit, after=paging.write(found.after)) if found.after else ""
    facts: dict[str, Any] = {"kind": str(kind), "part": part, "states": _STATES, "state": state}
    return visit.page("all_tokens.html", found=found, more=more, **facts)


def _revoked(visit: Visit, kind: CredentialKind) -> Token:
    """The token that the form names, which is of this kind, and was revoked just now. Raises TokenUnknown."""
    token = tokens.get(visit.tools, visit.caller, visit.number("token"))
    if token.kind is not kind:
        raise TokenUnknown(f"no {kind} token {token.id}: look at the list of those that there are")
    visit.require_typed(token.name)
    tokens.revoke(visit.tools, visit.caller, token.id)
    return token
