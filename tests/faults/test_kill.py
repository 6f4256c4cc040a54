"""kill -9 before every call that changes something: nothing acknowledged is lost, everything begun can be ended."""

from pathlib import Path

import pytest

from tests.faults import pusher
from tests.faults.mortals import Words, live
from tests.faults.pusher import PARTS
from tests.storage.bytes_of import holds, push, some
from wharfinger.spec import digest as digests
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import UploadMissing


def killed(folder: Path, call: int, threads: int = 1) -> list[Words]:
    """What the pusher acknowledged before it was killed."""
    life = live(pusher.work, folder, call, threads)
    assert life.killed
    return life.said


def check_after(folder: Path, said: list[Words]) -> None:
    """As the next start of the server finds it."""
    store = LocalStore(folder)
    for what, _, seed, _ in said:
        if what == "kept":
            assert holds(store, digests.of(some(PARTS[-1], seed)))
    for upload_id, (seed, size) in {upload: (seed, size) for _, upload, seed, size in said}.items():
        go_on(store, upload_id, seed, size)
    store.abandon(-3600)
    assert not list((folder / "uploads").iterdir())


def go_on(store: LocalStore, upload_id: str, seed: int, size: int) -> None:
    """It is there with all that was acknowledged, or it was on its way to be a blob, and then the blob is there."""
    data = some(PARTS[-1], seed)
    try:
        with store.open(upload_id) as upload:
            assert upload.size_bytes >= size
            upload.write(data[upload.size_bytes :])
            assert upload.digest("sha256") == digests.of(data)
            upload.keep(digests.of(data))
    except UploadMissing:
        assert holds(store, digests.of(data))
    push(store, data)
    assert holds(store, digests.of(data))


@pytest.mark.timeout(600)
def test_at_every_call_of_two_pushes(quick_path: Path) -> None:
    """The second replaces what the first kept, so both ways to keep are met at every point."""
    call, kept = 0, 0
    while kept < 2:
        said = killed(quick_path / "bytes", call)
        check_after(quick_path / "bytes", said)
        kept = sum(what == "kept" for what, *_ in said)
        for blob in (quick_path / "bytes" / "blobs").glob("*/*/*"):
            blob.unlink()
        call += 1
    assert call > 30


@pytest.mark.parametrize("call", [150, 333, 518, 704])
def test_among_many_threads(tmp_path: Path, call: int) -> None:
    said = killed(tmp_path / "bytes", call, threads=8)
    assert any(what == "kept" for what, *_ in said)
    check_after(tmp_path / "bytes", said)


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Each start finds what the last one left."""
    everything: list[Words] = []
    for call in (40, 90, 61, 200, 17, 133):
        everything += killed(tmp_path / "bytes", call, threads=4)
    check_after(tmp_path / "bytes", everything)
