"""kill -9 of a whole server at its requests to a bucket: while it takes images, cancels uploads and collects garbage.

All its processes die at once. Started again, it has lost nothing that it acknowledged, serves nothing half-written, and
uploads go on. A sample of the points of a push; `make soak` takes them all, and says how many there are.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from tests.conftest import MakeDatabase
from tests.faults.doorway import Doorway
from tests.faults.test_kill_bucket import objects_of_rows
from tests.serving import Server
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.storage.faulty import between
from tests.storage.test_served import in_bucket, objects
from tests.web.oci.contents import OCI_CONFIG, OCI_IMAGE, OCI_LAYER, descriptor, digest_of, manifest_of
from tests.web.oci.registry_client import Registry, location, octets
from wharfinger.app import compose
from wharfinger.db.tables.images import blobs, manifests, repository_blobs, uploads
from wharfinger.db.tables.trash import doomed_bytes
from wharfinger.domain import garbage, leftovers

SOAK = "WHARFINGER_SOAK_SECONDS" in os.environ
STRIDE = 1 if SOAK else 9  # odd, so that both kinds of points are met
SIZES = {"in chunks": 5000, "at once": 4000, "in parts": 8 * MIB + 1000}  # the last is two parts for the bucket
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.timeout(1800 if SOAK else 600)


class House:
    """A server on a bucket behind a doorway, and somebody who may push."""

    def __init__(self, folder: Path, url: str, door: Doorway, endpoint: str) -> None:
        self.door, self.bucket = door, f"s3://{buckets.new_bucket()}/images"
        storage = in_bucket(self.bucket, endpoint=endpoint, redirect=False)
        changes = {"server": {"workers": 1}, "trash": {"keep": "0s"}, "gc": {"interval": "1s"}}
        self.server = Server(folder, {**changes, "storage": storage, "database": {"url": url}})
        self.server.alone = True
        self.server.start()
        project = self.server.project()
        self.secret, self.path = self.server.token(self.server.user(project, "maintainer")), f"{project.path}/app"

    def client(self) -> Registry:
        return Registry(self.server.url, "anybody", self.secret)

    def restart(self) -> None:
        """After a kill."""
        assert self.server.process is not None
        self.server.process.wait(30)
        compose.close(self.server.tools)
        self.server.start()

    def leases_end(self) -> None:
        """Two minutes pass, in which nobody renewed what the killed processes held."""
        with self.server.tools.db.begin() as tx:
            tx.execute(update(uploads).values(held_until=LONG_AGO))

    def days_pass(self) -> None:
        """All that waits is due."""
        with self.server.tools.db.begin() as tx:
            for table in (manifests, repository_blobs, blobs):
                tx.execute(update(table).where(table.c.review_after.is_not(None)).values(review_after=LONG_AGO))
            tx.execute(update(doomed_bytes).values(try_after=LONG_AGO))
            tx.execute(update(uploads).values(held_until=LONG_AGO, written_at=LONG_AGO))

    def waiting(self) -> bool:
        """Is there something to collect?"""
        status = garbage.status(self.server.tools)
        return bool(status.doomed_blobs or any(queue.waiting for queue in status.queues.values()))

    def collect_everything(self) -> None:
        leftovers.forget_uploads(self.server.tools)
        ends = time.monotonic() + 60
        while self.waiting():
            assert time.monotonic() < ends, "it collects for ever"
            self.days_pass()
            leftovers.forget_uploads(self.server.tools)
            garbage.run(self.server.tools, pause=lambda _: None)

    def require_no_leftovers(self) -> None:
        self.collect_everything()
        prefix = "images/"
        found = {name.removeprefix(prefix) for name in objects(self.bucket)}
        assert found == set(objects_of_rows(self.server.tools)), "what nobody named is gone, and nothing else"
        assert "Traceback" not in self.server.log()


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, make_database: MakeDatabase, quick_path: Path) -> Iterator[House]:
    url = "" if request.param == "sqlite" else make_database("postgres")
    door = Doorway()
    with between(buckets.moto(), door) as endpoint:
        made = House(quick_path, url, door, endpoint)
        yield made
        made.server.stop()


@dataclass
class Push:
    """An image of three layers on its way in, each sent in another manner, and what the client was told of it."""

    registry: Registry
    path: str
    seed: int
    kept: set[str] = field(default_factory=set)
    tagged: bool = False
    open: tuple[str, str, int] | None = None  # what is on its way: its name, where to, and how far

    def __post_init__(self) -> None:
        self.data = {name: some(size, self.seed * 10 + number) for number, (name, size) in enumerate(SIZES.items())}
        self.config = f'{{"author": "{self.path} {self.seed}"}}'.encode()
        layers = [descriptor(data, OCI_LAYER) for data in self.data.values()]
        facts = {"schemaVersion": 2, "config": descriptor(self.config, OCI_CONFIG), "layers": layers}
        self.manifest = manifest_of(facts, OCI_IMAGE)

    @property
    def tag(self) -> str:
        return f"v{self.seed}"

    def run(self) -> None:
        """Ends with a TransportError where the server dies."""
        self._chunks("in chunks", 3000)
        self._whole("at once")
        self._chunks("in parts", SIZES["in parts"])
        self._cancel()
        self.registry.upload(self.path, self.config)
        answer = self.registry.put_manifest(self.path, self.tag, self.manifest)
        assert answer.status_code == 201, answer.text
        self.tagged = True
        for name in SIZES:
            assert self.pulled(name) == self.data[name]

    def pulled(self, name: str) -> bytes | None:
        """A layer as a client gets it; None where there is none."""
        answer = self.registry.get(f"/v2/{self.path}/blobs/{digest_of(self.data[name])}")
        assert answer.status_code in (200, 404), answer.text
        return answer.content if answer.status_code == 200 else None

    def go_on(self, name: str, place: str, at: int) -> None:
        """With an upload that stands somewhere; or it had ended, and the client starts anew."""
        status = self.registry.get(place)
        if status.status_code == 404:
            self._whole(name)
            return
        assert status.status_code == 204, status.text
        last = int(status.headers["range"].partition("-")[2])
        stands = last + 1 if last else 0
        assert stands >= at, "the client was told that more had arrived"
        answer = self.registry.patch(location(status), content=self.data[name][stands:], headers=octets())
        assert answer.status_code == 202, answer.text
        self._finish(name, location(answer))

    def _chunks(self, name: str, size: int) -> None:
        data, place = self.data[name], self.registry.start(self.path)
        for start in range(0, len(data), size):
            self.open = (name, place, start)
            answer = self.registry.patch(place, content=iter([data[start : start + size]]), headers=octets())
            assert answer.status_code == 202, answer.text
            place = location(answer)
        self.open = (name, place, len(data))
        self._finish(name, place)

    def _whole(self, name: str) -> None:
        place = self.registry.start(self.path)
        self.open = (name, place, 0)
        self._finish(name, place, self.data[name])

    def _finish(self, name: str, place: str, data: bytes = b"") -> None:
        answer = self.registry.put(place, params={"digest": digest_of(self.data[name])}, content=data, headers=octets())
        assert answer.status_code == 201, answer.text
        self.open = None
        self.kept.add(name)

    def _cancel(self) -> None:
        answer = self.registry.patch(self.registry.start(self.path), content=b"never finished", headers=octets())
        assert self.registry.delete(location(answer)).status_code == 204


def check_after(house: House, before: Push) -> None:
    """As a client finds it that comes back."""
    push = Push(house.client(), house.path, before.seed)
    for name, data in push.data.items():
        served = push.pulled(name)
        assert served == data or (served is None and name not in before.kept)
    answer = push.registry.get(f"/v2/{house.path}/manifests/{push.tag}")
    if before.tagged or answer.status_code == 200:
        assert answer.content == push.manifest.body
        assert all(push.pulled(name) == data for name, data in push.data.items())
    if before.open is not None:
        assert push.registry.get(before.open[1]).status_code in (204, 404, 409), "held by nobody who lives"
        house.leases_end()
        push.go_on(*before.open)
        assert push.pulled(before.open[0]) == push.data[before.open[0]]
    push.run()


def test_pushes(house: House) -> None:
    point = killed = 0
    while True:
        push = Push(house.client(), house.path, point)
        house.door.arm(point, house.server.kill)
        with suppress(httpx.TransportError):
            push.run()
        house.door.disarm()
        if not house.door.killed:
            break
        house.restart()
        check_after(house, push)
        point, killed = point + STRIDE, killed + 1
    assert point > 25, "requests were not seen"
    if SOAK:
        print(f"killed at {killed} points of a push")
    client = house.client()
    tags = client.tags(house.path)
    assert len(tags) == killed + 1
    house.require_no_leftovers()
    for tag in tags:
        assert client.get(f"/v2/{house.path}/manifests/{tag}").status_code == 200


def test_collecting(house: House) -> None:
    """The worker of the server removes bytes, all points of it; what is needed stays whole."""
    needed = Push(house.client(), house.path, 1_000)
    needed.run()
    point = 0
    while True:
        client = house.client()
        Push(client, house.path, point).run()
        assert client.delete(f"/v2/{house.path}/manifests/v{point}").status_code == 202
        house.door.arm(point, house.server.kill)
        ends = time.monotonic() + 60
        while not house.door.killed and house.waiting():
            assert time.monotonic() < ends, "nobody collects"
            house.days_pass()
            time.sleep(0.1)
        house.door.disarm()
        if not house.door.killed:
            break
        house.restart()
        check_after(house, needed)
        point += 1
    assert point > 1, "requests were not seen"
    if SOAK:
        print(f"killed at {point} points of a collection")
    house.require_no_leftovers()
    assert house.client().tags(house.path) == [needed.tag]
