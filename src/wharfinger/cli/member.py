"""`wharfinger member`: who has which role where."""

from typing import Annotated

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, RoleArgument, UntilOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say, show
from wharfinger.domain import members
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import Role

member = typer.Typer(name="member", help="Members of groups and projects: add, list, remove.", no_args_is_help=True)

Path = Annotated[str, typer.Argument(help="Full path of a group or project.")]
Username = Annotated[str, typer.Argument(help="User name.")]


@member.command()
def add(
    path: Path, username: Username, role: RoleArgument, until: UntilOption = None, config: ConfigOption = None
) -> None:
    """Make a person a member, or change their role."""
    with open_session(config) as tools:
        members.add(tools, OPERATOR, path, username, Role[role.upper()], expires_at=until)
    end = f" until {until:%Y-%m-%d}" if until else ""
    say(f"{username} is {role.lower()} of {path}{end}.")


@member.command("list")
def list_(
    path: Path,
    direct: Annotated[bool, typer.Option("--direct", help="Without those of groups above.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who is a member here, and where each role comes from."""
    with open_session(config) as tools:
        found = members.list_members(tools, OPERATOR, path, inherited=not direct)
    rows = [
        {"username": one.username, "role": one.role.name.lower(), "of": one.source, "until": one.expires_at}
        for one in found
    ]
    show(rows, as_json=as_json, empty=f"{path} has no members yet: `wharfinger member add {path} <user> <role>`.")


@member.command()
def remove(path: Path, username: Username, config: ConfigOption = None) -> None:
    """End a membership of this very place."""
    with open_session(config) as tools:
        members.remove(tools, OPERATOR, path, username)
    say(f"{username} is not a member of {path} any more.")
