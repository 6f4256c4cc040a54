"""The command `wharfinger`: which word runs what, and how a command fails.

A command is loaded when it is the one that was asked for: all of them take several times as long.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Final

import typer

from wharfinger import __version__
from wharfinger.cli.loading import unswept
from wharfinger.cli.terminal import note, say

WORDS: Final = {
    "serve": "Start the registry and stay until SIGTERM or Ctrl-C.",
    "worker": "Do the periodic work until SIGTERM or Ctrl-C. Any number of workers may run.",
    "migrate": "Bring the database up to date. The embedded SQLite does so by itself at every start.",
    "status": "Tell about the running server. Exit code 1 where none runs.",
    "reconfigure": "Apply the changed settings file to the running server, without dropping a transfer.",
    "doctor": "Check settings, folders, database, secret, clock, certificate and address. Exit code 1 where something "
    "fails.",
    "demo": "Push a small real image and pull it back, over HTTP.",
    "verify": "Compare what the database promises with the bytes. The server may run. Exit code 3 where problems are "
    "left.",
    "backup": "Write all rows as they are at this moment, and a list of the bytes. The server may run.",
    "restore": "Put a backup into an empty database, SQLite or PostgreSQL, whichever it was made of. No server may "
    "run.",
    "import": "Take over the reference registry's images; servers may run. Exit code 3 where something was not taken.",
    "user": "People: make, list, change, block, delete.",
    "group": "Groups: make, list, rename, move, change, delete.",
    "project": "Projects: make, list, rename, move, change, delete.",
    "member": "Members of groups and projects: add, list, remove.",
    "token": "Access tokens: create, list, rotate, revoke, rotate-keys.",
    "repository": "Image repositories: rename, delete.",
    "protection": "Protected repositories and tags, immutable tags: list, add, remove.",
    "cleanup": "Cleanup policies: list, set, enable, disable, remove; preview, run, stop, history, undo.",
    "trash": "Deleted tags, manifests and repositories: list, restore, empty.",
    "stats": "How often images are pulled, what nobody pulls.",
    "quota": "Storage of projects, groups and all: show, usage, set, recount.",
    "gc": "Garbage collection: how it stands, what it would take, do it now.",
    "storage": "The bytes of blobs as a whole: move, rekey.",
    "job": "Work that waits or was given up: list, try again, forget.",
    "audit": "What happened: list, export, verify.",
    "webhook": "Webhooks: add, list, test, enable, remove, and what was delivered.",
}
_ELSEWHERE: Final = {"restore": ("backup", "restore"), "import": ("take", "take")}  # others: in modules of their names


def command_line(asked: str) -> typer.Typer:
    """All words, and what the one that is asked for does."""
    cli = typer.Typer(
        name="wharfinger",
        help="A container registry that lives inside projects.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # the other reading takes [storage] for a colour
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_options,
    )
    for word, text in WORDS.items():
        if word != asked:
            cli.command(word, help=text)(_not_loaded)
        elif isinstance(found := load(word), typer.Typer):
            cli.add_typer(found)
        else:
            cli.command(word)(found)
    return cli


def load(word: str) -> typer.Typer | Callable[..., None]:
    """What a word runs: more words, or a function."""
    module, name = _ELSEWHERE.get(word, (word, word))
    with unswept():
        found: typer.Typer | Callable[..., None] = getattr(import_module(f"wharfinger.cli.{module}"), name)
    return found


def _not_loaded() -> None:
    """Stands for a command in the list of all."""


def _version(asked: bool) -> None:
    if asked:
        say(f"wharfinger {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """A container registry that lives inside projects."""


def run() -> None:
    """Run the command line. Exit code 1 with one sentence where it cannot be done, 2 where it was written wrongly."""
    try:
        command_line(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))()
    except Exception as error:
        sentence = import_module("wharfinger.cli.failures").sentence(error)
        if sentence is None:
            raise
        note(f"wharfinger: {sentence}")
        sys.exit(1)
