"""`wharfinger import`: take over a folder or a bucket that the reference registry has written."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from wharfinger.app import keeping
from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session, read_settings
from wharfinger.cli.terminal import counted, note, say
from wharfinger.domain import takeover
from wharfinger.domain.takeover import Taken
from wharfinger.rules.sizes import in_words
from wharfinger.spec.plain_text import visible
from wharfinger.storage.reference import Reference, ReferenceFolder

PROBLEMS_LEFT: Final = 3
_SHOWN: Final = 60  # characters of a name, while it goes on


def take(
    source: Annotated[
        str, typer.Argument(help="The folder that holds docker/registry/v2, or a bucket of [storage] that does.")
    ],
    into: Annotated[str, typer.Option("--into", help="Project that its repositories become images of.")],
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy bytes: out of a bucket, or where files cannot be linked.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the reference registry's images; servers may run. Exit code 3 where something was not taken."""
    reference = _open(source, config)
    names = reference.repositories()
    found = list[Taken]()
    console = Console(stderr=True)
    with (
        open_session(config) as tools,
        Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task(f"Taking over {counted(len(names), 'repository')}", total=len(names))
        for taken in takeover.repositories(tools, reference, into, copy=copy):
            found.append(taken)
            progress.update(task, advance=1, description=escape(visible(taken.repository, _SHOWN)))
    _tell(found, as_json=as_json)
    if any(taken.problems for taken in found):
        raise typer.Exit(PROBLEMS_LEFT)


def _open(source: str, config: Path | None) -> Reference:
    if "://" in source:
        return keeping.open_reference(read_settings(config), source)
    return ReferenceFolder(Path(source))


def _tell(found: list[Taken], *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps([asdict(taken) for taken in found], option=orjson.OPT_INDENT_2).decode())
        return
    for taken in found:
        for problem in taken.problems:
            note(f"{taken.repository}: {problem}")
    tags, manifests, blobs = (sum(getattr(one, what) for one in found) for what in ("tags", "manifests", "blobs"))
    size = in_words(sum(taken.size_bytes for taken in found))
    new = f"{counted(tags, 'tag')}, {counted(manifests, 'manifest')}, {counted(blobs, 'blob')} with {size}"
    say(f"{counted(len(found), 'repository')} looked through. New here: {new}.")
    if any(taken.problems for taken in found):
        note("Not all of it was taken, for the reasons above. Import again for the rest: what is here stays as it is.")
