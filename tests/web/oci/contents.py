"""Blobs and manifests to push: small, random, and shaped as the image spec says."""

import json
import secrets
from dataclasses import dataclass, field
from hashlib import new
from typing import Any

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

SBOM = "application/vnd.example.sbom.v1"
SIGNATURE = "application/vnd.example.signature.v1"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{new(algorithm, data).hexdigest()}"


def blob(size_bytes: int = 200) -> bytes:
    """Bytes that nobody has pushed before."""
    return secrets.token_bytes(size_bytes)


def absent_digest(algorithm: str = "sha256") -> str:
    """The digest of something that nobody ever pushes, the same in every run: for names of tests."""
    return digest_of(b"nobody ever pushes this", algorithm)


def unused_digest(algorithm: str = "sha256") -> str:
    """The digest of something that nobody has pushed."""
    return digest_of(blob(), algorithm)


@dataclass(frozen=True)
class Manifest:
    """A manifest, and what must be pushed before it."""

    media_type: str
    body: bytes
    blobs: tuple[bytes, ...] = ()
    children: tuple["Manifest", ...] = ()
    algorithm: str = "sha256"
    facts: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def digest(self) -> str:
        return digest_of(self.body, self.algorithm)

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}


def manifest_of(fields: dict[str, Any], media_type: str, **given: Any) -> Manifest:
    """Any JSON as a manifest."""
    return Manifest(media_type, json.dumps(fields, indent=3).encode(), facts=fields, **given)


def descriptor(data: bytes, media_type: str, algorithm: str = "sha256", **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data, algorithm), "size": len(data), **more}


def config() -> bytes:
    """An image config unlike any other."""
    return json.dumps({"architecture": "amd64", "os": "linux", "author": secrets.token_hex(8)}).encode()


def image(layers: int = 1, *, algorithm: str = "sha256", **fields: Any) -> Manifest:
    """An OCI image; `fields` are added to its manifest."""
    held, pieces = config(), [blob() for _ in range(layers)]
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(held, OCI_CONFIG, algorithm),
        "layers": [descriptor(piece, OCI_LAYER, algorithm) for piece in pieces],
        **fields,
    }
    return manifest_of(body, OCI_IMAGE, blobs=(held, *pieces), algorithm=algorithm)


def artifact(artifact_type: str | None, *, layer: bytes | None = None, **fields: Any) -> Manifest:
    """Something that is no image: an empty config and one layer of its own type."""
    held = blob() if layer is None else layer
    typed = {"artifactType": artifact_type} if artifact_type else {}
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        **typed,
        "config": descriptor(b"{}", OCI_EMPTY),
        "layers": [descriptor(held, artifact_type or "application/octet-stream")],
        **fields,
    }
    return manifest_of(body, OCI_IMAGE, blobs=(b"{}", held))


def index(*children: Manifest, algorithm: str = "sha256", **fields: Any) -> Manifest:
    """An OCI index of these manifests."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            child.descriptor | {"platform": {"os": "linux", "architecture": f"arch{number}"}}
            for number, child in enumerate(children)
        ],
        **fields,
    }
    return manifest_of(body, OCI_INDEX, children=children, algorithm=algorithm)


def docker_image(layers: int = 1) -> Manifest:
    """A Docker image manifest, version 2 schema 2."""
    held, pieces = config(), [blob() for _ in range(layers)]
    body = {
        "schemaVersion": 2,
        "mediaType": DOCKER_IMAGE,
        "config": descriptor(held, DOCKER_CONFIG),
        "layers": [descriptor(piece, DOCKER_LAYER) for piece in pieces],
    }
    return manifest_of(body, DOCKER_IMAGE, blobs=(held, *pieces))


def docker_list(*children: Manifest) -> Manifest:
    """A Docker manifest list."""
    platforms = [{"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"}]
    listed = [child.descriptor | {"platform": platform} for child, platform in zip(children, platforms, strict=False)]
    return manifest_of(
        {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": listed}, DOCKER_LIST, children=children
    )
