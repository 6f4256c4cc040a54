"""The command `wharfinger`: which word runs what, and how a command fails."""

import sys
from typing import Annotated, Final

import typer
from sqlalchemy.exc import DBAPIError

from wharfinger import __version__
from wharfinger.cli.audit import audit
from wharfinger.cli.backup import backup, restore
from wharfinger.cli.cleanup import cleanup
from wharfinger.cli.demo import demo
from wharfinger.cli.doctor import doctor
from wharfinger.cli.gc import gc
from wharfinger.cli.group import group
from wharfinger.cli.job import job
from wharfinger.cli.member import member
from wharfinger.cli.migrate import migrate
from wharfinger.cli.project import project
from wharfinger.cli.protection import protection
from wharfinger.cli.quota import quota
from wharfinger.cli.reconfigure import reconfigure
from wharfinger.cli.repository import repository
from wharfinger.cli.serve import serve
from wharfinger.cli.stats import stats
from wharfinger.cli.status import status
from wharfinger.cli.storage import storage
from wharfinger.cli.take import take
from wharfinger.cli.terminal import Failure, note, say
from wharfinger.cli.token import token
from wharfinger.cli.trash import trash
from wharfinger.cli.user import user
from wharfinger.cli.verify import verify
from wharfinger.cli.webhook import webhook
from wharfinger.cli.worker import worker
from wharfinger.config.load import SettingsRefused
from wharfinger.db.migrate import SchemaUnknown
from wharfinger.domain.errors import Refusal
from wharfinger.domain.keys import SecretChanged
from wharfinger.storage.store import StoreError

FAILURES: Final = (Failure, Refusal, SettingsRefused, SchemaUnknown, SecretChanged, StoreError)

cli = typer.Typer(
    name="wharfinger",
    help="A container registry that lives inside projects.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the other reading takes [storage] for a colour
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (serve, worker, migrate, status, reconfigure, doctor, demo, verify, backup, restore):
    cli.command()(command)
cli.command("import")(take)
for noun in (user, group, project, member, token, repository, protection, cleanup, trash, stats, quota):
    cli.add_typer(noun)
for noun in (gc, storage, job, audit, webhook):
    cli.add_typer(noun)


def _version(asked: bool) -> None:
    if asked:
        say(f"wharfinger {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """A container registry that lives inside projects."""


def run() -> None:
    """Run the command line. Exit code 1 with one sentence where it cannot be done, 2 where it was written wrongly."""
    try:
        cli()
    except FAILURES as failure:
        note(f"wharfinger: {failure}")
        sys.exit(1)
    except PermissionError as error:
        note(f"wharfinger: {error.filename}: {error.strerror}; run this as the user whom the server runs as")
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        note(f"wharfinger: {where}{error.strerror or error}; `wharfinger doctor` looks for the cause")
        sys.exit(1)
    except DBAPIError as error:
        note(f"wharfinger: the database refused: {error.orig}; `wharfinger doctor` looks for the cause")
        sys.exit(1)
