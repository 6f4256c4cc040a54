"""`wharfinger storage`: what an operator does to the bytes as a whole."""

import typer
from rich.console import Console
from rich.progress import Progress

from wharfinger.app import keeping
from wharfinger.cli.move import move
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import open_session, read_settings
from wharfinger.cli.terminal import Failure, say
from wharfinger.domain import sealing

storage = typer.Typer(name="storage", help="The bytes of blobs as a whole: move, rekey.", no_args_is_help=True)


@storage.callback()
def _storage() -> None:
    """The bytes of blobs as a whole."""


storage.command()(move)


@storage.command()
def rekey(config: ConfigOption = None) -> None:
    """Wrap the data keys of all sealed blobs under the first master key. No blob is written; the server may run."""
    masters = keeping.master_key(read_settings(config))
    if masters is None:
        raise Failure("no master key is set, so nothing is sealed: [storage] master_keys or master_key_file sets one")
    changed = left = 0
    with open_session(config) as tools, Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Wrapping data keys", total=sealing.count(tools))
        for page in sealing.rekey(tools, masters):
            changed, left = changed + page.changed, left + page.left
            progress.update(task, advance=page.seen)
    say(f"{changed} data keys were wrapped anew under {masters.current!r}.")
    if left:
        raise Failure(f"{left} changed meanwhile and were left: run this again before you take an old key away")
    say("Uploads that a request has open now get it when they end; after that, older keys may go.")
