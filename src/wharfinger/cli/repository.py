"""`wharfinger repository`: image repositories."""

from typing import Annotated

import typer

from wharfinger.cli.options import ConfigOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say
from wharfinger.domain import images, renaming
from wharfinger.domain.access import OPERATOR

repository = typer.Typer(name="repository", help="Image repositories: rename, delete.", no_args_is_help=True)


@repository.command()
def rename(
    path: Annotated[str, typer.Argument(help="Full path: acme/shop/api.")],
    to: Annotated[str, typer.Argument(help="Full path, in the same project or in another one: acme/shop/server.")],
    tree: Annotated[bool, typer.Option("--tree", help="With all repositories below it.")] = False,
    config: ConfigOption = None,
) -> None:
    """Give an image repository another name; its images move along."""
    with open_session(config) as tools:
        found = renaming.rename(tools, OPERATOR, path, to, tree=tree)
    say(f"{path} is called {found} now.")


@repository.command()
def delete(
    path: Annotated[str, typer.Argument(help="Full path: acme/shop/api.")],
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Move an image repository with all its tags to the trash."""
    confirm(f"Delete the repository {path} with all its images?", yes=yes)
    with open_session(config) as tools:
        images.delete_repository(tools, OPERATOR, path)
        kept = tools.policy.trash_keep
    say(f"{path} is in the trash: `wharfinger trash list <project>` shows it." if kept else f"{path} is gone.")
