"""Bringing back from folders that somebody prepared who means ill: plain files alone, into the store alone."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.domain.shelf import Shelf
from wharfinger.db.tables.images import blobs
from wharfinger.domain import backup
from wharfinger.domain.tools import Tools
from wharfinger.storage.local import LocalStore
from wharfinger.storage.place import Place
from wharfinger.storage.store import BytesMissing, StoreFailed


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_no_link_is_brought_back(tools: Tools, tmp_path: Path, kind: str) -> None:
    tools = replace(tools, store=LocalStore(tmp_path / "store"))
    shelf = Shelf(tools)
    shelf.image(b"a layer", tag="v1")
    backup.make(tools, tmp_path / "backup", {}, copies=tmp_path / "copies", pace=lambda _: None)
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret")
    for copy in [path for path in (tmp_path / "copies").rglob("*") if path.is_file()]:
        copy.unlink()
        copy.symlink_to(secret) if kind == "link" else os.mkfifo(copy)
    other = replace(tools, store=LocalStore(tmp_path / "other"))
    with pytest.raises(StoreFailed, match="no file of its own"):
        backup.bring_back(other, tmp_path / "copies", lambda _: None)
    assert not [path for path in (tmp_path / "other/blobs").rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(
    "place",
    [
        {"upload": "../../x", "segments": [["0", 1]]},
        {"upload": "ab", "segments": [["/../../../x", 1]]},
        {"upload": "", "segments": [["", 1]], "object": "../outside"},
        {"upload": "", "segments": [["", 1]], "object": "/etc/passwd"},
        {"upload": "", "segments": [["", 1]], "object": "a/../../b"},
        {"upload": ["a"], "segments": []},
    ],
    ids=str,
)
def test_no_row_names_what_is_outside(place: dict[str, object]) -> None:
    with pytest.raises(BytesMissing):
        Place.parse(json.dumps(place))


def test_a_row_of_no_digest(tools: Tools, tmp_path: Path) -> None:
    """A database that came from elsewhere is believed in nothing that leads to a file."""
    tools = replace(tools, store=LocalStore(tmp_path / "store"))
    digest = Shelf(tools).blob(b"a layer")
    with tools.db.begin() as tx:
        outside = json.dumps({"upload": "../../x", "segments": [["0", 1]]})
        tx.execute(update(blobs).where(blobs.c.digest == digest).values(place=outside))
    with pytest.raises((BytesMissing, StoreFailed)):
        backup.bring_back(tools, tmp_path, lambda _: None)
