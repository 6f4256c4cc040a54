"""Deploy tokens, with which machines pull and push (GitLab: Deploy tokens API)."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from wharfinger.domain import token_search, tokens
from wharfinger.domain.access import Group, Project
from wharfinger.domain.credential import NewToken, Token
from wharfinger.domain.errors import TokenUnknown
from wharfinger.domain.token_search import Wanted
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api import places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.personal_tokens import TokenId, active, expired
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import Asked, Moment, Shape, in_utc

everywhere = APIRouter(tags=["deploy tokens"])

Active = Annotated[bool | None, Query(description="only those that are still good")]


class DeployTokenShape(Shape):
    """A deploy token, all but its secret."""

    id: int
    name: str
    username: str
    expires_at: Moment | None
    scopes: list[str]
    revoked: bool
    expired: bool


class NewDeployTokenShape(DeployTokenShape):
    """A deploy token just made, with its secret, which is shown this once."""

    token: str


class AskedDeployToken(Asked):
    """A deploy token to be made; without a user name it gets one."""

    name: str
    scopes: list[str]
    username: str | None = None
    expires_at: datetime | None = Field(None, description="the moment from which it is good no longer")


@everywhere.get("/deploy_tokens")
def list_all(call: ApiCall, paging: Paged, *, active: Active = None) -> list[DeployTokenShape]:
    """Every deploy token, for administrators."""
    wanted = Wanted(CredentialKind.DEPLOY, good=active or None)
    found = token_search.page(call.tools, call.caller, wanted, paging.window)
    return paging.answer(found, lambda one: _shape(call, one))


Opening = Callable[[Call, str], Project | Group]


def routes(noun: str, opening: Opening) -> APIRouter:
    """The routes below projects or groups."""
    router = APIRouter(prefix=f"/{noun}/{{id}}/deploy_tokens", tags=["deploy tokens"])

    @router.get("", name=f"list_of_{noun}")
    def list_tokens(call: ApiCall, key: Key, paging: Paged, *, active: Active = None) -> list[DeployTokenShape]:
        """The deploy tokens of this place, for who may create them."""
        return paging.part(_good(call, _tokens(call, opening(call, key)), only=active), lambda one: _shape(call, one))

    @router.get("/{token_id}", name=f"get_of_{noun}")
    def get(call: ApiCall, key: Key, token_id: TokenId) -> DeployTokenShape:
        """One of them."""
        return _shape(call, _one(call, opening(call, key), token_id))

    @router.post("", status_code=201, name=f"create_for_{noun}")
    def create(call: ApiCall, key: Key, asked: AskedDeployToken) -> NewDeployTokenShape:
        """Make a deploy token: owners of a group, maintainers of a project."""
        path, ends, username = opening(call, key).path, in_utc(asked.expires_at), asked.username or None
        made = tokens.create_deploy(
            call.tools, call.caller, path, asked.name, asked.scopes, username=username, expires_at=ends
        )
        return _new(call, made)

    @router.delete("/{token_id}", status_code=204, name=f"revoke_of_{noun}")
    def revoke(call: ApiCall, key: Key, token_id: TokenId) -> None:
        """Revoke a deploy token."""
        tokens.revoke(call.tools, call.caller, _one(call, opening(call, key), token_id).id)

    return router


of_projects = routes("projects", places.project)
of_groups = routes("groups", places.group)


def _tokens(call: Call, place: Project | Group) -> list[Token]:
    found = tokens.list_of_place(call.tools, call.caller, place.path)
    return [one for one in found if one.kind is CredentialKind.DEPLOY]


def _good(call: Call, found: list[Token], *, only: bool | None) -> list[Token]:
    return [one for one in found if not only or active(call, one)]


def _one(call: Call, place: Project | Group, token: int) -> Token:
    for one in _tokens(call, place):
        if one.id == token:
            return one
    raise TokenUnknown(f"no deploy token {token} here: list the tokens to see which there are")


def _shape(call: Call, one: Token) -> DeployTokenShape:
    return DeployTokenShape(
        id=one.id,
        name=one.name,
        username=one.username,
        expires_at=one.expires_at,
        scopes=sorted(one.scopes),
        revoked=one.revoked_at is not None,
        expired=expired(call, one),
    )


def _new(call: Call, made: NewToken) -> NewDeployTokenShape:
    return NewDeployTokenShape(**_shape(call, made.token).model_dump(), token=made.secret)
