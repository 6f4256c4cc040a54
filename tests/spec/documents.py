"""Manifests as clients push them: the shapes of the distribution spec's conformance suite and of tools in daily use."""

import base64
import json
from typing import Any

from wharfinger.spec import digest
from wharfinger.spec import media_types as types


def described(media_type: str, content: bytes = b"{}", *, algorithm: str = "sha256", **more: Any) -> dict[str, Any]:
    """A descriptor of some bytes."""
    return {"mediaType": media_type, "digest": digest.of(content, algorithm), "size": len(content), **more}


def image(**more: Any) -> dict[str, Any]:
    """An ordinary OCI image of one layer; a keyword set to None leaves that field out."""
    whole = {
        "schemaVersion": 2,
        "mediaType": types.OCI_IMAGE,
        "config": described(types.OCI_CONFIG, b"config"),
        "layers": [described(types.OCI_LAYER_GZIP, b"layer")],
        **more,
    }
    return {key: value for key, value in whole.items() if value is not None}


def index(**more: Any) -> dict[str, Any]:
    """An ordinary OCI index of two platforms."""
    whole = {
        "schemaVersion": 2,
        "mediaType": types.OCI_INDEX,
        "manifests": [
            described(types.OCI_IMAGE, b"amd64", platform={"os": "linux", "architecture": "amd64"}),
            described(types.OCI_IMAGE, b"arm64", platform={"os": "linux", "architecture": "arm64", "variant": "v8"}),
        ],
        **more,
    }
    return {key: value for key, value in whole.items() if value is not None}


def encoded(document: object) -> bytes:
    """As a client writes it."""
    return json.dumps(document).encode()


EMPTY = described(types.OCI_EMPTY)
SUBJECT = described(types.OCI_IMAGE, b"subject")
EXAMPLE = "application/vnd.example.oci.conformance.v1"
FOREIGN_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

