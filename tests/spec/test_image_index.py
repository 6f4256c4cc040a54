"""Children of an index: platforms, and attestations that are none."""

import json
from typing import Any

from wharfinger.spec import image_index, media_types

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def child(digest: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_types.OCI_IMAGE, "digest": digest, "size": 5, **more}


def read(*children: dict[str, Any]) -> list[image_index.Child]:
    return image_index.children(json.dumps({"schemaVersion": 2, "manifests": children}).encode())


def test_platforms_and_annotations_are_told() -> None:
    (found,) = read(
        child(ONE, platform={"os": "linux", "architecture": "arm", "variant": "v7"}, annotations={"a": "b"})
    )
    assert found == image_index.Child(
        media_types.OCI_IMAGE, ONE, 5, "linux/arm/v7", (("a", "b"),), attests=False, about=""
    )


def test_attestations_are_no_platforms() -> None:
    noted = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": ONE}
    unknown = {"os": "unknown", "architecture": "unknown"}
    (typed,) = read(child(TWO, platform=unknown, annotations=noted))
    assert (typed.attests, typed.about, typed.platform) == (True, ONE, "")
    (untyped,) = read(child(TWO, platform=unknown, annotations={"vnd.docker.reference.digest": ONE}))
    assert untyped.attests


def test_an_unknown_platform_alone_is_no_attestation() -> None:
    (found,) = read(child(ONE, platform={"os": "unknown", "architecture": "unknown"}))
    assert (found.attests, found.platform) == (False, "")


def test_strange_shapes_are_left_out() -> None:
    (found,) = read(child(ONE, platform="linux", annotations=["a"]))
    assert (found.platform, found.annotations) == ("", ())
    (odd,) = read(child(ONE, annotations={"vnd.docker.reference.digest": 7}))
    assert odd.about == ""
    assert image_index.children(b'{"schemaVersion": 2}') == []
    assert image_index.children(b'{"manifests": null}') == []
    assert image_index.children(b"[]") == []
