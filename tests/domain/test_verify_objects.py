"""Verifying stores of objects: what no row needs is found and set aside, what is lost is fetched from elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.domain.shelf import Shelf as Repository
from tests.serving import Server
from tests.storage import buckets
from tests.storage.bytes_of import push
from tests.storage.test_served import MASTER, client, push_as_docker
from wharfinger.clients.http import Outbound
from wharfinger.domain import fetching, orphans, uploads, verify
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Tools
from wharfinger.domain.verify import Find, Means, Problem
from wharfinger.spec import digest as digests
from wharfinger.storage.connect import folder_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.foreign import ForeignBucket
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.objects import Objects
from wharfinger.storage.place import Place
from wharfinger.storage.shelf import Shelf

PLACES: dict[str, Callable[[Path], Shelf]] = {
    "bucket": lambda _: Shelf(buckets.on_s3(), name="s3://it"),
    "azure": lambda _: Shelf(buckets.on_azure(), name="az://it"),
    "sealed folder": lambda folder: Shelf(Folder(folder / "store"), KeyList(MASTER), name="folder"),
}


class House:
    def __init__(self, tools: Tools, shelf: Shelf) -> None:
        self.objects: Objects = shelf.objects
        store = ObjectStore(DatabaseLedger(tools.db, tools.clock), shelf)
        self.repository = Repository(replace(tools, store=store))
        self.tools = self.repository.tools

    def names(self, folder: str = "objects") -> set[str]:
        return {listed.name for listed in self.objects.list(folder)}

    def orphans(self, means: Means | None = None, young_seconds: float = -5) -> list[Problem]:
        """A bucket's times are whole seconds."""
        steps = orphans.run(self.tools, means or Means(), young_seconds)
        return [problem for step in steps for problem in step.problems]

    def problems(self, means: Means) -> list[Problem]:
        return [problem for step in verify.blobs(self.tools, means) for problem in step.problems]

    def put(self, name: str, data: bytes) -> None:
        writer = self.objects.writer(name, 8 * 1024 * 1024)
        writer.write(data)
        writer.finish()

    def place(self, digest: str) -> Place:
        row = self.tools.lookup.blob(self.repository.path, digest)
        assert row is not None
        return Place.parse(row.place)


@pytest.fixture(params=PLACES)
def house(request: pytest.FixtureRequest, tools: Tools, tmp_path: Path) -> House:
    return House(tools, PLACES[request.param](tmp_path))


@pytest.fixture
def in_bucket(tools: Tools, tmp_path: Path) -> House:
    return House(tools, PLACES["bucket"](tmp_path))


def test_objects_that_no_row_needs(house: House) -> None:
    """Blobs, uploads under way and bytes whose row may still come are none; what is left is set aside, not deleted."""
    house.repository.image(b"a layer", b"another", tag="1.0")
    session = uploads.begin(house.tools, house.repository.caller, house.repository.path)
    uploads.append(
        house.tools, house.repository.caller, house.repository.path, session.id, start=0, pieces=[b"half"], digest=None
    )
    push(house.tools.store, b"kept a moment ago")
    assert house.orphans() == []
    stray = f"objects/ab/{'ab' * 16}.{'cd' * 8}"
    house.put(stray, b"left by a crash of long ago")
    assert house.orphans(young_seconds=3600) == [], "its row may be on its way"
    before = house.names()
    (found,) = house.orphans()
    assert (found.kind, found.digest, found.mended) == ("orphan", stray, False)
    assert house.names() == before, "looking changes nothing"
    (found,) = house.orphans(Means(quarantine=True))
    assert found.mended
    assert house.names() == before - {stray}
    assert house.names("quarantine") == {f"quarantine{stray.removeprefix('objects')}"}
    assert house.orphans() == []


def test_a_changed_object_is_set_aside_and_fetched_from_a_second_bucket(house: House, tmp_path: Path) -> None:
    digest = house.repository.blob(b"a layer " * 1000)
    (name,) = house.place(digest).names
    house.put(name, b"x" * (8000 if house.place(digest).key == "" else 8016))
    spare = tmp_path / "spare" / "blobs" / "sha256" / digest.partition(":")[2]
    spare.parent.mkdir(parents=True)
    spare.write_bytes(b"a layer " * 1000)
    find = ForeignBucket(folder_bucket(str(tmp_path / "spare"))).find
    (problem,) = house.problems(Means(deep=True, quarantine=True, find=find))
    assert (problem.kind, problem.done, problem.mended) == ("corrupt", ("quarantined", "fetched"), True)
    assert house.problems(Means(deep=True)) == []
    assert house.names("quarantine") == {f"quarantine{name.removeprefix('objects')}"}
    assert house.orphans() == []


def from_upstream(tools: Tools, server: Server, path: str, *named: str) -> Find:
    tools = replace(tools, outbound=Outbound(allow=(ip_network("127.0.0.0/8"),)))
    return fetching.from_upstream(tools, f"{server.url}/{path}", *named)


def test_lost_bytes_are_fetched_from_another_registry(in_bucket: House, server: Server) -> None:
    """Anonymously, with the token that it gives to anybody; an absent blob, and nobody there, do no harm."""
    registry, _ = client(server)
    project = server.project(visibility="public")
    registry = type(registry)(server.url, *_maintainer(server, project))
    path, data = f"{project.path}/image", b"the same layer there"
    push_as_docker(registry, path, data)
    digest = in_bucket.repository.blob(data)
    in_bucket.objects.delete(in_bucket.place(digest).names)
    for find in (
        from_upstream(in_bucket.tools, server, f"{project.path}/nothing"),
        fetching.from_upstream(in_bucket.tools, server.url),
    ):
        (problem,) = in_bucket.problems(Means(find=find))
        assert (problem.kind, problem.done) == ("missing", ())
    (problem,) = in_bucket.problems(Means(find=from_upstream(in_bucket.tools, server, path)))
    assert (problem.kind, problem.done) == ("missing", ("fetched",))
    assert in_bucket.problems(Means(deep=True)) == []
    assert digests.of(data) == digest


def test_a_private_image_is_fetched_by_who_may_pull_it(in_bucket: House, server: Server) -> None:
    registry, _ = client(server)
    project = server.project()
    named = _maintainer(server, project)
    path, data = f"{project.path}/image", b"a layer that is nobody else's business"
    push_as_docker(type(registry)(server.url, *named), path, data)
    digest = in_bucket.repository.blob(data)
    in_bucket.objects.delete(in_bucket.place(digest).names)
    for find in (from_upstream(in_bucket.tools, server, path), from_upstream(in_bucket.tools, server, path, "x", "y")):
        (problem,) = in_bucket.problems(Means(find=find))
        assert (problem.kind, problem.done) == ("missing", ())
    (problem,) = in_bucket.problems(Means(find=from_upstream(in_bucket.tools, server, path, *named)))
    assert problem.done == ("fetched",)
    assert in_bucket.problems(Means(deep=True)) == []


def _maintainer(server: Server, project: object) -> tuple[str, str]:
    user = server.user(project, "maintainer")  # type: ignore[arg-type]
    return user.username, server.token(user)