# name → (document, kind, artifact type, how many blobs must be there, how many children)
ACCEPTED: dict[str, tuple[dict[str, Any], str, str | None, int, int]] = {
    # --- the conformance suite's
    "image": (image(), "image", types.OCI_CONFIG, 2, 0),
    "image without mediaType": (image(mediaType=None), "image", types.OCI_CONFIG, 2, 0),
    "image without layers": (image(layers=[]), "image", types.OCI_CONFIG, 1, 0),
    "index": (index(), "index", None, 0, 2),
    "index without mediaType": (index(mediaType=None), "index", None, 0, 2),
    "nested index": (
        index(manifests=[described(types.OCI_INDEX, b"one"), described(types.OCI_INDEX, b"two")]), "index", None, 0, 2),
    "empty index": (index(manifests=[]), "index", None, 0, 0),
    "artifact": (
        image(artifactType=EXAMPLE, config=EMPTY, layers=[described(EXAMPLE, b"payload")]), "image", EXAMPLE, 2, 0),
    "artifact without layers": (image(artifactType=EXAMPLE, config=EMPTY, layers=[EMPTY]), "image", EXAMPLE, 1, 0),
    "artifact index": (index(artifactType=EXAMPLE), "index", EXAMPLE, 0, 2),
    "image with subject": (image(subject=SUBJECT), "image", types.OCI_CONFIG, 2, 0),
    "artifact with subject": (
        image(artifactType=EXAMPLE, config=EMPTY, subject=SUBJECT, annotations={"org.example": "yes"}),
        "image", EXAMPLE, 2, 0),
    "index with subject": (index(artifactType=EXAMPLE, subject=SUBJECT), "index", EXAMPLE, 0, 2),
    "data field": (
        image(layers=[described(types.OCI_LAYER, b"small", data=base64.b64encode(b"small").decode())]),
        "image", types.OCI_CONFIG, 2, 0),
    "layers kept elsewhere": (
        image(layers=[described(FOREIGN_GZIP, b"far", urls=["https://store.example.com/far"]),
                      described(types.OCI_LAYER, b"here")]),
        "image", types.OCI_CONFIG, 2, 0),
    "custom fields": (
        image(**{"org.QW3RTY": "value", "config": described(types.OCI_CONFIG, newUnspecifiedField="aGVsbG8=")}),
        "image", types.OCI_CONFIG, 2, 0),
    "custom fields in an index": (index(**{"org.QW3RTY": {"deep": [1]}}), "index", None, 0, 2),
    "sha512": (
        image(config=described(types.OCI_CONFIG, b"c", algorithm="sha512"),
              layers=[described(types.OCI_LAYER, b"l", algorithm="sha512")]),
        "image", types.OCI_CONFIG, 2, 0),
    "large manifest": (
        image(annotations={f"large-annotation-{number}": "A" * 10_000 for number in range(390)}),
        "image", types.OCI_CONFIG, 2, 0),
    # --- Docker's
    "docker image": (
        image(mediaType=types.DOCKER_IMAGE, config=described(types.DOCKER_CONFIG, b"config"),
              layers=[described(types.DOCKER_LAYER, b"layer")]),
        "image", types.DOCKER_CONFIG, 2, 0),
    "docker manifest list": (
        index(mediaType=types.DOCKER_LIST, manifests=[
            described(types.DOCKER_IMAGE, b"amd64", platform={"os": "linux", "architecture": "amd64"})]),
        "index", None, 0, 1),
    "docker image on Windows": (
        image(mediaType=types.DOCKER_IMAGE, config=described(types.DOCKER_CONFIG, b"config"),
              layers=[described(DOCKER_FOREIGN, b"base", urls=["https://store.example.com/base"]),
                      described(types.DOCKER_LAYER, b"layer")]),
        "image", types.DOCKER_CONFIG, 2, 0),
    # --- what else people keep in registries
    "helm chart": (
        image(config=described("application/vnd.cncf.helm.config.v1+json", b"chart"),
              layers=[described("application/vnd.cncf.helm.chart.content.v1.tar+gzip", b"tar")]),
        "image", "application/vnd.cncf.helm.config.v1+json", 2, 0),
    "buildx attestation": (
        image(config=described(types.OCI_CONFIG, b"attest"), layers=[described(
            "application/vnd.in-toto+json", b"slsa",
            annotations={"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"})]),
        "image", types.OCI_CONFIG, 2, 0),
    "index with attestation": (
        index(manifests=[described(types.OCI_IMAGE, b"amd64"), described(
            types.OCI_IMAGE, b"attest", platform={"os": "unknown", "architecture": "unknown"},
            annotations={"vnd.docker.reference.type": "attestation-manifest"})]),
        "index", None, 0, 2),
    "buildx cache as an index": (
        index(manifests=[described(types.OCI_LAYER_GZIP, b"layer"),
                         described("application/vnd.buildkit.cacheconfig.v0", b"cache")]),
        "index", None, 0, 2),
    "buildx cache as an image": (
        image(config=described("application/vnd.buildkit.cacheconfig.v0", b"cache")),
        "image", "application/vnd.buildkit.cacheconfig.v0", 2, 0),
    "cosign signature": (
        image(layers=[described("application/vnd.dev.cosign.simplesigning.v1+json", b"payload",
                                annotations={"dev.cosignproject.cosign/signature": "MEUCIQ=="})]),
        "image", types.OCI_CONFIG, 2, 0),
    "wasm": (
        image(config=described("application/vnd.wasm.config.v0+json", b"wasm"),
              layers=[described("application/wasm", b"\0asm")]),
        "image", "application/vnd.wasm.config.v0+json", 2, 0),
    "model": (
        image(artifactType="application/vnd.cncf.model.manifest.v1+json",
              config=described("application/vnd.cncf.model.config.v1+json", b"model"),
              layers=[described("application/vnd.cncf.model.weight.v1.raw", b"w", size=2**62)]),
        "image", "application/vnd.cncf.model.manifest.v1+json", 2, 0),
    "the withdrawn artifact manifest": (
        {"mediaType": types.OCI_ARTIFACT, "artifactType": EXAMPLE, "blobs": [described(EXAMPLE, b"payload")],
         "subject": SUBJECT},
        "other", EXAMPLE, 1, 0),
    # --- types nobody has heard of
    "unknown type like an image": (
        image(mediaType="application/vnd.example.later.v3+json", schemaVersion=3), "image", types.OCI_CONFIG, 2, 0),
    "unknown type with layers only": (
        image(mediaType="application/vnd.example.later.v3+json", config=None), "image", None, 1, 0),
    "unknown type like an index": (
        index(mediaType="application/vnd.example.list.v3+json", artifactType=EXAMPLE), "index", EXAMPLE, 0, 2),
    "unknown type of no shape": (
        {"mediaType": "application/vnd.example.note+json", "note": "hello"}, "other", None, 0, 0),
    "unknown type with other ideas of our words": (
        {"mediaType": "application/vnd.example.note+json", "config": {"color": "blue"}, "subject": "hello",
         "annotations": {"count": 1}, "artifactType": ["note"], "blobs": 3},
        "other", None, 0, 0),
    "unknown type whose layers are names": (
        {"mediaType": "application/vnd.example.map+json", "layers": ["roads", "rivers"]}, "other", None, 0, 0),
    # --- what writers in Go leave behind
    "null for nothing": (
        image(layers=None) | {"layers": None, "subject": None, "annotations": None, "artifactType": None},
        "image", types.OCI_CONFIG, 1, 0),
    "empty artifact type": (image(artifactType=""), "image", types.OCI_CONFIG, 2, 0),
    "config of no type": (
        image(config={"digest": digest.of(b"c"), "size": 1}), "image", None, 2, 0),
    "null for no manifests": (index(manifests=None) | {"manifests": None}, "index", None, 0, 0),
}  # fmt: skip
