"""Verifying: every kind of harm is found, named with the images it hits, and mended where it can be."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from tests.domain.holdings import Holdings, settle
from tests.domain.meanwhile import Meanwhile
from tests.domain.shelf import Shelf
from wharfinger.db.tables.images import blobs, manifests, repository_blobs
from wharfinger.domain import kept, orphans, recount, verify
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import StoreUnavailable
from wharfinger.domain.tools import Tools
from wharfinger.domain.verify import Means, Problem, Step
from wharfinger.spec import digest as digests
from wharfinger.storage.foreign import ForeignFolder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.store import StoreFailed

LAYER, OTHER = b"a layer " * 1000, b"another layer"


@pytest.fixture
def held(tools: Tools, tmp_path: Path) -> Holdings:
    return Holdings.make(tools, tmp_path / "store")


def problems(steps: Iterator[Step]) -> list[Problem]:
    return [problem for step in steps for problem in step.problems]


def harm(file: Path, how: str) -> None:
    data = file.read_bytes()
    file.unlink()
    if how == "flipped":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif how == "short":
        file.write_bytes(data[:-1])
    elif how == "long":
        file.write_bytes(data + b"!")


@pytest.mark.parametrize("deep", [False, True])
def test_all_is_well(held: Holdings, deep: bool) -> None:
    child = held.image("web", "1.0", [LAYER, OTHER, b""])
    held.index("web", "latest", [child])
    steps = [step for part in (verify.blobs(held.tools, Means(deep)), verify.manifests(held.tools)) for step in part]
    assert [problem for step in steps for problem in step.problems] == []
    assert sum(step.count for step in steps) == 4 + 2
    assert problems(orphans.run(held.tools, Means(), 0)) == []


@pytest.mark.parametrize(
    ("how", "kind", "quick"),
    [("gone", "missing", True), ("short", "corrupt", True), ("long", "corrupt", True), ("flipped", "corrupt", False)],
)
def test_harm_is_found_with_the_images_it_hits(held: Holdings, how: str, kind: str, quick: bool) -> None:
    child = held.image("web", "1.0", [LAYER])
    held.image("api", "2", [LAYER])
    held.image("api", "3", [OTHER])
    held.index("web", "latest", [child])
    harm(held.file(digests.of(LAYER)), how)
    for deep in (False, True):
        found = problems(verify.blobs(held.tools, Means(deep)))
        if deep or quick:
            (problem,) = found
            assert (problem.kind, problem.digest, problem.done) == (kind, digests.of(LAYER), ())
            assert problem.images == tuple(f"{held.project}/{image}" for image in ("api:2", "web:1.0", "web:latest"))
        else:
            assert found == []


def test_what_is_corrupt_is_set_aside_and_healed_by_a_push(held: Holdings) -> None:
    held.image("web", "1.0", [LAYER])
    file = held.file(digests.of(LAYER))
    harm(file, "flipped")
    broken = file.read_bytes()
    settle()
    (problem,) = problems(verify.blobs(held.tools, Means(deep=True, quarantine=True)))
    assert (problem.done, problem.mended) == (("quarantined",), False)
    assert not file.exists()
    assert (held.folder / "quarantine" / problem.digest.replace(":", "-")).read_bytes() == broken
    assert [one.kind for one in problems(verify.blobs(held.tools, Means()))] == ["missing"]
    held.blob(f"{held.project}/web", LAYER)
    assert problems(verify.blobs(held.tools, Means(deep=True))) == []


@pytest.mark.parametrize("how", ["gone", "flipped"])
@pytest.mark.parametrize(
    "shape", ["blobs/sha256/{:.2}/{}", "docker/registry/v2/blobs/sha256/{:.2}/{}/data", "blobs/sha256/{1}"]
)
def test_fetching_from_a_folder(held: Holdings, tmp_path: Path, how: str, shape: str) -> None:
    held.image("web", "1.0", [LAYER, OTHER])
    hexes = digests.of(LAYER).partition(":")[2]
    spare = tmp_path / "spare" / shape.format(hexes, hexes)
    spare.parent.mkdir(parents=True)
    spare.write_bytes(LAYER)
    harm(held.file(digests.of(LAYER)), how)
    means = Means(deep=True, find=ForeignFolder(tmp_path / "spare").find)
    (problem,) = problems(verify.blobs(held.tools, means))
    assert (problem.done, problem.mended) == (("fetched",), True)
    assert held.file(digests.of(LAYER)).read_bytes() == LAYER
    assert problems(verify.blobs(held.tools, means)) == []


def test_a_folder_with_other_bytes_under_the_name_mends_nothing(held: Holdings, tmp_path: Path) -> None:
    held.image("web", "1.0", [LAYER])
    hexes = digests.of(LAYER).partition(":")[2]
    spare = tmp_path / "spare" / "blobs" / "sha256" / hexes
    spare.parent.mkdir(parents=True)
    spare.write_bytes(OTHER)
    held.file(digests.of(LAYER)).unlink()
    (problem,) = problems(verify.blobs(held.tools, Means(find=ForeignFolder(tmp_path / "spare").find)))
    assert not problem.mended
    assert not held.file(digests.of(LAYER)).exists()


def test_orphans_are_set_aside_once_they_are_old(held: Holdings) -> None:
    held.image("web", "1.0", [LAYER])
    stray = held.stray(b"nobody needs this")
    assert problems(orphans.run(held.tools, Means(quarantine=True))) == [], "its row may be on its way"
    settle()
    (problem,) = problems(orphans.run(held.tools, Means(), 0))
    assert (problem.kind, problem.digest, problem.mended) == ("orphan", stray, False)
    assert held.file(stray).exists(), "looking changes nothing"
    (problem,) = problems(orphans.run(held.tools, Means(quarantine=True), 0))
    assert problem.mended
    assert not held.file(stray).exists()
    assert problems(verify.blobs(held.tools, Means(deep=True))) == []


def test_a_stray_whose_row_comes_at_this_moment_stays(held: Holdings) -> None:
    """Its bytes were kept a while ago: the upload waited for its row."""
    shelf, found = Shelf(held.tools), list[Problem]()

    def look() -> None:
        settle()
        found.extend(problems(orphans.run(held.tools, Means(quarantine=True), 0)))

    shelf.blob(b"there before")
    db: Any = Meanwhile(held.tools.db, look)
    shelf.tools = replace(held.tools, db=db)
    blob = shelf.blob(LAYER)
    db.join()
    assert shelf.has_blob(blob)
    assert found == []


def test_a_row_that_comes_while_a_stray_is_set_aside_finds_no_bytes(held: Holdings) -> None:
    """Whoever is killed then has promised nothing: the client is told to send them again."""
    shelf, blob = Shelf(held.tools), held.stray(LAYER)
    settle()
    shelf.blob(b"there before")
    refused = list[str]()

    def claim() -> None:
        with held.tools.db.begin() as tx, suppress(StoreUnavailable):
            row = {"digest": blob, "size_bytes": len(LAYER), "place": "", "created_at": held.tools.clock()}
            tx.execute(insert(blobs), row)
            refused.append(blob)
            kept.require(held.tools, blob, "")
            refused.clear()

    db: Any = Meanwhile(held.tools.db, claim)
    tools = replace(held.tools, db=db)
    (problem,) = problems(orphans.run(tools, Means(quarantine=True), 0))
    db.join()
    assert problem.mended
    assert refused == [blob]


def test_a_run_goes_on_after_the_last_step(held: Holdings) -> None:
    held.image("web", "1.0", [b"layer %d" % number for number in range(70)])
    steps = list(verify.blobs(held.tools, Means(deep=True)))
    assert [step.count for step in steps] == [32, 32, 7]
    assert list(verify.blobs(held.tools, Means(deep=True), steps[0].after)) == steps[1:]


def test_manifests_that_were_changed_and_blobs_nobody_holds(held: Holdings) -> None:
    digest = held.image("web", "1.0", [LAYER])
    with held.tools.db.begin() as tx:
        tx.execute(update(manifests).where(manifests.c.digest == digest).values(body=b"{}"))
        tx.execute(delete(repository_blobs).where(repository_blobs.c.digest == digests.of(LAYER)))
    found = problems(verify.manifests(held.tools))
    assert [(one.kind, one.digest) for one in found] == [("unheld", digests.of(LAYER)), ("corrupt", digest)]
    assert {image for one in found for image in one.images} == {f"{held.project}/web"}
    recount.recount(held.tools, OPERATOR)  # the meters follow what was done behind their back


class Unreadable(LocalStore):
    """A store on which one blob cannot be read, or nothing at all works."""

    broken, all_of_it = "", False

    def read(self, digest: str, *rest: object, **more: object) -> object:  # type: ignore[override]
        if digest == self.broken:
            raise StoreFailed("cannot read a blob: Input/output error")
        return super().read(digest, *rest, **more)  # type: ignore[arg-type]

    def check(self) -> None:
        if self.all_of_it:
            raise StoreFailed("the disk is gone")


def test_one_unreadable_blob_does_not_end_a_run_and_a_broken_store_does(held: Holdings) -> None:
    held.image("web", "1.0", [LAYER, OTHER])
    store = Unreadable(held.folder)
    store.broken = digests.of(LAYER)
    tools = replace(held.tools, store=store)
    (problem,) = problems(verify.blobs(tools, Means(deep=True, quarantine=True)))
    assert (problem.kind, problem.digest, problem.done) == ("unreadable", store.broken, ())
    store.all_of_it = True
    with pytest.raises(StoreFailed, match="the disk is gone"):
        problems(verify.blobs(tools, Means()))


def test_a_blob_pushed_again_in_this_moment_is_not_set_aside(held: Holdings) -> None:
    from wharfinger.storage.attic import Attic

    digest, attic = held.stray(LAYER), Attic(LocalStore(held.folder))
    (kept,) = attic.kept()
    settle()
    held.image("web", "1.0", [LAYER])
    assert not attic.set_aside(digest, kept.changed_at + 0.001)
    assert held.file(digest).read_bytes() == LAYER
