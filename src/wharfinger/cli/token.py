"""`wharfinger token`: access tokens, and the keys that sign registry tokens.

`create` and `rotate` print the token alone on standard output and everything about it on standard error, so that
`wharfinger token create … | docker login … --password-stdin` never shows it to anybody.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, RoleOption, UntilOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import note, say, show, show_one
from wharfinger.domain import tokens
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tokens import NewToken, Token
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import SCOPES

token = typer.Typer(
    name="token", help="Access tokens: create, list, rotate, revoke, rotate-keys.", no_args_is_help=True
)

UserOption = Annotated[str | None, typer.Option("--user", help="Acts for this person.")]
ProjectOption = Annotated[str | None, typer.Option("--project", help="Bound to this project.")]
GroupOption = Annotated[str | None, typer.Option("--group", help="Bound to this group and all below it.")]
Number = Annotated[int, typer.Argument(help="The token's number, as `token list` shows it.")]

_PULL: Final = ("read_registry",)
_PULL_AND_PUSH: Final = ("read_registry", "write_registry")


@token.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    user: UserOption = None,
    project: ProjectOption = None,
    group: GroupOption = None,
    deploy: Annotated[bool, typer.Option("--deploy", help="For machines: acts for nobody, never deletes.")] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"Once for each: {', '.join(SCOPES)}. Else both of the registry, for --deploy reading."),
    ] = None,
    role: RoleOption = None,
    username: Annotated[str | None, typer.Option(help="User name a --deploy token logs in with.")] = None,
    until: UntilOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a token for a person, a project, a group or a machine, and print it, once."""
    place = _one_of(user, project, group)
    _require_sense(user=user, deploy=deploy, role=role, username=username)
    scopes = scope or (_PULL if deploy else _PULL_AND_PUSH)
    with open_session(config) as tools:
        if user:
            made = tokens.create_personal(tools, OPERATOR, name, scopes, username=user, expires_at=until)
        elif deploy:
            made = tokens.create_deploy(tools, OPERATOR, place, name, scopes, username=username, expires_at=until)
        else:
            made = tokens.create_bot(
                tools, OPERATOR, place, name, scopes, role=role or Role.DEVELOPER, expires_at=until
            )
    _show_new(made, as_json=as_json)


@token.command("list")
def list_(
    *,
    user: UserOption = None,
    project: ProjectOption = None,
    group: GroupOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Revoked and expired ones too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tokens of a person, a project or a group, without the secrets."""
    place = _one_of(user, project, group)
    with open_session(config) as tools:
        found = _found(tools, user, place)
        shown = [one for one in found if everything or _alive(one, tools.clock())]
    show(
        [_row(one) for one in shown], as_json=as_json, empty=f"{place} has no {'' if everything else 'usable '}tokens."
    )


@token.command()
def rotate(number: Number, until: UntilOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Replace a token by a new one for the same; the old one ends at once. Prints the new one, once."""
    with open_session(config) as tools:
        made = tokens.rotate(tools, OPERATOR, number, expires_at=until)
    _show_new(made, as_json=as_json)


@token.command()
def revoke(number: Number, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Let a token be good for nothing any more."""
    confirm(f"Revoke token {number}?", yes=yes)
    with open_session(config) as tools:
        tokens.revoke(tools, OPERATOR, number)
    say(f"Token {number} is revoked. Registry tokens made from it end within their life.")


@token.command()
def rotate_keys(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Old keys verify no more: for when one has leaked.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Sign registry tokens with a new key from now on; the old one verifies for the overlap."""
    with open_session(config) as tools:
        kid = tokens.rotate_signing_key(tools, OPERATOR, at_once=at_once)
    say(f"Registry tokens are signed with the key {kid} from now on.")


def _require_sense(*, user: str | None, deploy: bool, role: Role | None, username: str | None) -> None:
    if deploy and user:
        raise typer.BadParameter("a --deploy token is of a --project or --group, not of a --user")
    if username and not deploy:
        raise typer.BadParameter("--username is for a --deploy token: others log in with any user name")
    if role is not None and (deploy or user):
        whose = "a --deploy token has no role, only a --scope" if deploy else "a token of a --user has that one's roles"
        raise typer.BadParameter(f"--role is for a token of a --project or --group: {whose}")


def _one_of(user: str | None, project: str | None, group: str | None) -> str:
    given = [one for one in (user, project, group) if one]
    if len(given) != 1:
        raise typer.BadParameter("say whose: one of --user, --project and --group")
    return given[0]


def _found(tools: Tools, user: str | None, place: str) -> list[Token]:
    if user:
        return tokens.list_personal(tools, OPERATOR, username=user)
    return tokens.list_of_place(tools, OPERATOR, place)


def _alive(one: Token, now: datetime) -> bool:
    return one.revoked_at is None and (one.expires_at is None or one.expires_at > now)


def _show_new(made: NewToken, *, as_json: bool) -> None:
    if as_json:
        show_one({**_row(made.token), "token": made.secret}, as_json=True)
        return
    say(made.secret)
    end = f"until {made.token.expires_at.astimezone(UTC):%Y-%m-%d}" if made.token.expires_at else "without an end"
    note(
        f"Token {made.token.id} ({made.token.name}) logs in as {made.token.username}, {end}, with "
        f"{', '.join(sorted(made.token.scopes))}. It is shown now and never again."
    )


def _row(one: Token) -> Mapping[str, Any]:
    return {
        "number": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "username": one.username,
        "place": one.place,
        "role": one.role.name.lower() if one.role else None,
        "scopes": " ".join(sorted(one.scopes)),
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
        "revoked_at": one.revoked_at,
    }
