"""What strangers wrote is told, and obeyed by no terminal."""

import json

import pytest

from tests.cli.conftest import Invoke
from wharfinger.cli import terminal

NASTY = "a\x1b]0;owned\x07\x1b[2J\x9b31m\udcff\rb"


def test_sentences_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(NASTY)
    terminal.note(NASTY)
    terminal.show([{"name": NASTY}], as_json=False, empty="")
    terminal.show_one({"name": NASTY}, as_json=False)
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "owned" in text
        assert not set("\x1b\x07\x9b\r\udcff") & set(text)


def test_json_stays_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = "line\nä\x1b\x9b\u202e\t"
    terminal.show([{"name": text}], as_json=True, empty="")
    said = capsys.readouterr().out
    assert json.loads(said) == [{"name": text}]
    assert "\x9b" not in said


def test_a_refusal(invoke: Invoke) -> None:
    ran = invoke("user", "show", NASTY.replace("\udcff", ""))
    assert ran.code == 1
    assert "owned" in ran.err
    assert not set("\x1b\x07\x9b\r") & set(ran.err)


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [(1, "blob", "1 blob"), (1200, "blob", "1,200 blobs"), (1, "repository", "1 repository"), (0, "day", "0 days"),
     (2, "repository", "2 repositories")],
)  # fmt: skip
def test_numbers_with_their_noun(count: int, noun: str, said: str) -> None:
    assert terminal.counted(count, noun) == said
