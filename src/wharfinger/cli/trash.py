"""`wharfinger trash`: what was deleted and can still be brought back."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, say, show
from wharfinger.domain import trash as domain
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.trash import Trashed

trash = typer.Typer(
    name="trash", help="Deleted tags, manifests and repositories: list, restore, empty.", no_args_is_help=True
)

Project = Annotated[str, typer.Argument(help="Full path of the project: acme/shop.")]
_PAGE = 500


@trash.command("list")
def list_(project: Project, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What a project has in the trash, and until when."""
    with open_session(config) as tools:
        found: list[Trashed] = []
        while part := domain.list_trash(tools, OPERATOR, project, before=found[-1].id if found else None, limit=_PAGE):
            found += part
    show([_row(one) for one in found], as_json=as_json, empty=f"The trash of {project} is empty.")


@trash.command()
def restore(
    project: Project,
    number: Annotated[int | None, typer.Argument(help="Its number in the list.")] = None,
    batch: Annotated[str | None, typer.Option(help="All that one act deleted, by its label in the list.")] = None,
    config: ConfigOption = None,
) -> None:
    """Bring something back, with what it needs; or all that one act deleted."""
    if (number is None) == (batch is None):
        raise Failure("say which: its number in the list, or --batch and the label of an act")
    with open_session(config) as tools:
        if batch is not None:
            done = domain.restore_batch(tools, OPERATOR, project, batch)
            say(f"{done.back} are back, {done.left} stay in the trash.")
        elif number is not None:
            say(f"{_written(domain.restore(tools, OPERATOR, project, number))} is back.")


@trash.command()
def empty(
    project: Project,
    number: Annotated[int | None, typer.Option(help="Only this one.")] = None,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Let go for good of what a project has in the trash; the next collection takes it."""
    what = f"number {number} in the trash" if number is not None else "everything in the trash"
    confirm(f"Let go of {what} of {project}? It cannot be restored then.", yes=yes)
    with open_session(config) as tools:
        count = domain.empty(tools, OPERATOR, project, number)
    say(f"Let go of {count}.")


def _row(one: Trashed) -> Mapping[str, Any]:
    return {
        "number": one.id,
        "what": str(one.kind),
        "image": _written(one),
        "tags": ", ".join(one.tags),
        "deleted_by": one.deleted_by,
        "deleted_at": one.deleted_at,
        "until": one.expires_at,
        "batch": one.batch,
    }


def _written(one: Trashed) -> str:
    mark = "@" if one.kind is domain.Kind.MANIFEST else ":"
    return f"{one.path}{mark}{one.name}" if one.name else one.path
