"""An upload: begun, continued by anybody, alone, and ended once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.bytes_of import MIB, holds, push, some, whole
from tests.storage.conftest import BACKENDS, Backend, Later
from wharfinger.spec import digest as digests
from wharfinger.storage.store import BytesMissing, Store, Upload, UploadLocked, UploadMissing

ID = "0123456789abcdef" * 2


def test_bytes_of_one_request_are_kept(store: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        assert upload.size_bytes == 0
        upload.write(b"one ")
        upload.write(b"request")
        assert upload.size_bytes == 11
        assert upload.digest("sha256") == digests.of(b"one request")
        upload.keep(digests.of(b"one request"))
    assert whole(store.read(digests.of(b"one request"))) == b"one request"


def test_an_upload_goes_on_in_any_process(store: Store, elsewhere: Store) -> None:
    """Each request finds what the others wrote, whether it wrote the last bytes itself or not."""
    data = some(5 * MIB + 17)
    store.begin(ID)
    steps = [0, 1, 70_000, MIB, 2 * MIB + 5, 5 * MIB, len(data)]
    doors = [store, store, elsewhere, elsewhere, store, elsewhere]
    for door, (start, end) in zip(doors, pairwise(steps), strict=True):
        with door.open(ID) as upload:
            assert upload.size_bytes == start
            upload.write(data[start:end])
            assert upload.size_bytes == end
    with store.open(ID) as upload:
        assert upload.digest("sha256") == digests.of(data)
        upload.keep(digests.of(data))
    assert whole(elsewhere.read(digests.of(data))) == data


@pytest.mark.parametrize("hinted", ["nowhere", "at begin", "at open", "wrongly"])
def test_sha512_with_and_without_a_hint(store: Store, hinted: str) -> None:
    store.begin(ID, *["sha512"] if hinted == "at begin" else [])
    with store.open(ID, {"at open": "sha512", "wrongly": "sha256"}.get(hinted)) as upload:
        upload.write(b"five twelve")
        digest = upload.digest("sha512")
        assert digest == digests.of(b"five twelve", "sha512")
        upload.keep(digest)
    assert whole(store.read(digest)) == b"five twelve"
    with pytest.raises(BytesMissing):
        store.read(digests.of(b"five twelve"))


def test_asking_for_a_digest_ends_nothing(store: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        for end, algorithm in [(3, "sha256"), (6, "sha512"), (9, "sha256"), (9, "sha256"), (12, "sha512")]:
            upload.write(b"abcdefghijkl"[upload.size_bytes : end])
            assert upload.digest(algorithm) == digests.of(b"abcdefghijkl"[:end], algorithm)


def test_no_bytes_at_all_are_a_blob_too(store: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"")
        assert upload.digest("sha256") == digests.of(b"")
        upload.keep(digests.of(b""))
    assert whole(store.read(digests.of(b""))) == b""


def test_only_one_has_it_open(store: Store, elsewhere: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        for door in (store, elsewhere):
            with pytest.raises(UploadLocked):
                door.open(ID)
        upload.write(b"mine")
    with elsewhere.open(ID) as upload:
        assert upload.size_bytes == 4


def test_how_far_it_is_while_somebody_writes(store: Store, elsewhere: Store) -> None:
    """Who asks takes it from nobody, and counts nothing that has not arrived."""
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"four")
    with store.open(ID) as upload:
        for door in (store, elsewhere):
            assert door.arrived(ID) == 4
        upload.write(b" more")
        assert 4 <= elsewhere.arrived(ID) <= 9
    assert store.arrived(ID) == elsewhere.arrived(ID) == 9


@pytest.mark.parametrize("end", ["keep", "cancel"])
def test_what_has_ended_has_not_arrived(store: Store, elsewhere: Store, end: str) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"all")
        upload.cancel() if end == "cancel" else upload.keep(upload.digest("sha256"))
    for door in (store, elsewhere):
        for unknown in (ID, "0" * 32, "../" + ID):
            with pytest.raises(UploadMissing):
                door.arrived(unknown)


def test_many_who_want_it_at_once(store: Store) -> None:
    """Whoever gets in appends one line; nobody's bytes fall into another's."""
    store.begin(ID)

    def append(number: int) -> int:
        try:
            with store.open(ID) as upload:
                for _ in range(50):
                    upload.write(b"%04d" % number)
                return 1
        except UploadLocked:
            return 0

    with ThreadPoolExecutor(16) as pool:
        entered = sum(pool.map(append, range(400)))
    with store.open(ID) as upload:
        assert upload.size_bytes == entered * 200
        upload.keep(upload.digest("sha256"))


def test_what_was_written_stays_if_the_request_fails(store: Store) -> None:
    store.begin(ID)
    with pytest.raises(ZeroDivisionError), store.open(ID) as upload:
        upload.write(b"so far")
        _ = 1 / 0
    with store.open(ID) as upload:
        assert upload.size_bytes == 6
        assert upload.digest("sha256") == digests.of(b"so far")


ENDS: dict[str, Callable[[Upload], None]] = {
    "keep": lambda upload: upload.keep(digests.of(b"bytes")),
    "cancel": lambda upload: upload.cancel(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_ended_upload_is_over(store: Store, elsewhere: Store, end: Callable[[Upload], None]) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"bytes")
        end(upload)
        with pytest.raises(UploadMissing):
            upload.write(b"more")
        with pytest.raises(UploadMissing):
            upload.digest("sha256")
        with pytest.raises(UploadMissing):
            upload.keep(digests.of(b"bytes"))
    for door in (store, elsewhere):
        with pytest.raises(UploadMissing):
            door.open(ID)


def test_cancelling_forgets_the_bytes(store: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"gone")
        upload.cancel()
        upload.cancel()
    with pytest.raises(BytesMissing):
        store.read(digests.of(b"gone"))
    store.begin(ID)
    with store.open(ID) as upload:
        assert upload.size_bytes == 0
        assert upload.digest("sha256") == digests.of(b"")


def test_closing_again_does_nothing(store: Store) -> None:
    store.begin(ID)
    upload = store.open(ID)
    upload.close()
    with store.open(ID) as other:
        upload.close()
        with pytest.raises(UploadLocked):
            store.open(ID)
        other.cancel()


def test_what_was_never_begun(store: Store) -> None:
    with pytest.raises(UploadMissing):
        store.open(ID)


STRANGE_IDS = [
    "",
    ".",
    "..",
    "../" + ID,
    "/etc/passwd",
    ID[:31],
    ID + "0",
    ID.upper(),
    ID + "\n",
    ID[:31] + "\0",
    "\u0660" * 32,
]


@pytest.mark.parametrize("strange", STRANGE_IDS, ids=ascii)
def test_what_is_no_upload_id(store: Store, strange: str) -> None:
    with pytest.raises(ValueError, match="32 hex digits"):
        store.begin(strange)
    with pytest.raises(UploadMissing):
        store.open(strange)


def test_an_id_is_for_one_upload(store: Store) -> None:
    store.begin(ID)
    with store.open(ID) as upload:
        upload.write(b"first")
    with pytest.raises(ValueError, match="id"):
        store.begin(ID)
    with store.open(ID) as upload:
        assert upload.size_bytes == 5


def test_old_uploads_are_abandoned(backend: Backend) -> None:
    store, day = backend.store, timedelta(days=1).total_seconds()
    blob = push(store, b"kept long ago")
    old = [token_hex(16) for _ in range(3)]
    for upload in old:
        store.begin(upload)
    assert store.abandon(day) == 0
    backend.clock.added = timedelta(days=2)
    with store.open(old[0]):
        assert store.abandon(day) == 2, "the open one is in use"
    with store.open(old[0]) as upload:
        assert upload.size_bytes == 0
    for upload_id in old[1:]:
        with pytest.raises(UploadMissing):
            store.open(upload_id)
    assert backend.elsewhere.abandon(day) == 1
    assert store.abandon(day) == 0
    assert holds(store, blob)


def test_what_goes_on_is_listed_with_its_size(store: Store, elsewhere: Store) -> None:
    ids = [f"{number:032x}" for number in range(3)]
    for number, id_ in enumerate(ids):
        store.begin(id_)
        with store.open(id_) as upload:
            upload.write(b"x" * number)
    assert sorted(elsewhere.unfinished()) == [(id_, number) for number, id_ in enumerate(ids)]
    with store.open(ids[1]) as upload:
        upload.keep(upload.digest("sha256"))
    with store.open(ids[2]) as upload:
        upload.cancel()
    assert list(elsewhere.unfinished()) == [(ids[0], 0)]


def test_checking_leaves_nothing(store: Store) -> None:
    store.check()
    assert store.abandon(-1) == 0


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS)
def test_any_order_of_requests_gives_the_same_bytes(make: Callable[[Path, Later], Backend]) -> None:
    """Requests of any length, at either process, asking for digests in between."""
    request = st.tuples(
        st.booleans(), st.lists(st.integers(0, 9000), max_size=4), st.sampled_from(["", "sha256", "sha512"])
    )

    @settings(max_examples=60, deadline=None)
    @given(st.lists(request, max_size=8), st.sampled_from(["sha256", "sha512"]))
    def keeps(requests: list[tuple[bool, list[int], str]], algorithm: str) -> None:
        upload_id, sent = token_hex(16), b""
        backend.store.begin(upload_id)
        for away, lengths, asked in requests:
            with (backend.elsewhere if away else backend.store).open(upload_id) as upload:
                for length in lengths:
                    upload.write(some(length, len(sent)))
                    sent += some(length, len(sent))
                assert not asked or upload.digest(asked) == digests.of(sent, asked)
                assert upload.size_bytes == len(sent)
        with backend.elsewhere.open(upload_id) as upload:
            upload.keep(upload.digest(algorithm))
        assert whole(backend.store.read(digests.of(sent, algorithm))) == sent

    with TemporaryDirectory() as folder:
        backend = make(Path(folder), Later())
        keeps()
