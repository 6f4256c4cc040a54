"""An image's chain of custody: what happened, what a credential vouches for, what is only said."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.actors import Actors
from tests.domain.people import with_token
from tests.domain.shelf import IMAGE, INDEX, Shelf
from tests.domain.test_chain import follow
from wharfinger.domain import custody, images, projects, pull
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.custody import Custody, Said
from wharfinger.domain.errors import RepositoryUnknown, ScopeMissing
from wharfinger.domain.tools import Tools

COMMIT = "c" * 40
ORIGIN = {"commit": COMMIT, "ref": "main", "pipeline": "812", "job": "4711", "issuer": "https://ci.example.com"}
SLSA = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"uri": "git+https://x", "digest": {"gitCommit": "d" * 40}}]},
        "runDetails": {"builder": {"id": "https://builder.example.com"}},
    },
}


def known(shelf: Shelf, digest: str) -> Custody:
    shelf.tools.uses.flush(shelf.tools.db)
    follow(shelf.tools)
    return custody.of(shelf.tools, OPERATOR, shelf.path, digest)


def labelled(shelf: Shelf, tag: str | None = "v1", **annotations: str) -> str:
    """An image with labels, and with annotations."""
    body = json.dumps({"os": "linux", "config": {"Labels": {"org.opencontainers.image.revision": COMMIT}}}).encode()
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": shelf.blob(body), "size": len(body)}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": shelf.blob(b"layer"), "size": 5}
    noted = {f"org.opencontainers.image.{name}": text for name, text in annotations.items()}
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer], "annotations": noted}
    return shelf.put(document, tag)


def statement(shelf: Shelf, media_type: str, body: bytes, subject: str, *, tag: str = "", **notes: str) -> str:
    """What somebody states about an image."""
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": shelf.blob(b"{}"), "size": 2}
    said = {"mediaType": media_type, "digest": shelf.blob(body), "size": len(body), "annotations": notes}
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE, "config": empty, "layers": [said]}
    if not tag:
        document["subject"] = {"mediaType": IMAGE, "digest": subject, "size": 2}
    return shelf.put(document, tag or None)


def test_what_the_credential_vouches_for_stands_with_the_push(tools: Tools) -> None:
    shelf = Shelf(tools)
    shelf.caller = replace(shelf.caller, origin=ORIGIN, credential_id=17, address="192.0.2.7")
    digest = shelf.image(b"layer", tag="v1")
    (push,) = known(shelf, digest).pushes
    assert (push.by, push.credential, push.address, list(push.tags)) == ("ada", "personal 17", "192.0.2.7", ["v1"])
    assert push.origin == ORIGIN
    shelf.caller = replace(shelf.caller, origin={}, name="bob")
    shelf.tag("v1", "v2")
    assert [(push.by, push.origin) for push in known(shelf, digest).pushes] == [("bob", {}), ("ada", ORIGIN)]


def test_what_the_image_says_of_itself_stands_apart(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = labelled(shelf, source="https://git.example.com/acme/shop", title="not kept")
    found = known(shelf, digest)
    assert found.pushes[0].origin == {}
    assert found.said == [
        Said("source", "https://git.example.com/acme/shop", "annotation"),
        Said("commit", COMMIT, "label"),
    ]
    index = shelf.index(digest, tag="multi")
    assert known(shelf, index).said == [Said("commit", COMMIT, "label")]


def test_signatures_and_scans_with_who_pushed_them(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = labelled(shelf)
    shelf.caller = replace(shelf.caller, name="signer")
    cosign = "application/vnd.dev.cosign.simplesigning.v1+json"
    signature = statement(shelf, cosign, b"signed", digest, tag=digest.replace(":", "-") + ".sig")
    shelf.caller = replace(shelf.caller, name="scanner")
    report = statement(shelf, "application/sarif+json", b"{}", digest)
    found = {each.digest: each for each in known(shelf, digest).stated}
    assert {(found[one].artifact, found[one].by) for one in (signature, report)} == {
        ("Signature", "signer"),
        ("Scan report", "scanner"),
    }
    assert found[signature].tag.endswith(".sig")


def test_provenance_is_read_and_only_said(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = labelled(shelf)
    notes = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    about = statement(shelf, "application/vnd.in-toto+json", json.dumps(SLSA).encode(), digest, **notes)
    statement(shelf, "application/vnd.in-toto+json", b"no JSON", digest, **notes)
    found = known(shelf, digest)
    where = f"provenance {about}"
    assert found.said[1:] == [
        Said("source", "git+https://x", where),
        Said("commit", "d" * 40, where),
        Said("builder", "https://builder.example.com", where),
    ]
    assert {each.predicate for each in found.stated} == {"https://slsa.dev/provenance/v1"}


def test_attestations_of_an_index_are_about_it(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = labelled(shelf, tag=None)
    about = statement(shelf, "application/vnd.in-toto+json", json.dumps(SLSA).encode(), digest)
    noted = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest}
    children = [
        {"mediaType": IMAGE, "digest": digest, "size": 2, "platform": {"os": "linux", "architecture": "amd64"}},
        {"mediaType": IMAGE, "digest": about, "size": 2, "annotations": noted},
    ]
    index = shelf.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}, "v1")
    found = known(shelf, index)
    assert [each.digest for each in found.stated] == [about]
    assert Said("commit", "d" * 40, f"provenance {about}") in found.said


def test_pulls_are_counted_and_what_is_deleted_keeps_its_history(tools: Tools) -> None:
    shelf = Shelf(tools)
    digest = shelf.image(b"layer", tag="v1")
    for reference in ("v1", digest):
        pull.count(tools, pull.manifest(tools, shelf.caller, shelf.path, reference), reference)
    found = known(shelf, digest)
    assert (found.pull_count, found.last_pulled_at) == (2, tools.clock())
    images.delete_manifest(tools, shelf.caller, shelf.path, digest)
    gone = known(shelf, digest)
    assert [event.kind for event in gone.events] == ["manifest deleted", "manifest pushed"]
    assert (len(gone.pushes), gone.said, gone.stated) == (1, [], [])


def test_who_may_see_it(tools: Tools) -> None:
    shelf, actors = Shelf(tools), Actors(tools)
    digest = shelf.image(b"layer", tag="v1")
    follow(tools)
    project = projects.get(tools, OPERATOR, shelf.project)
    reporter, stranger = actors.user(project, "reporter"), actors.user()
    with pytest.raises(ScopeMissing, match="developer"):
        custody.of(tools, with_token(tools, reporter.username), shelf.path, digest)
    with pytest.raises(RepositoryUnknown):
        custody.of(tools, with_token(tools, stranger.username), shelf.path, digest)
