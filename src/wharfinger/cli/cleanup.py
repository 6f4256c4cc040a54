"""`wharfinger cleanup`: policies that remove old tags, and what they do."""

import typer

from wharfinger.cli import cleanup_policies as policies
from wharfinger.cli import cleanup_runs as runs

cleanup = typer.Typer(
    name="cleanup",
    help="Cleanup policies: list, set, enable, disable, remove; preview, run, stop, history, undo.",
    no_args_is_help=True,
)
cleanup.command("list")(policies.list_)
cleanup.command("set")(policies.set_)
cleanup.command()(policies.enable)
cleanup.command()(policies.disable)
cleanup.command()(policies.remove)
cleanup.command()(runs.preview)
cleanup.command()(runs.run)
cleanup.command()(runs.stop)
cleanup.command()(runs.history)
cleanup.command()(runs.undo)
