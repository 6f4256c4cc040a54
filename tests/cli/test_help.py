"""What `--help` prints is what was written, whatever signs are in it."""

from collections.abc import Iterator

import click
import pytest
import typer.main

from tests.cli.conftest import Invoke
from wharfinger.cli.main import cli


def commands(command: click.Command, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield above, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *above, name)


def test_every_word_is_shown(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in brackets, as those of settings' tables, were taken for colours."""
    monkeypatch.setenv("COLUMNS", "400")
    seen = 0
    for words, command in commands(typer.main.get_command(cli)):
        shown = set(invoke(*words, "--help").out.replace("│", " ").split())
        options = [option for option in command.params if not getattr(option, "hidden", False)]
        written = [command.help or "", *(getattr(option, "help", None) or "" for option in options)]
        missing = {word.strip("`") for text in written for word in text.split()} - {word.strip("`") for word in shown}
        assert not missing, (words, missing)
        seen += len(written)
    assert seen > 100
