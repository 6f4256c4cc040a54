"""What `--help` prints is what was written, whatever signs are in it."""

from collections.abc import Iterator

import click
import pytest
import typer
import typer.main

from tests.cli.conftest import Invoke
from wharfinger.cli.main import WORDS, command_line, load


def commands(command: click.Command, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield above, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *above, name)


def everything() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands, each as it is when it was asked for."""
    yield (), typer.main.get_group(command_line(""))
    for word in WORDS:
        yield from commands(typer.main.get_group(command_line(word)).commands[word], word)


@pytest.mark.parametrize("word", WORDS)
def test_the_list_of_all_says_what_a_command_says_of_itself(word: str) -> None:
    found = load(word)
    assert WORDS[word] == (found.info.help if isinstance(found, typer.Typer) else found.__doc__)


def test_every_word_is_shown(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in brackets, as those of settings' tables, were taken for colours."""
    monkeypatch.setenv("COLUMNS", "400")
    seen = 0
    for words, command in everything():
        shown = set(invoke(*words, "--help").out.replace("│", " ").split())
        options = [option for option in command.params if not getattr(option, "hidden", False)]
        written = [command.help or "", *(getattr(option, "help", None) or "" for option in options)]
        missing = {word.strip("`") for text in written for word in text.split()} - {word.strip("`") for word in shown}
        assert not missing, (words, missing)
        seen += len(written)
    assert seen > 100
