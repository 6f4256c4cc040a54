"""`wharfinger gc`: what nothing needs any more, and the space it takes. The server collects it by itself."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import counted, say, show, show_one
from wharfinger.domain import garbage, garbage_preview
from wharfinger.domain.garbage import Freed, Queue, Status
from wharfinger.domain.garbage_preview import Doomed, What
from wharfinger.rules.sizes import in_words
from wharfinger.spec.digest import is_digest

gc = typer.Typer(
    name="gc", help="Garbage collection: how it stands, what it would take, do it now.", no_args_is_help=True
)

_NAMES: Final = {"manifests": "manifests", "repository_blobs": "blobs_in_repositories", "blobs": "blobs"}
_SAID: Final = {
    "manifests": "manifests",
    "repository_blobs": "blobs in a repository",
    "blobs": "blobs in no repository",
}
_GOES: Final = {
    What.TRASHED: "out of the trash",
    What.MANIFEST: "manifest",
    What.LINK: "blob out of a repository",
    What.BLOB: "bytes of a blob",
}
_ROUND: Final = timedelta(minutes=1)


@gc.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What waits to be looked at, the space that is about to come back, and what was freed so far."""
    with open_session(config) as tools:
        found, now = garbage.status(tools), tools.clock()
    if as_json:
        show_one(_status(found), as_json=True)
        return
    show([_queue(name, queue, now) for name, queue in found.queues.items()], as_json=False, empty="")
    say("")
    say(f"In the trash: {counted(found.trash, 'thing')}, to be restored with `wharfinger trash`.")
    say(f"About to come back: {in_words(found.doomed_bytes)} of {counted(found.doomed_blobs, 'blob')}.")
    freed = {what: found.freed.get(what, 0) for what in ("manifests", "blobs", "bytes")}
    say(
        f"Freed so far: {in_words(freed['bytes'])}, {counted(freed['manifests'], 'manifest')} and "
        f"{counted(freed['blobs'], 'blob')}."
    )


@gc.command()
def preview(
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="COUNT", help="Name so many things at most.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Name all of them.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the next batch would take, by name; nothing is changed. JSON names all of it."""
    with open_session(config) as tools:
        found = garbage_preview.preview(tools)
    if as_json:
        show_one(_freed(found.freed) | {"named": [asdict(one) for one in found.doomed]}, as_json=True)
        return
    named = found.doomed if everything else found.doomed[:limit]
    if named:
        show([_doomed(one) for one in named], as_json=False, empty="")
    if left := len(found.doomed) - len(named):
        say(f"… and {left:,} more: `wharfinger gc preview --all` names them.")
    trashed = sum(one.what is What.TRASHED for one in found.doomed)
    say(f"The next batch would take {_taken(found.freed, trashed)}. Nothing was changed.")


@gc.command()
def run(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Review everything that is due now, beside the running server or without one."""
    freed = Freed()
    with open_session(config) as tools:
        while (done := garbage.run(tools, _ROUND)).reviewed:
            freed += done
    if as_json:
        show_one(_freed(freed), as_json=True)
    else:
        say(f"Looked at {counted(freed.reviewed, 'thing')} and took {_taken(freed)}.")


def _queue(name: str, queue: Queue, now: datetime) -> dict[str, object]:
    first = queue.first_at
    return {
        "to_be_looked_at": _SAID[name],
        "waiting": queue.waiting,
        "due_now": queue.due,
        "next": "now" if first is not None and first <= now else first,
    }


def _doomed(one: Doomed) -> dict[str, object]:
    mark = "@" if is_digest(one.name) else ":"
    name = mark.join(part for part in (one.image, one.name) if part)
    return {
        "goes": _GOES[one.what],
        "name": name,
        "size": "" if one.size_bytes is None else in_words(one.size_bytes),
    }


def _taken(freed: Freed, trashed: int = 0) -> str:
    """In words; what there is none of is not told."""
    parts = {
        f"{counted(trashed, 'thing')} out of the trash": trashed,
        counted(freed.manifests, "manifest"): freed.manifests,
        f"{counted(freed.links, 'blob')} out of repositories": freed.links,
        f"{counted(freed.blobs, 'blob')} with {in_words(freed.bytes)} for good": freed.blobs,
    }
    return ", ".join(part for part, count in parts.items() if count) or "nothing"


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
