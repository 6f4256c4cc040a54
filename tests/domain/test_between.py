"""What comes between two statements of somebody else: one of the two gives way, and neither loses anything."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.meanwhile import Meanwhile
from tests.domain.shelf import Shelf
from wharfinger.db.garbage import GaveWay
from wharfinger.domain import garbage, images, projects, renaming, tags, uploads
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import BlobInUse, BlobsMissing, BlobUnknown, RepositoryUnknown
from wharfinger.domain.tools import Policy, Tools
from wharfinger.spec import digest as digests


@pytest.fixture
def policy() -> Policy:
    return Policy(trash_keep=timedelta(), gc_delay=timedelta(hours=24))


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def other(shelf: Shelf, db: Any) -> Shelf:
    """The same repository, as a process sees it that has this database."""
    same = object.__new__(Shelf)
    same.__dict__.update(shelf.__dict__)
    same.tools = replace(shelf.tools, db=db)
    return same


def collect_for_days(shelf: Shelf, clock: Clock, days: int) -> None:
    for _ in range(days):
        clock.advance(hours=25)
        shelf.collect()


def test_a_blob_is_deleted_while_a_manifest_that_names_it_arrives(shelf: Shelf, clock: Clock) -> None:
    blob = shelf.blob(b"a layer")
    db = Meanwhile(shelf.tools.db, lambda: images.delete_blob(shelf.tools, shelf.caller, shelf.path, blob))
    document = other(shelf, db)
    document.blob = lambda *_: blob  # type: ignore[method-assign]  # it is there already
    document.image(b"a layer", tag="v1")
    db.join()
    assert isinstance(db.refusal, BlobInUse)
    collect_for_days(shelf, clock, 3)
    assert shelf.has("v1")


def test_a_manifest_arrives_while_a_blob_that_it_names_is_deleted(shelf: Shelf) -> None:
    blob, pusher = shelf.blob(b"a layer"), other(shelf, shelf.tools.db)
    pusher.blob = lambda *_: blob  # type: ignore[method-assign]
    db = Meanwhile(shelf.tools.db, lambda: pusher.image(b"a layer", tag="v1"))
    images.delete_blob(replace(shelf.tools, db=db), shelf.caller, shelf.path, blob)  # type: ignore[arg-type]
    db.join()
    assert isinstance(db.refusal, BlobsMissing)
    with pytest.raises(BlobUnknown):
        images.delete_blob(shelf.tools, shelf.caller, shelf.path, blob)


def test_what_speaks_about_an_image_is_due_while_that_image_arrives(shelf: Shelf, clock: Clock) -> None:
    """The meters are compared with the tags when the test ends."""
    image = shelf.image(b"the image")
    speaker = shelf.image(b"about the image", subject=image)
    images.delete_manifest(shelf.tools, shelf.caller, shelf.path, image)
    clock.advance(hours=25)
    db = Meanwhile(shelf.tools.db, lambda: garbage.review_manifests(shelf.tools))
    pusher = other(shelf, db)
    pusher.blob = lambda data, _: digests.of(data)  # type: ignore[method-assign]
    assert pusher.image(b"the image", tag="v1") == image
    db.join()
    collect_for_days(shelf, clock, 2)
    assert shelf.has(speaker)


def test_an_image_arrives_while_what_speaks_about_it_goes(shelf: Shelf, clock: Clock) -> None:
    image = shelf.image(b"the image")
    speaker = shelf.image(b"about the image", subject=image)
    images.delete_manifest(shelf.tools, shelf.caller, shelf.path, image)
    clock.advance(hours=25)
    pusher = other(shelf, shelf.tools.db)
    pusher.blob = lambda data, _: digests.of(data)  # type: ignore[method-assign]
    db = Meanwhile(shelf.tools.db, lambda: pusher.image(b"the image", tag="v1"))
    garbage.review_manifests(replace(shelf.tools, db=db))  # type: ignore[arg-type]
    db.join()
    collect_for_days(shelf, clock, 2)
    assert shelf.has("v1")
    assert not shelf.has(speaker)


def test_an_index_arrives_while_its_image_is_due(shelf: Shelf, clock: Clock) -> None:
    child = shelf.image(b"for one machine")
    clock.advance(hours=25)

    def review() -> None:
        with suppress(GaveWay):
            garbage.review_manifests(shelf.tools)

    db = Meanwhile(shelf.tools.db, review)
    other(shelf, db).index(child, tag="multi")
    db.join()
    collect_for_days(shelf, clock, 2)
    assert shelf.has(child)


def test_a_mount_whose_only_source_goes_while_it_is_looked_up(shelf: Shelf, clock: Clock) -> None:
    """Its bytes may be out of the way already, by a removal that a crash cut off: then the client sends them."""
    blob = shelf.blob(b"mounted")
    shelf.blob(b"another", shelf.other)
    clock.advance(hours=25)
    db: Any = Meanwhile(shelf.tools.db, lambda: None, first=lambda: garbage.review_links(shelf.tools))
    assert not uploads.mount(replace(shelf.tools, db=db), shelf.caller, shelf.other, blob, shelf.path)
    db.join()


def test_a_project_is_deleted_while_a_blob_arrives(shelf: Shelf, clock: Clock) -> None:
    shelf.blob(b"there before")
    db = Meanwhile(shelf.tools.db, lambda: projects.delete(shelf.tools, OPERATOR, shelf.project, with_images=True))
    blob = other(shelf, db).blob(b"arrives meanwhile")
    db.join()
    assert not shelf.has_blob(blob)
    collect_for_days(shelf, clock, 2)
    assert not shelf.tools.store.kept(blob)


def going(shelf: Shelf) -> Any:
    """A database where the project goes before the next transaction begins."""
    shelf.blob(b"there before")
    gone = partial(projects.delete, shelf.tools, OPERATOR, shelf.project, with_images=True)
    return Meanwhile(shelf.tools.db, lambda: None, first=gone)


def test_a_project_is_deleted_before_a_blob_gets_its_row(shelf: Shelf) -> None:
    with pytest.raises(RepositoryUnknown):
        other(shelf, going(shelf)).blob(b"arrives too late")


def test_a_project_is_deleted_before_a_manifest_gets_its_row(shelf: Shelf) -> None:
    blob, pusher = shelf.blob(b"a layer"), other(shelf, going(shelf))
    pusher.blob = lambda *_: blob  # type: ignore[method-assign]
    with pytest.raises(RepositoryUnknown):
        pusher.image(b"a layer", tag="v1")


def test_a_project_is_deleted_before_a_mount_gets_its_row(shelf: Shelf) -> None:
    source = Shelf(shelf.tools)
    blob = source.blob(b"mounted")
    caller = replace(shelf.caller, grants={**shelf.caller.grants, **source.caller.grants})
    with pytest.raises(RepositoryUnknown):
        uploads.mount(replace(shelf.tools, db=going(shelf)), caller, shelf.path, blob, source.path)


def test_a_repository_is_purged_while_a_blob_arrives(shelf: Shelf, clock: Clock) -> None:
    """Its path was looked up a moment before the repository went to the trash."""
    shelf.blob(b"there before")

    def purge() -> None:
        with suppress(GaveWay):
            garbage.empty_trash(shelf.tools)

    def delete() -> None:
        images.delete_repository(shelf.tools, shelf.caller, shelf.path)
        garbage.empty_trash(shelf.tools)

    db = Meanwhile(shelf.tools.db, purge, first=delete)
    blob = other(shelf, db).blob(b"arrives meanwhile")
    db.join()
    collect_for_days(shelf, clock, 2)
    assert not shelf.tools.store.kept(blob)


def test_a_repository_moves_to_another_project_while_an_image_arrives(shelf: Shelf) -> None:
    """The push holds the repository first: the image goes along, and the meters of both projects are right."""
    shelf.image(b"there before", tag="v0")
    to = f"{Actors(shelf.tools).project().path}/app"
    db = Meanwhile(shelf.tools.db, lambda: renaming.rename(shelf.tools, OPERATOR, shelf.path, to))
    pusher = other(shelf, db)
    pusher.blob = lambda data, _: digests.of(data)  # type: ignore[method-assign]
    shelf.blob(b"arrives")
    assert pusher.image(b"arrives", tag="v1")
    db.join()
    assert db.refusal is None
    assert {tag.name for tag in tags.list_tags(shelf.tools, OPERATOR, to).items} == {"v0", "v1"}


def test_an_image_arrives_while_its_repository_moves_to_another_project(shelf: Shelf) -> None:
    """The move holds the repository first: the push is told, and nothing of it is there.

    A push that looked before the move is told that its repository has gone; one that looks after it would make a new
    one of the old name, where its blobs are not.
    """
    shelf.image(b"there before", tag="v0")
    shelf.blob(b"arrives")
    to, pusher = f"{Actors(shelf.tools).project().path}/app", other(shelf, shelf.tools.db)
    pusher.blob = lambda data, _: digests.of(data)  # type: ignore[method-assign]
    db = Meanwhile(shelf.tools.db, lambda: pusher.image(b"arrives", tag="v1"))
    renaming.rename(replace(shelf.tools, db=db), OPERATOR, shelf.path, to)  # type: ignore[arg-type]
    db.join()
    assert isinstance(db.refusal, RepositoryUnknown | BlobsMissing)
    assert [tag.name for tag in tags.list_tags(shelf.tools, OPERATOR, to).items] == ["v0"]
