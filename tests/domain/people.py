"""People, places and what they ask for, in a line each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import event

from wharfinger.db import images
from wharfinger.domain import access, grants, tokens, users
from wharfinger.domain.access import OPERATOR, Caller, Place
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Tools
from wharfinger.rules.grants import parse_scopes
from wharfinger.rules.roles import Action
from wharfinger.rules.scopes import CredentialKind

ADDRESS = "192.0.2.7"
EVERYTHING = ("api",)
IMAGES = ("read_registry", "write_registry")


def person(tools: Tools, username: str, *, admin: bool = False) -> Caller:
    """A new user, signed in as somebody who may change settings."""
    user = users.create(tools, OPERATOR, username, admin=admin)
    return Caller(CredentialKind.PASSWORD, username, user_id=user.id, admin=admin, at=tools.clock())


def later(tools: Tools, caller: Caller) -> Caller:
    """The same person, signed in now."""
    return replace(caller, at=tools.clock(), profile=tools.policy.profile)


def with_token(tools: Tools, username: str, *scopes: str) -> Caller:
    """That user, signed in with a personal access token of these scopes."""
    made = tokens.create_personal(tools, OPERATOR, "a token", scopes or EVERYTHING, username=username)
    return tokens.authenticate(tools, username, made.secret, ADDRESS)


def registry(tools: Tools, caller: Caller, *scopes: str) -> Caller:
    """The caller with a registry token for these scopes, as `/v2` sees it."""
    issued = grants.issue(tools, caller, tools.policy.audience, parse_scopes(scopes))
    return grants.verify(tools, issued.token)[0]


def may(tools: Tools, caller: Caller, path: str) -> set[Action]:
    """What the caller may do with images at this path."""
    return {action for action in Action if opened(tools, caller, path, action) is not None}


def opened(tools: Tools, caller: Caller, path: str, action: Action = Action.PULL) -> Place | None:
    """Where the path leads, or None if the caller is refused."""
    with tools.db.read() as tx:
        try:
            return access.open_repository(tx, caller, path, action)
        except Refusal:
            return None


def push(tools: Tools, path: str) -> None:
    """Let a repository exist as if an image had been pushed."""
    with tools.db.begin() as tx:
        place = access.open_repository(tx, OPERATOR, path, Action.PUSH)
        images.add_repository(tx, project_id=place.project_id, name=place.name, now=tools.clock())
        found = images.repository_id(tx, place.project_id, place.name)
        assert found is not None
        images.mark_pushed(tx, found, tools.clock())


@contextmanager
def statements(tools: Tools) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(tools.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(tools.db.engine, "before_cursor_execute", note)


def refusal(work: Callable[[], object]) -> Refusal:
    """How the work is refused."""
    try:
        done = work()
    except Refusal as refused:
        return refused
    raise AssertionError(f"not refused: {done}")


def told(tools: Tools, work: Callable[[str], object], path: str) -> tuple[object, ...]:
    """Everything that one who is refused at this path can notice but time: kind, words, statements."""
    with statements(tools) as seen:
        refused = refusal(lambda: work(path))
    facts = {name: str(value).replace(path, "…") for name, value in vars(refused).items()}
    return type(refused), str(refused).replace(path, "…"), facts, tuple(seen)


def paths_of(found: Sequence[object]) -> list[str]:
    """The paths of projects or groups."""
    return [str(one.path) for one in found]  # type: ignore[attr-defined]
