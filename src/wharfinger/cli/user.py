"""`wharfinger user`: people."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, NameOption, YesOption, confirm
from wharfinger.cli.session import everything, open_session
from wharfinger.cli.terminal import note, read_secret, say, show, show_one
from wharfinger.domain import directory, second_factors, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.directory import People, Sort
from wharfinger.domain.tools import Tools
from wharfinger.domain.users import User
from wharfinger.rules.paging import Marker, Window

user = typer.Typer(name="user", help="People: make, list, change, block, delete.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="User name.")]
EmailOption = Annotated[str | None, typer.Option(help="E-mail address.")]
TypedOption = Annotated[bool, typer.Option("--password", help="Read a password from standard input.")]


@user.command()
def create(
    username: Username,
    *,
    name: NameOption = None,
    email: EmailOption = None,
    admin: Annotated[bool, typer.Option("--admin", help="Make an administrator.")] = False,
    typed: TypedOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a person. Without --password a one-time password is generated and printed, once."""
    password = read_secret("Password") if typed else None
    with open_session(config) as tools:
        made = users.create(tools, OPERATOR, username, name=name, email=email, password=password, admin=admin)
        one_time = None if typed else users.generate_password(tools, OPERATOR, username)
    show_one({**_row(made), **({"one_time_password": one_time} if one_time else {})}, as_json=as_json)
    if one_time and not as_json:
        note("The password is shown now and never again. Container tools want a token: `wharfinger token create`.")


@user.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Everybody."""
    with open_session(config) as tools:
        found = everything(partial(_people, tools), _username)
    show([_row(one) for one in found], as_json=as_json, empty="There are no users yet.")


@user.command("show")
def show_(username: Username, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One person."""
    with open_session(config) as tools:
        show_one(_row(users.get(tools, OPERATOR, username)), as_json=as_json)


@user.command()
def rename(username: Username, to: Annotated[str, typer.Argument()], config: ConfigOption = None) -> None:
    """Give a person another user name; their projects move along, old paths redirect."""
    with open_session(config) as tools:
        users.rename(tools, OPERATOR, username, to)
    say(f"{username} is called {to} now.")


@user.command()
def change(
    username: Username,
    *,
    name: NameOption = None,
    email: EmailOption = None,
    admin: Annotated[bool | None, typer.Option("--admin/--no-admin", help="Make or unmake an administrator.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given."""
    with open_session(config) as tools:
        show_one(_row(users.change(tools, OPERATOR, username, name=name, email=email, admin=admin)), as_json=as_json)


@user.command()
def password(
    username: Username,
    generate: Annotated[bool, typer.Option("--generate", help="Generate a one-time password instead.")] = False,
    config: ConfigOption = None,
) -> None:
    """Set a password, read from standard input; --generate prints a new one-time password, once."""
    typed = None if generate else read_secret("Password")
    with open_session(config) as tools:
        if typed is None:
            say(users.generate_password(tools, OPERATOR, username))
        else:
            users.set_password(tools, OPERATOR, username, typed)
            say(f"{username} has a new password.")


@user.command()
def block(username: Username, config: ConfigOption = None) -> None:
    """Let nothing of this person's in any more; their data stays."""
    with open_session(config) as tools:
        users.block(tools, OPERATOR, username)
    say(f"{username} is blocked. Registry tokens in use end within their life.")


@user.command()
def unblock(username: Username, config: ConfigOption = None) -> None:
    """Let a blocked person in again."""
    with open_session(config) as tools:
        users.unblock(tools, OPERATOR, username)
    say(f"{username} may sign in again.")


@user.command()
def remove_second_factor(username: Username, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Let a person sign in by password alone, who lost phone and recovery codes."""
    confirm(f"Remove the second factor of {username}? Make sure that it is them who ask.", yes=yes)
    with open_session(config) as tools:
        second_factors.remove_of(tools, OPERATOR, username)
    say(f"{username} signs in by password alone now.")


@user.command()
def delete(username: Username, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Remove a person with their tokens and memberships."""
    confirm(f"Delete {username} with all tokens and memberships?", yes=yes)
    with open_session(config) as tools:
        users.delete(tools, OPERATOR, username)
    say(f"{username} is gone.")


@user.command()
def revoke_tokens(username: Username, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Revoke every access token of a person at once."""
    confirm(f"Revoke every token of {username}?", yes=yes)
    with open_session(config) as tools:
        users.revoke_tokens(tools, OPERATOR, username)
    say(f"All tokens of {username} are revoked.")


def _people(tools: Tools, last: str, limit: int) -> list[User]:
    window = Window(limit, after=Marker(last) if last else None)
    return directory.list_people(tools, OPERATOR, People(sort=Sort.PATH, descending=False), window).items


def _username(one: User) -> str:
    return one.username


def _row(one: User) -> Mapping[str, Any]:
    return {
        "username": one.username,
        "name": one.name,
        "email": one.email,
        "admin": one.admin,
        "blocked": one.blocked,
        "second_factor": one.second_factor,
        "must_change_password": one.password_once,
        "created_at": one.created_at,
    }
