"""Access tokens of projects and groups, each of a bot that is a member there (GitLab: Project, Group access tokens)."""

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter
from pydantic import Field

from wharfinger.domain import tokens
from wharfinger.domain.access import Group, Project
from wharfinger.domain.credential import NewToken, Token
from wharfinger.domain.errors import TokenUnknown
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import CredentialKind
from wharfinger.web.api import personal_tokens, places
from wharfinger.web.api.call import ApiCall, Call
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.personal_tokens import Rotation, State, TokenId, TokenShape
from wharfinger.web.api.places import Key
from wharfinger.web.api.shapes import AccessLevel, Asked, midnight


class BotTokenShape(TokenShape):
    """An access token of a project or group; `access_level` is None once it is revoked."""

    access_level: AccessLevel | None
    resource_type: str
    resource_id: int


class NewBotTokenShape(BotTokenShape):
    """The same just made, with its secret, which is shown this once."""

    token: str


class AskedBotToken(Asked):
    """A token to be made, with the role that its bot gets."""

    name: str
    description: str = ""
    scopes: list[str]
    access_level: AccessLevel = Role.MAINTAINER
    expires_at: date | None = Field(None, description="the day on which it is good no longer")


Opening = Callable[[Call, str], Project | Group]


def routes(noun: str, opening: Opening, kind: CredentialKind) -> APIRouter:
    """The routes below projects or groups."""
    router = APIRouter(prefix=f"/{noun}/{{id}}/access_tokens", tags=["access tokens"])

    @router.get("", name=f"list_of_{noun}")
    def list_tokens(call: ApiCall, key: Key, paging: Paged, *, state: State = None) -> list[BotTokenShape]:
        """The access tokens of this place, for who may create them."""
        place = opening(call, key)
        found = personal_tokens.of_state(call, _tokens(call, place, kind), state)
        return paging.part(found, lambda one: _shape(call, place, one))

    @router.get("/{token_id}", name=f"get_of_{noun}")
    def get(call: ApiCall, key: Key, token_id: TokenId) -> BotTokenShape:
        """One of them."""
        place = opening(call, key)
        return _shape(call, place, _one(call, place, kind, token_id))

    @router.post("", status_code=201, name=f"create_for_{noun}")
    def create(call: ApiCall, key: Key, asked: AskedBotToken) -> NewBotTokenShape:
        """Make a token and its bot: owners of a group, maintainers of a project, up to their own role."""
        place, ends = opening(call, key), midnight(asked.expires_at)
        made = tokens.create_bot(
            call.tools,
            call.caller,
            place.path,
            asked.name,
            asked.scopes,
            role=asked.access_level,
            expires_at=ends,
            description=asked.description,
        )
        return _new(call, place, made)

    @router.delete("/{token_id}", status_code=204, name=f"revoke_of_{noun}")
    def revoke(call: ApiCall, key: Key, token_id: TokenId) -> None:
        """Revoke a token; its bot is a member no longer."""
        tokens.revoke(call.tools, call.caller, _one(call, opening(call, key), kind, token_id).id)

    @router.post("/{token_id}/rotate", name=f"rotate_of_{noun}")
    def rotate(call: ApiCall, key: Key, token_id: TokenId, asked: Rotation) -> NewBotTokenShape:
        """Replace a token by a new one for the same bot; the old one ends at once."""
        place = opening(call, key)
        known = _one(call, place, kind, token_id)
        made = tokens.rotate(call.tools, call.caller, known.id, expires_at=midnight(asked.expires_at))
        return _new(call, place, made)

    return router


of_projects = routes("projects", places.project, CredentialKind.PROJECT)
of_groups = routes("groups", places.group, CredentialKind.GROUP)


def _tokens(call: Call, place: Project | Group, kind: CredentialKind) -> list[Token]:
    return [one for one in tokens.list_of_place(call.tools, call.caller, place.path) if one.kind is kind]


def _one(call: Call, place: Project | Group, kind: CredentialKind, token: int) -> Token:
    for one in _tokens(call, place, kind):
        if one.id == token:
            return one
    raise TokenUnknown(f"no access token {token} of this {kind}: list its tokens to see which there are")


def _shape(call: Call, place: Project | Group, one: Token) -> BotTokenShape:
    return BotTokenShape(
        **personal_tokens.shape(call, one).model_dump(),
        access_level=one.role,
        resource_type="project" if isinstance(place, Project) else "group",
        resource_id=place.id,
    )


def _new(call: Call, place: Project | Group, made: NewToken) -> NewBotTokenShape:
    return NewBotTokenShape(**_shape(call, place, made.token).model_dump(), token=made.secret)
