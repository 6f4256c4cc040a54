"""kill -9 of a worker before every call that removes something: what is needed stays, and nothing is forgotten."""

from pathlib import Path

import pytest

from tests.domain.shelf import Shelf
from tests.faults import collector
from tests.faults.collector import tools_at
from tests.faults.mortals import live
from tests.in_process import close_tools
from wharfinger.domain import garbage


@pytest.mark.timeout(600)
def test_at_every_call(database_url: str, quick_path: Path) -> None:
    """Each worker starts where the last one was killed, and new garbage waits for it as well."""
    folder, call = quick_path / "bytes", 0
    tools = tools_at(database_url, folder, 0)
    shelf = Shelf(tools)
    shelf.image(b"needed", b"needed as well", tag="v1")
    going_on = True
    while going_on:
        for number in range(3):
            shelf.image(b"needed", f"garbage {call} {number}".encode())
        going_on = live(collector.work, database_url, folder, call).killed
        assert shelf.has("v1")
        call += 1
    close_tools(tools)
    later = tools_at(database_url, folder, 5)
    while garbage.step(later).reviewed:
        pass
    left = sorted(file.read_bytes() for file in folder.glob("blobs/*/*/*"))
    assert left == [b"needed", b"needed as well"]
    assert not list((folder / "doomed").iterdir())
    assert garbage.status(later).doomed_blobs == 0
    assert call > 10
    close_tools(later)
