"""`wharfinger backup` and `wharfinger restore`: all rows, and the bytes of a folder."""

from pathlib import Path
from typing import Annotated, Final

import typer

from wharfinger import __version__
from wharfinger.app import compose
from wharfinger.app.secret import mark, read_secret
from wharfinger.cli.options import ConfigOption, RateOption
from wharfinger.cli.progress import bar
from wharfinger.cli.session import open_session, read_settings
from wharfinger.cli.terminal import Failure, counted, note, say
from wharfinger.config import running
from wharfinger.config.running import AlreadyRunning
from wharfinger.config.settings import Settings
from wharfinger.domain import backup as backups
from wharfinger.domain import verify
from wharfinger.domain.backup import Copied
from wharfinger.rules.sizes import in_words
from wharfinger.storage.backup import BackupFolder

PROBLEMS_LEFT: Final = 3
_NOT_IN: Final = (
    "Not in it: the secret ({secret}), master keys, the settings file{bytes}. Keep them elsewhere: the secret opens "
    "what is sealed in the rows, like signing keys, and without the master keys sealed blobs are lost."
)


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not be there.")],
    copies: Annotated[
        Path | None,
        typer.Option(
            "--bytes", help="Link or copy the bytes of blobs into this folder too; several backups may share it."
        ),
    ] = None,
    limit: RateOption = 0,
    config: ConfigOption = None,
) -> None:
    """Write all rows as they are at this moment, and a list of the bytes. The server may run."""
    settings = read_settings(config)
    with open_session(config) as tools:
        about = {"wharfinger": __version__, "secret": mark(tools.secret)}
        total = verify.expect(tools)[1] if copies else None
        with bar("Backing up", total, limit) as progress:
            made = backups.make(tools, folder, about, copies=copies, pace=progress.add)
    size = in_words(made.blob_bytes)
    say(f"{counted(made.rows, 'row')} in {folder}, with a list of {counted(made.blobs, 'blob')} with {size}.")
    if copies:
        say(f"{counted(made.copied.files, 'file')} brought to {copies}, {made.copied.there:,} there already.")
    say(_NOT_IN.format(secret=settings.secret_path, bytes="" if copies else ", the bytes of blobs"))
    _end(made.copied, "`wharfinger verify` says which images are hit, and how to mend them")


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    copies: Annotated[
        Path | None, typer.Option("--bytes", help="Bring the bytes back from this folder as well.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Put a backup into an empty database, SQLite or PostgreSQL, whichever it was made of. No server may run."""
    settings = read_settings(config)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = BackupFolder(folder)
    _require_secret(settings, source)
    if copies is not None and not copies.is_dir():
        raise Failure(f"{copies} is no folder: name the one that `backup --bytes` was given")
    try:
        with running.hold(settings.run):
            count = backups.restore(compose.database_url(settings), source)
    except AlreadyRunning as error:
        raise Failure(f"{error}: stop it first") from None
    say(f"{counted(count, 'row')} back.")
    copied = Copied()
    if copies:
        with open_session(config) as tools, bar("Bringing bytes back", verify.expect(tools)[1]) as progress:
            copied = backups.bring_back(tools, copies, progress.add)
        say(f"{counted(copied.files, 'file')} brought back, {copied.there:,} there already.")
    say("Now `wharfinger verify` tells whether all bytes are there, and `wharfinger serve` starts the server.")
    _end(copied, "`wharfinger verify --from FOLDER` fetches them from another folder that has them")


def _require_secret(settings: Settings, source: BackupFolder) -> None:
    """The secret that the backup's rows were sealed with must be here before its rows are."""
    said = source.description().get("secret")
    if not settings.secret_path.exists():
        raise Failure(
            f"{settings.secret_path} is not there: put the secret back that the backed up server had. Where it is "
            f"lost, `openssl rand -hex 32` makes another; `wharfinger doctor` then says what that costs"
        )
    if mark(read_secret(settings)) != said:
        note(
            f"The secret in {settings.secret_path} is not the one of this backup: `wharfinger doctor` says what to do."
        )


def _end(copied: Copied, advice: str) -> None:
    for problem in copied.problems:
        note(problem)
    if copied.problems:
        note(f"{counted(len(copied.problems), 'file')} missing: {advice}.")
        raise typer.Exit(PROBLEMS_LEFT)
