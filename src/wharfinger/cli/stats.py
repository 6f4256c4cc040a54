"""`wharfinger stats`: how often images are pulled, and what nobody pulls."""

from datetime import timedelta
from typing import Annotated

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import note, show
from wharfinger.domain import statistics
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.statistics import Idle

stats = typer.Typer(name="stats", help="How often images are pulled, what nobody pulls.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(help="Full path of a project or group; without one, everything.")]
_PAGE = 500


@stats.command()
def pulls(place: Place = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The images that are pulled most. Counts are up to a minute behind."""
    with open_session(config) as tools:
        total, found = statistics.pulls(tools, OPERATOR, place)
    rows = [{"image": one.path, "pulls": one.pull_count, "last_pulled_at": one.last_pulled_at} for one in found]
    show(rows, as_json=as_json, empty="No image is here.")
    if not as_json and rows:
        note(f"{total.pull_count} pulls in all.")


@stats.command()
def unpulled(
    place: Place = "",
    days: Annotated[int, typer.Option(help="Not pulled, and not pushed, for so many days.", min=0)] = 90,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tags that nobody pulls."""
    found: list[Idle] = []
    with open_session(config) as tools:
        last, age = statistics.FIRST, timedelta(days=days)
        while page := statistics.unpulled(tools, OPERATOR, place, age=age, last=last, limit=_PAGE):
            found += page
            last = (page[-1].path, page[-1].name)
    rows = [
        {
            "image": f"{one.path}:{one.name}",
            "pushed_at": one.pushed_at,
            "pulls": one.pull_count,
            "last_pulled_at": one.last_pulled_at,
        }
        for one in found
    ]
    show(rows, as_json=as_json, empty=f"Every tag was pulled or pushed within {days} days.")
