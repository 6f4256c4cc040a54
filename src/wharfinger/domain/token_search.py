"""Looking through tokens of a kind: filtered, newest first, a page at a time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from wharfinger.db import tokens as rows
from wharfinger.domain import access, credential, paging
from wharfinger.domain.access import Caller
from wharfinger.domain.credential import Token
from wharfinger.domain.paging import FIRST
from wharfinger.domain.tools import Tools
from wharfinger.rules import search
from wharfinger.rules.paging import Marker, Page, Window
from wharfinger.rules.scopes import CredentialKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tokens: of a kind, of a person (None: of everybody), with `part` in their name.

    `wide`: or in the user name or name of whose they are, or in the path of where they are good. `good`: those that
    still are, or are not; `revoked`: those that were, or were not; None: either.
    """

    kind: CredentialKind
    user_id: int | None = None
    part: str = ""
    wide: bool = False
    good: bool | None = None
    revoked: bool | None = None


def page(tools: Tools, caller: Caller, wanted: Wanted, window: Window = FIRST) -> Page[Token]:
    """A page of tokens, newest first; those of others are for administrators. Raises PageInvalid."""
    access.require_account(caller)
    if wanted.user_id is None or wanted.user_id != caller.user_id:
        access.require_admin(caller, "looking at the tokens of others")
    by = paging.cut(window, int, descending=True)
    with tools.db.read() as tx:
        found = _listing(tools, wanted)
        return paging.page(tx, window, rows.page(tx, found, by), found, (credential.shown, _marker))


def _listing(tools: Tools, wanted: Wanted) -> Select[Any]:
    part = search.in_a_name(wanted.part)
    found = rows.listing(str(wanted.kind), user=wanted.user_id, part=part, wide=wanted.wide)
    return rows.standing(found, tools.clock(), good=wanted.good, revoked=wanted.revoked)


def _marker(token: Token) -> Marker:
    return Marker(str(token.kind), token.id)
