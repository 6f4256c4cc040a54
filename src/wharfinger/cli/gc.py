"""`wharfinger gc`: what nothing needs any more, and the space it takes. The server collects it by itself."""

from dataclasses import asdict
from datetime import timedelta
from typing import Final

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import show_one
from wharfinger.domain import garbage
from wharfinger.domain.garbage import Freed, Status

gc = typer.Typer(
    name="gc", help="Garbage collection: how it stands, what it would take, do it now.", no_args_is_help=True
)

_NAMES: Final = {"manifests": "manifests", "repository_blobs": "blobs_in_repositories", "blobs": "blobs"}
_ROUND: Final = timedelta(minutes=1)


@gc.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The queues, bytes that wait to be freed, and what was freed so far."""
    with open_session(config) as tools:
        show_one(_status(garbage.status(tools)), as_json=as_json)


@gc.command()
def preview(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What the next batch would take; nothing is changed."""
    with open_session(config) as tools:
        show_one(_freed(garbage.preview(tools)), as_json=as_json)


@gc.command()
def run(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Review everything that is due now, beside the running server or without one."""
    freed = Freed()
    with open_session(config) as tools:
        while (done := garbage.run(tools, _ROUND)).reviewed:
            freed += done
    show_one(_freed(freed), as_json=as_json)


def _freed(freed: Freed) -> dict[str, int]:
    table = asdict(freed)
    return {"manifests": table["manifests"], "blobs_in_repositories": table["links"]} | {
        name: table[name] for name in ("blobs", "bytes")
    }


def _status(found: Status) -> dict[str, object]:
    table: dict[str, object] = {}
    for name, queue in found.queues.items():
        table[f"{_NAMES[name]}_queued"] = queue.waiting
        table[f"{_NAMES[name]}_due"] = queue.due
    firsts = [queue.first_at for queue in found.queues.values() if queue.first_at is not None]
    table["next_at"] = min(firsts, default=None)
    table |= {"trash": found.trash, "blobs_waiting": found.doomed_blobs, "bytes_waiting": found.doomed_bytes}
    return table | {f"{what}_freed": found.freed.get(what, 0) for what in ("manifests", "links", "blobs", "bytes")}
