"""`wharfinger repository`: image repositories."""

from typing import Annotated

import typer

from wharfinger.cli.options import ConfigOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say
from wharfinger.domain import images
from wharfinger.domain.access import OPERATOR

repository = typer.Typer(name="repository", help="Image repositories: delete.", no_args_is_help=True)


@repository.callback()
def _options() -> None:
    """One command would else be no group."""


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
    say(f"{path} is in the trash: `wharfinger trash list` shows it." if kept else f"{path} is gone.")
