"""`wharfinger job`: what waits to be done, and what was given up."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say, show
from wharfinger.domain import queue
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.queue import Job

job = typer.Typer(name="job", help="Work that waits or was given up: list, try again, forget.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Its number in the list.")]
_PAGE = 500
_LONGEST = 100  # of what a job is about, in the table: the text of a mail would fill the screen


@job.command("list")
def list_(
    given_up: Annotated[bool, typer.Option("--given-up", help="Only what nobody tries any more.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What waits, runs or was given up, newest first. What is done is not here."""
    found: list[Job] = []
    with open_session(config) as tools:
        while part := queue.list_jobs(tools, OPERATOR, last=found[-1].id if found else 0, limit=_PAGE):
            found += part
    longest = None if as_json else _LONGEST
    rows = [_row(one, longest) for one in found if one.due_at is None or not given_up]
    show(rows, as_json=as_json, empty="No job was given up." if given_up else "No job waits.")


@job.command()
def again(number: Number, config: ConfigOption = None) -> None:
    """Try a job again now, as if it had never been tried."""
    with open_session(config) as tools:
        queue.again(tools, OPERATOR, number)
    say(f"Job {number} is tried again by the next worker that is free.")


@job.command()
def forget(number: Number, config: ConfigOption = None) -> None:
    """Give a job up for good."""
    with open_session(config) as tools:
        queue.forget(tools, OPERATOR, number)
    say(f"Job {number} is forgotten.")


def _row(one: Job, longest: int | None) -> Mapping[str, Any]:
    about = " ".join(f"{name}={value}" for name, value in one.about.items())
    return {
        "number": one.id,
        "task": one.task,
        "about": about if longest is None else " ".join(about.split())[:longest],
        "queued_at": one.queued_at,
        "due_at": one.due_at or "given up",
        "tries": one.tries,
        "error": one.error,
    }
