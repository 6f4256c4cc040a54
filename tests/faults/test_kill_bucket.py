"""kill -9 at every request to a bucket and every commit, of a push, of the collector and of a move.

Nothing acknowledged is lost, nothing half-written is served, uploads go on or are refused so that the client starts
over, and what a killed process left in the bucket is collected. On PostgreSQL every third point; `make soak` takes them
all, and says how many there are.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.actors import Actors
from tests.domain.shelf import Shelf as Repository
from tests.faults import bucketeer
from tests.faults.bucketeer import LARGE, SIZES, Scene
from tests.faults.mortals import Words, live
from tests.in_process import close_tools
from tests.storage import buckets
from tests.storage.bytes_of import some, whole
from wharfinger.db import inventory
from wharfinger.domain import garbage, leftovers, moving, uploads
from wharfinger.domain.errors import UploadUnknown
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.connect import open_bucket
from wharfinger.storage.place import Place
from wharfinger.storage.store import Redirect

MOVED = {"together": (700, 800, 900), "alone": (3000,), "in parts": (LARGE,)}
SOAK = "WHARFINGER_SOAK_SECONDS" in os.environ
APART = 10  # minutes between two processes: what the killed one held is free again

pytestmark = pytest.mark.timeout(900)


class House:
    """A project on a bucket, processes that are killed there, and one that looks on."""

    def __init__(self, url: str, folder: Path, stride: int) -> None:
        self.stride, self.kills = stride, 0  # from one point to the next
        bucket = f"s3://{buckets.new_bucket()}/images"
        self.scene, self.minutes = Scene(url, str(folder / "store"), bucket, ""), 0
        tools = self.scene.tools("", 0)
        self.scene = replace(self.scene, project=Actors(tools).project().path)
        close_tools(tools)

    def killed(self, act: str, call: int) -> list[Words] | None:
        """What was acknowledged before the kill; None where it came to its end first."""
        self.minutes += APART
        life = live(bucketeer.work, act, self.scene, call, minutes=self.minutes, upstream=buckets.moto())
        self.kills += life.killed
        return life.said if life.killed else None

    def later(self, **time: float) -> Tools:
        """Tools of the next process, after a while."""
        self.minutes += int(timedelta(**time).total_seconds() // 60)
        return self.scene.tools("", self.minutes)

    def objects(self) -> set[str]:
        return {found.name for found in open_bucket(self.scene.bucket, buckets.s3_account()).list("objects")}


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, make_database: Callable[[str], str], quick_path: Path) -> Iterator[House]:
    made = House(make_database(request.param), quick_path, 1 if SOAK or request.param == "sqlite" else 3)
    yield made
    if SOAK:
        print(f"killed {made.kills} times")


def content(tools: Tools, path: str, digest: str) -> bytes | None:
    """A blob as a client would get it; None where there is none."""
    row = tools.lookup.blob(path, digest)
    if row is None:
        return None
    found = tools.store.read(digest, place=row.place)
    assert not isinstance(found, Redirect)
    return whole(found)


def objects_of_rows(tools: Tools) -> Iterator[str]:
    with tools.db.read() as tx:
        for row in inventory.blobs_page(tx, "", 10_000):
            if row.place:
                yield from Place.parse(row.place).names


def collect_all(tools: Tools) -> None:
    while garbage.step(tools).reviewed:
        pass


def check_push(house: House, said: list[Words], seed: int) -> None:
    """As the next process finds it, and as the client goes on."""
    tools = house.later(minutes=5)
    shelf = house.scene.repository(tools)
    data = {"small": some(SIZES[-1], seed), "large": some(LARGE, seed)}
    kept = {words[1] for words in said if words[0] == "kept"}
    for name, expected in data.items():
        served = content(tools, shelf.path, digests.of(expected))
        assert served == expected or (served is None and name not in kept)
    for _, session, size in [words for words in said if words[0] == "part"][-1:]:
        go_on(shelf, session, size, data["small"])
        assert content(tools, shelf.path, digests.of(data["small"])) == data["small"]
    if ("image", f"v{seed}") in said:
        assert shelf.has(f"v{seed}")
    shelf.image(*data.values(), tag=f"v{seed}")
    assert shelf.has(f"v{seed}")
    close_tools(tools)


def go_on(shelf: Repository, session: str, size: int, data: bytes) -> None:
    """The upload is there with all that was acknowledged; or it had ended, and the client is told to start anew."""
    try:
        stands = uploads.status(shelf.tools, shelf.caller, shelf.path, session).size_bytes
    except UploadUnknown:
        shelf.blob(data)
        return
    assert stands >= size
    uploads.append(
        shelf.tools, shelf.caller, shelf.path, session,
        start=stands, pieces=[data[stands:]], digest=digests.of(data),
    )  # fmt: skip


def test_a_push(house: House) -> None:
    call = 0
    while (said := house.killed("push", call)) is not None:
        check_push(house, said, call)
        call += house.stride
    assert call > 40
    tools = house.later(hours=1)
    leftovers.forget_uploads(tools)
    close_tools(tools)
    tools = house.later(days=30)
    leftovers.forget_uploads(tools)
    for _ in range(5):
        collect_all(tools)
        close_tools(tools)
        tools = house.later(hours=30)
    shelf = house.scene.repository(tools)
    assert all(shelf.has(f"v{seed}") for seed in range(0, call + 1, house.stride))
    assert house.objects() == set(objects_of_rows(tools)), "what nobody named is gone"
    assert garbage.status(tools).doomed_blobs == 0
    close_tools(tools)


def test_the_collector(house: House) -> None:
    """Each process starts where the last one was killed, and new garbage waits for it as well."""
    tools = house.later()
    house.scene.repository(tools).image(b"needed", b"needed as well", tag="v1")
    close_tools(tools)
    call, going_on = 0, True
    while going_on:
        tools = house.later(hours=1)
        shelf = house.scene.repository(tools)
        assert shelf.has("v1")
        shelf.image(b"needed", f"garbage {call}".encode())
        close_tools(tools)
        house.minutes += 60 * 30
        going_on = house.killed("collect", call) is not None
        call += house.stride
    assert call > 15
    for _ in range(4):
        tools = house.later(hours=30)
        collect_all(tools)
        close_tools(tools)
    tools = house.later()
    assert house.scene.repository(tools).has("v1")
    assert house.objects() == set(objects_of_rows(tools))
    assert len(house.objects()) == 2
    assert garbage.status(tools).doomed_blobs == 0
    close_tools(tools)


@pytest.mark.parametrize("sizes", MOVED.values(), ids=MOVED)
@pytest.mark.parametrize("first", ["bucket", "folder"])
def test_a_move(house: House, first: str, sizes: Sequence[int]) -> None:
    """Into the bucket, and out of it: killed at each point, and the next one, which goes on, once more."""
    other = "folder" if first == "bucket" else "bucket"
    before, after = replace(house.scene, first=other), replace(house.scene, first=first, both=True)
    layers, call, killed = list[bytes](), 0, True
    while killed:
        new = [some(size, call) for size in sizes] + [b""] * (call == 0)
        layers += new
        house.scene = before
        tools = house.later()
        house.scene.repository(tools).image(*new, tag=f"v{call}")
        close_tools(tools)
        house.scene = after
        killed = house.killed("move", call) is not None
        house.killed("move", call)
        check_move(house, new)
        call += house.stride
    assert call > 10
    require_moved(house, layers)
    files = list(Path(house.scene.folder).glob("blobs/*/*/*"))
    assert len(files) == (0 if first == "bucket" else len(set(layers)))
    assert not list(Path(house.scene.folder).glob("uploads/*"))


def check_move(house: House, new: list[bytes]) -> None:
    """What is under way is whole, and the next process brings it to its end."""
    tools = house.later(minutes=APART)
    shelf = house.scene.repository(tools)
    assert [content(tools, shelf.path, digests.of(data)) for data in new] == new
    assert {one.outcome for one in moving.run(tools, moving.Means(remove=True))} <= {"moved"}
    assert moving.expect(tools) == (0, 0)
    assert [content(tools, shelf.path, digests.of(data)) for data in new] == new
    close_tools(tools)


def require_moved(house: House, layers: list[bytes]) -> None:
    """Weeks later all of it is there, once."""
    for _ in range(4):
        tools = house.later(hours=30)
        leftovers.forget_uploads(tools)
        collect_all(tools)
        close_tools(tools)
    tools = house.later(days=30)
    tools.store.abandon(-3600)  # files go by the system's clock
    shelf = house.scene.repository(tools)
    assert [content(tools, shelf.path, digests.of(data)) for data in layers] == layers
    assert house.objects() == set(objects_of_rows(tools)), "neither half a copy nor an old one is left"
    close_tools(tools)
