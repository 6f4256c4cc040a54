"""What no tag keeps has a limit of its own beside a place's: nobody stores without end beside a quota."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.shelf import INDEX, Shelf
from wharfinger.domain import images, loose, projects, pull, quotas, trash, uploads
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import BlobUnknown, ManifestUnknown, StorageCrowded
from wharfinger.domain.tools import Policy, Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.memory import MemoryStore
from wharfinger.storage.store import StoreFailed

LIMIT = 1000
DATA = b"x" * 900


@pytest.fixture
def policy() -> Policy:
    return Policy(untagged_percent=200)


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    """In a project with a limit."""
    shelf = Shelf(replace(tools, store=MemoryStore()))
    quotas.set_limit(tools, OPERATOR, shelf.project, LIMIT)
    return shelf


def held(shelf: Shelf) -> bool:
    """Is it too much, as of now?"""
    loose.look(shelf.tools)
    try:
        uploads.begin(shelf.tools, shelf.caller, shelf.path)
    except StorageCrowded:
        return True
    return False


def fill(shelf: Shelf) -> list[str]:
    """Hold more than twice the limit, in blobs that nothing names."""
    return [shelf.blob(DATA + str(number).encode()) for number in range(3)]


def test_blobs_that_nobody_tags_stop_uploads(shelf: Shelf) -> None:
    fill(shelf)
    assert held(shelf)
    with pytest.raises(StorageCrowded, match=rf"the storage of {shelf.project} holds too much that no tag keeps \(2.6"):
        uploads.begin(shelf.tools, shelf.caller, shelf.other)
    with pytest.raises(StorageCrowded):
        uploads.mount(shelf.tools, shelf.caller, shelf.other, digests.of(DATA + b"0"), shelf.path)


def test_up_to_the_limit_of_its_own_nothing_is_refused(shelf: Shelf) -> None:
    shelf.blob(b"y" * 2 * LIMIT)
    assert not held(shelf)
    shelf.blob(b"one more")
    assert held(shelf)


def test_asking_for_it_puts_its_end_off_no_longer(shelf: Shelf, clock: Clock) -> None:
    """Until then it does, as clients are promised."""
    blobs = fill(shelf)
    for _ in range(4):
        clock.advance(hours=20)
        shelf.collect()
        for blob in blobs:
            shelf.look(blob)
    assert held(shelf)
    shelf.look(blobs[0])  # promised a moment ago, and kept
    clock.advance(hours=13)
    for blob in blobs:
        assert shelf.has_blob(blob)
        with pytest.raises(BlobUnknown):
            shelf.look(blob)
    clock.advance(hours=11)
    shelf.collect()
    assert not held(shelf)
    assert not shelf.has_blob(blobs[0])
    shelf.image(DATA, tag="v1")


def test_an_image_without_a_tag_is_put_off_no_longer(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"first" * 200, b"second" * 200)
    assert held(shelf)
    clock.advance(hours=13)
    found = pull.manifest(shelf.tools, shelf.caller, shelf.path, image)
    assert pull.leaving(shelf.tools, found)
    with pytest.raises(ManifestUnknown):
        pull.keep_manifest(shelf.tools, shelf.caller, shelf.path, image)
    with pytest.raises(StorageCrowded):
        shelf.put({"schemaVersion": 2, "mediaType": found.media_type, "config": {}, "layers": []}, None)


def test_what_a_tag_keeps_is_told_as_ever(shelf: Shelf, clock: Clock) -> None:
    """Its review may be near: it was pushed half a day ago."""
    child = shelf.image(b"kept")
    shelf.index(child, tag="v1")
    fill(shelf)
    assert held(shelf)
    clock.advance(hours=13)
    shelf.look(digests.of(b"kept"))
    assert pull.keep_manifest(shelf.tools, shelf.caller, shelf.path, child).digest == child
    shelf.tag("v1", "v2")
    shelf.delete("v2")


def test_tagging_what_is_there_makes_space(shelf: Shelf) -> None:
    quotas.set_limit(shelf.tools, OPERATOR, shelf.project, 3000)
    image = shelf.image(b"one" * 900, b"two" * 900)
    quotas.set_limit(shelf.tools, OPERATOR, shelf.project, 6000)
    shelf.blob(b"more" * 2000)
    assert held(shelf)
    shelf.tag(image, "v1")
    assert not held(shelf)


def test_the_trash_counts_as_long_as_it_can_be_restored(shelf: Shelf) -> None:
    for tag in ("v1", "v2", "v3"):
        image = shelf.image(DATA + tag.encode(), tag=tag)
        shelf.delete(tag if tag == "v1" else image)
    assert held(shelf)


def test_unfinished_uploads_count_and_cannot_go_on(shelf: Shelf) -> None:
    """Neither those of the place that is over, nor those that were begun before; they can be cancelled."""
    first, second = (uploads.begin(shelf.tools, shelf.caller, shelf.path) for _ in range(2))
    uploads.append(shelf.tools, shelf.caller, shelf.path, first.id, start=0, pieces=[b"z" * 2001], digest=None)
    assert held(shelf)
    with pytest.raises(StorageCrowded):
        uploads.append(shelf.tools, shelf.caller, shelf.path, second.id, start=0, pieces=[b"z"], digest=None)
    assert uploads.status(shelf.tools, shelf.caller, shelf.path, first.id).size_bytes == 2001
    uploads.cancel(shelf.tools, shelf.caller, shelf.path, first.id)
    assert not held(shelf)
    uploads.append(shelf.tools, shelf.caller, shelf.path, second.id, start=0, pieces=[b"z"], digest=None)


def test_it_is_counted_once_below_the_place_that_has_the_limit(tools: Tools) -> None:
    """Two projects of a group hold the same bytes; a project elsewhere is not concerned."""
    actors = Actors(tools)
    group = actors.group()
    shelves = [Shelf(tools, project=actors.project(f"{group.path}/{name}")) for name in ("one", "two")]
    quotas.set_limit(tools, OPERATOR, group.path, 700)
    for shelf in shelves:
        shelf.blob(DATA)
    assert [held(shelf) for shelf in shelves] == [False, False]
    shelves[0].blob(DATA[1:])
    assert [held(shelf) for shelf in (*shelves, Shelf(tools))] == [True, True, False]
    projects.delete(tools, OPERATOR, shelves[0].project)
    assert not held(shelves[1])


@pytest.mark.parametrize("otherwise", [lambda policy: replace(policy, untagged_percent=0), lambda policy: policy])
def test_it_ends_with_the_setting_or_the_limit(shelf: Shelf, otherwise: Callable[[Policy], Policy]) -> None:
    fill(shelf)
    assert held(shelf)
    policy = otherwise(shelf.tools.policy)
    if policy is shelf.tools.policy:
        quotas.set_limit(shelf.tools, OPERATOR, shelf.project, None)
    shelf.tools = replace(shelf.tools, policy=policy)
    assert not held(shelf)


def test_a_store_that_cannot_tell_of_uploads_stops_nothing(shelf: Shelf) -> None:
    class Deaf(MemoryStore):
        def unfinished(self) -> Iterator[tuple[str, int]]:
            raise StoreFailed("the store", "is away")

    fill(shelf)
    shelf.tools = replace(shelf.tools, store=Deaf())
    assert held(shelf)


def large(shelf: Shelf, number: int = 0, **more: object) -> dict[str, object]:
    """An index of no images that is longer than the limit."""
    said = {"number": str(number), "padding": "p" * LIMIT}
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": said, **more}


def test_manifests_that_nobody_tags_count(shelf: Shelf, clock: Clock) -> None:
    first = shelf.put(large(shelf), None)
    assert not held(shelf)
    shelf.put(large(shelf, 1), None)
    assert held(shelf)
    with pytest.raises(StorageCrowded):
        shelf.put(large(shelf, 2), None)
    shelf.tag(first, "v1")
    assert not held(shelf)
    shelf.delete("v1")
    assert held(shelf)
    clock.advance(days=60)
    shelf.collect()
    assert not held(shelf)


def test_manifests_in_the_trash_count(shelf: Shelf) -> None:
    for number in range(2):
        shelf.delete(shelf.put(large(shelf, number), f"v{number}"))
    assert held(shelf)
    for thing in shelf.trash():
        trash.empty(shelf.tools, OPERATOR, shelf.project, thing.id)
    shelf.collect()
    assert not held(shelf)


def test_manifests_of_a_deleted_repository_count(shelf: Shelf) -> None:
    for number in range(2):
        shelf.put(large(shelf, number), f"v{number}")
    assert not held(shelf)
    images.delete_repository(shelf.tools, OPERATOR, shelf.path)
    assert held(shelf)
    shelf.restore(shelf.trash()[0].id)
    assert not held(shelf)


def test_what_hangs_from_a_tag_does_not_count(shelf: Shelf) -> None:
    """Images of an index, what speaks about it, and what speaks about them."""
    children = [shelf.put(large(shelf, number), None) for number in range(3)]
    index = shelf.index(*children, tag="v1")
    for number, subject in enumerate((index, children[0])):
        about = {"mediaType": INDEX, "digest": subject, "size": 2}
        shelf.put(large(shelf, 10 + number, subject=about), None)
    assert not held(shelf)
    shelf.delete("v1")
    assert held(shelf)
