"""People, and who one is oneself (GitLab: Users API)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from wharfinger.domain import access, directory, users
from wharfinger.domain.directory import People, Sort
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.users import User
from wharfinger.web.api.call import ApiCall, Call, UserCall
from wharfinger.web.api.paging import Paged
from wharfinger.web.api.shapes import Asked, Moment, Shape

router = APIRouter(tags=["users"])

UserId = Annotated[int, Path(ge=1, le=10**18, description="the person's number")]
State = Literal["active", "blocked"]


class UserShape(Shape):
    """A person, as everybody sees them."""

    id: int
    username: str
    name: str
    state: State
    locked: bool = False
    avatar_url: str | None = None
    web_url: str


class FullUser(UserShape):
    """A person, as they see themselves and administrators see them."""

    email: str | None
    public_email: str | None = None
    bio: str = ""
    bot: bool
    created_at: Moment
    is_admin: bool
    can_create_group: bool = True
    can_create_project: bool = True
    two_factor_enabled: bool
    external: bool = False


class NewUser(Asked):
    """A person to be made. Without a password they cannot sign in by one until they have set it."""

    username: str
    name: str | None = None
    email: str | None = None
    password: str | None = None
    admin: bool = False
    force_random_password: bool = Field(default=False, description="with a password that nobody knows")
    reset_password: bool = Field(default=False, description="to be set by the person")


class UserChanges(Asked):
    """What is to be different."""

    username: str | None = None
    name: str | None = None
    email: str | None = None
    password: str | None = None
    admin: bool | None = None


@router.get("/user")
def get_current(call: UserCall) -> FullUser:
    """Whose token this is."""
    access.require_known(call.caller)
    if call.caller.user_id is None:
        raise SettingInvalid("this token acts for nobody: use a personal, project or group access token")
    return full(call, directory.user_by_id(call.tools, call.caller, call.caller.user_id))


@router.get("/users")
def list_users(
    call: ApiCall,
    paging: Paged,
    *,
    search: Annotated[str, Query(description="part of a name, user name or e-mail address")] = "",
    username: Annotated[str | None, Query(description="the whole user name")] = None,
    active: bool = False,
    blocked: bool = False,
    order_by: Literal["id", "username"] = "id",
    sort: Literal["asc", "desc"] = "desc",
) -> list[FullUser | UserShape]:
    """People, for administrators; others find one whose user name they know."""
    only = None if active == blocked else blocked
    by = Sort.ID if order_by == "id" else Sort.PATH
    wanted = People(search, username, only, by, descending=sort == "desc")
    return paging.answer(
        directory.list_people(call.tools, call.caller, wanted, paging.window), lambda user: shape(call, user)
    )


@router.post("/users", status_code=201)
def create(call: ApiCall, asked: NewUser) -> FullUser:
    """Make a person, for administrators."""
    made = users.create(
        call.tools,
        call.caller,
        asked.username,
        name=asked.name,
        email=asked.email,
        password=asked.password,
        admin=asked.admin,
    )
    return full(call, made)


@router.get("/users/{user_id}")
def get(call: ApiCall, user_id: UserId) -> FullUser | UserShape:
    """A person, for administrators and themselves."""
    return shape(call, directory.user_by_id(call.tools, call.caller, user_id))


@router.put("/users/{user_id}")
def change(call: ApiCall, user_id: UserId, asked: UserChanges) -> FullUser:
    """Change a person, for administrators."""
    access.require_admin(call.caller, "changing a user")
    user = directory.user_by_id(call.tools, call.caller, user_id)
    users.change(call.tools, call.caller, user.username, name=asked.name, email=asked.email, admin=asked.admin)
    if asked.password is not None:
        users.set_password(call.tools, call.caller, user.username, asked.password)
    if asked.username is not None and asked.username != user.username:
        users.rename(call.tools, call.caller, user.username, asked.username)
    return full(call, directory.user_by_id(call.tools, call.caller, user_id))


@router.delete("/users/{user_id}", status_code=204)
def delete(call: ApiCall, user_id: UserId) -> None:
    """Delete a person whose namespace holds no projects, for administrators."""
    users.delete(call.tools, call.caller, directory.user_by_id(call.tools, call.caller, user_id).username)


@router.post("/users/{user_id}/block", status_code=201)
def block(call: ApiCall, user_id: UserId) -> bool:
    """Let nothing of a person's in any more, for administrators."""
    users.block(call.tools, call.caller, directory.user_by_id(call.tools, call.caller, user_id).username)
    return True


@router.post("/users/{user_id}/unblock", status_code=201)
def unblock(call: ApiCall, user_id: UserId) -> bool:
    """Let a blocked person in again, for administrators."""
    users.unblock(call.tools, call.caller, directory.user_by_id(call.tools, call.caller, user_id).username)
    return True


def shape(call: Call, user: User) -> FullUser | UserShape:
    """The person as the caller may see them."""
    return full(call, user) if call.caller.admin or user.id == call.caller.user_id else brief(call, user)


def brief(call: Call, user: User) -> UserShape:
    """The person as everybody sees them."""
    return UserShape(
        id=user.id,
        username=user.username,
        name=user.name,
        state="blocked" if user.blocked else "active",
        web_url=f"{call.url}/{user.username}",
    )


def full(call: Call, user: User) -> FullUser:
    """All that there is to know."""
    return FullUser(
        **brief(call, user).model_dump(),
        email=user.email,
        bot=user.bot,
        created_at=user.created_at,
        is_admin=user.admin,
        two_factor_enabled=user.second_factor,
    )
