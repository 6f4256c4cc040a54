"""Personal access tokens, and what any token may learn of itself (GitLab: Personal access tokens API)."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import directory, token_search, tokens
from wharfinger.domain.credential import NewToken, Token
from wharfinger.domain.errors import TokenUnknown
from wharfinger.domain.token_search import Wanted
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api.call import AnyTokenCall, ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.shapes import Asked, Moment, Shape, day, midnight
from wharfinger.web.api.users import UserId

router = APIRouter(tags=["access tokens"])

TokenId = Annotated[int, Path(ge=1, le=10**18, description="the token's number")]
State = Annotated[Literal["active", "inactive"] | None, Query(description="good or no longer good")]


class TokenShape(Shape):
    """An access token, all but its secret."""

    id: int
    name: str
    description: str | None = None
    revoked: bool
    created_at: Moment
    scopes: list[str]
    user_id: int | None
    last_used_at: Moment | None
    active: bool
    expires_at: date | None


class NewTokenShape(TokenShape):
    """An access token just made, with its secret, which is shown this once."""

    token: str


class AskedToken(Asked):
    """A token to be made."""

    name: str
    description: str = ""
    scopes: list[str]
    expires_at: date | None = Field(None, description="the day on which it is good no longer")


class Rotation(Asked):
    """How long the new token is to be good; without it, as long as the old one was to be."""

    expires_at: date | None = None


@router.get("/personal_access_tokens")
def list_tokens(
    call: ApiCall,
    paging: Paged,
    *,
    user_id: Annotated[int | None, Query(ge=1, le=10**18)] = None,
    state: State = None,
    revoked: bool | None = None,
    search: Annotated[str, Query(description="part of the name")] = "",
) -> list[TokenShape]:
    """One's own personal access tokens; to administrators, everybody's or those of one person."""
    whose = call.caller.user_id if user_id is None and not call.caller.admin else user_id
    if user_id is not None:
        directory.user_by_id(call.tools, call.caller, user_id)
    good = None if state is None else state == "active"
    wanted = Wanted(CredentialKind.PERSONAL, whose, search, good=good, revoked=revoked)
    found = token_search.page(call.tools, call.caller, wanted, paging.window)
    return paging.answer(found, lambda one: shape(call, one))


@router.post("/user/personal_access_tokens", status_code=201)
def create(call: ApiCall, asked: AskedToken) -> NewTokenShape:
    """Make a token for oneself."""
    return new(call, _create(call, asked, None))


@router.post("/users/{user_id}/personal_access_tokens", status_code=201)
def create_for(call: ApiCall, user_id: UserId, asked: AskedToken) -> NewTokenShape:
    """Make a token for a person, for administrators."""
    username = directory.user_by_id(call.tools, call.caller, user_id).username
    return new(call, _create(call, asked, username))


@router.get("/personal_access_tokens/self")
def get_self(call: AnyTokenCall) -> TokenShape:
    """The token of this very request, whatever its scopes."""
    return shape(call, tokens.current(call.tools, call.caller))


@router.delete("/personal_access_tokens/self", status_code=204)
def revoke_self(call: AnyTokenCall) -> None:
    """Revoke the token of this very request, whatever its scopes."""
    tokens.revoke(call.tools, call.caller, tokens.current(call.tools, call.caller).id)


@router.post("/personal_access_tokens/self/rotate")
def rotate_self(call: ApiCall, asked: Rotation) -> NewTokenShape:
    """Replace the token of this very request by a new one; the old one ends at once."""
    known = tokens.current(call.tools, call.caller)
    return new(call, tokens.rotate(call.tools, call.caller, known.id, expires_at=midnight(asked.expires_at)))


@router.get("/personal_access_tokens/{token_id}")
def get(call: ApiCall, token_id: TokenId) -> TokenShape:
    """One personal access token, one's own or, for administrators, anybody's."""
    return shape(call, _personal(call, token_id))


@router.delete("/personal_access_tokens/{token_id}", status_code=204)
def revoke(call: ApiCall, token_id: TokenId) -> None:
    """Revoke a token."""
    tokens.revoke(call.tools, call.caller, _personal(call, token_id).id)


@router.post("/personal_access_tokens/{token_id}/rotate")
def rotate(call: ApiCall, token_id: TokenId, asked: Rotation) -> NewTokenShape:
    """Replace a token by a new one for the same; the old one ends at once."""
    known = _personal(call, token_id)
    return new(call, tokens.rotate(call.tools, call.caller, known.id, expires_at=midnight(asked.expires_at)))


def shape(call: Call, one: Token) -> TokenShape:
    """The token as it is shown."""
    return TokenShape(
        id=one.id,
        name=one.name,
        description=one.description or None,
        revoked=one.revoked_at is not None,
        created_at=one.created_at,
        scopes=sorted(one.scopes),
        user_id=one.user_id,
        last_used_at=one.last_used_at,
        active=active(call, one),
        expires_at=day(one.expires_at),
    )


def new(call: Call, made: NewToken) -> NewTokenShape:
    """The token just made."""
    return NewTokenShape(**shape(call, made.token).model_dump(), token=made.secret)


def active(call: Call, one: Token) -> bool:
    """Is the token still good?"""
    return one.good(call.tools.clock())


def expired(call: Call, one: Token) -> bool:
    """Is the token's time over?"""
    return one.expires_at is not None and one.expires_at <= call.tools.clock()


def of_state(call: Call, found: list[Token], state: str | None) -> list[Token]:
    """Those that are still good, or those that are not."""
    return [one for one in found if state is None or active(call, one) is (state == "active")]


def _create(call: Call, asked: AskedToken, username: str | None) -> NewToken:
    return tokens.create_personal(
        call.tools,
        call.caller,
        asked.name,
        asked.scopes,
        username=username,
        expires_at=midnight(asked.expires_at),
        description=asked.description,
    )


def _personal(call: Call, token: int) -> Token:
    found = tokens.get(call.tools, call.caller, token)
    if found.kind is not CredentialKind.PERSONAL:
        raise TokenUnknown(f"no personal access token {token}: list your tokens to see which there are")
    return found
