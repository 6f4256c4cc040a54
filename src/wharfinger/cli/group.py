"""`wharfinger group`: groups of projects and of other groups."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, NameOption, VisibilityOption, YesOption, confirm
from wharfinger.cli.session import everything, open_session
from wharfinger.cli.terminal import note, say, show, show_one
from wharfinger.domain import groups, members
from wharfinger.domain.access import OPERATOR, Group
from wharfinger.rules.roles import Role, Visibility

group = typer.Typer(name="group", help="Groups: make, list, rename, move, change, delete.", no_args_is_help=True)

Path = Annotated[str, typer.Argument(help="Full path: acme or acme/backend.")]


@group.command()
def create(
    path: Path,
    *,
    visibility: VisibilityOption = None,
    name: NameOption = None,
    owner: Annotated[str | None, typer.Option(help="User who owns it.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a group, private unless said otherwise."""
    with open_session(config) as tools:
        made = groups.create(tools, OPERATOR, path, visibility=visibility or Visibility.PRIVATE, name=name)
        if owner:
            members.add(tools, OPERATOR, made.path, owner, Role.OWNER)
    show_one(_row(made), as_json=as_json)
    if not owner and not as_json:
        note(f"Nobody owns it yet: `wharfinger member add {made.path} <user> owner`.")


@group.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All groups."""
    with open_session(config) as tools:
        found = everything(lambda last, limit: groups.list_groups(tools, OPERATOR, last=last, limit=limit), _path)
    show([_row(one) for one in found], as_json=as_json, empty="There are no groups yet.")


@group.command("show")
def show_(path: Path, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One group."""
    with open_session(config) as tools:
        show_one(_row(groups.get(tools, OPERATOR, path)), as_json=as_json)


@group.command()
def rename(
    path: Path, to: Annotated[str, typer.Argument(help="Last part of the new path.")], config: ConfigOption = None
) -> None:
    """Give a group another last part of its path; everything below moves along, old paths redirect."""
    with open_session(config) as tools:
        say(f"{path} is {groups.rename(tools, OPERATOR, path, to).path} now; the old path redirects.")


@group.command()
def move(
    path: Path,
    into: Annotated[str, typer.Argument(help="Group to move it into; / is the top.")],
    config: ConfigOption = None,
) -> None:
    """Move a group with everything below; old paths redirect."""
    with open_session(config) as tools:
        say(f"{path} is {groups.move(tools, OPERATOR, path, into.strip('/')).path} now; the old path redirects.")


@group.command()
def change(
    path: Path,
    visibility: VisibilityOption = None,
    name: NameOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given."""
    with open_session(config) as tools:
        show_one(_row(groups.change(tools, OPERATOR, path, visibility=visibility, name=name)), as_json=as_json)


@group.command()
def delete(path: Path, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Delete an empty group with its members and tokens."""
    confirm(f"Delete the group {path}?", yes=yes)
    with open_session(config) as tools:
        groups.delete(tools, OPERATOR, path)
    say(f"{path} is gone.")


def _path(one: Group) -> str:
    return one.path


def _row(one: Group) -> Mapping[str, Any]:
    return {"path": one.path, "name": one.name, "visibility": one.visibility.name.lower()}
