"""`wharfinger project`: projects, which hold images."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, NameOption, VisibilityOption, YesOption, confirm
from wharfinger.cli.session import everything, open_session
from wharfinger.cli.terminal import say, show, show_one
from wharfinger.domain import projects
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules.roles import Visibility

project = typer.Typer(name="project", help="Projects: make, list, rename, move, change, delete.", no_args_is_help=True)

Path = Annotated[str, typer.Argument(help="Full path: acme/shop, or root/hello in a person's own namespace.")]


@project.command()
def create(
    path: Path,
    visibility: VisibilityOption = None,
    name: NameOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project, private unless said otherwise."""
    with open_session(config) as tools:
        made = projects.create(tools, OPERATOR, path, visibility=visibility or Visibility.PRIVATE, name=name)
    show_one(_row(made), as_json=as_json)


@project.command("list")
def list_(
    group: Annotated[str | None, typer.Option(help="Only below this group.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """All projects."""
    with open_session(config) as tools:
        found = everything(
            lambda last, limit: projects.list_projects(tools, OPERATOR, group=group, last=last, limit=limit), _path
        )
    show([_row(one) for one in found], as_json=as_json, empty="There are no projects here yet.")


@project.command("show")
def show_(path: Path, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One project."""
    with open_session(config) as tools:
        show_one(_row(projects.get(tools, OPERATOR, path)), as_json=as_json)


@project.command()
def rename(
    path: Path, to: Annotated[str, typer.Argument(help="Last part of the new path.")], config: ConfigOption = None
) -> None:
    """Give a project another last part of its path; its images move along, the old path redirects."""
    with open_session(config) as tools:
        say(f"{path} is {projects.rename(tools, OPERATOR, path, to).path} now; the old path redirects.")


@project.command()
def move(
    path: Path, into: Annotated[str, typer.Argument(help="Group to move it into.")], config: ConfigOption = None
) -> None:
    """Move a project with its images into another group; the old path redirects."""
    with open_session(config) as tools:
        say(f"{path} is {projects.move(tools, OPERATOR, path, into).path} now; the old path redirects.")


@project.command()
def change(
    path: Path,
    visibility: VisibilityOption = None,
    name: NameOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given."""
    with open_session(config) as tools:
        show_one(_row(projects.change(tools, OPERATOR, path, visibility=visibility, name=name)), as_json=as_json)


@project.command()
def delete(
    path: Path,
    with_images: Annotated[bool, typer.Option("--with-images", help="Its images too.")] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Delete a project; one that holds images only --with-images."""
    confirm(f"Delete the project {path}{' with its images' if with_images else ''}?", yes=yes)
    with open_session(config) as tools:
        projects.delete(tools, OPERATOR, path, with_images=with_images)
    say(f"{path} is gone.")


def _path(one: Project) -> str:
    return one.path


def _row(one: Project) -> Mapping[str, Any]:
    return {"path": one.path, "name": one.name, "visibility": one.visibility.name.lower()}
