"""Every deploy token of the installation, for administrators: looked through, and revoked."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import tokens
from wharfinger.domain.credential import Token
from wharfinger.domain.errors import TokenUnknown
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.pages import live
from wharfinger.web.pages.visit import Visit

_PAGE: Final = 50


def show(visit: Visit) -> Response:
    """Those that are good, or all with `all`; of those with `q` in their name, user name or place, after a number."""
    every = tokens.list_all(visit.tools, visit.caller, CredentialKind.DEPLOY)
    part, last = visit.asked("q").strip(), visit.number("after")
    wanted = [one for one in every if _named(one, part.lower()) and (visit.asked("all") == "1" or _good(visit, one))]
    page = [one for one in wanted if not last or one.id < last][: _PAGE + 1]
    further = live.query(visit, after=str(page[_PAGE - 1].id)) if len(page) > _PAGE else ""
    facts: dict[str, Any] = {
        "found": page[:_PAGE],
        "good": [one.id for one in page if _good(visit, one)],
        "next_path": further,
    }
    return visit.page("deploy_tokens.html", part=part, all=visit.asked("all") == "1", total=len(wanted), **facts)


def revoke(visit: Visit) -> Response:
    """The end of one; the visitor has typed its name."""
    token = tokens.get(visit.tools, visit.caller, visit.number("token"))
    if token.kind is not CredentialKind.DEPLOY:
        raise TokenUnknown(f"no deploy token {token.id}: look at the list of those that there are")
    visit.require_typed(token.name)
    tokens.revoke(visit.tools, visit.caller, token.id)
    return visit.go("/admin/deploy_tokens", f"The deploy token {token.name} is good for nothing any more.")


def _named(token: Token, part: str) -> bool:
    return any(part in text.lower() for text in (token.name, token.username, token.place or ""))


def _good(visit: Visit, token: Token) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > visit.tools.clock())
