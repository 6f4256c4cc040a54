"""Small images made in memory and written as OCI image layouts, for any client to push.

The bytes are the same on every run, so digests are too; the salt keeps images of different tests apart.
"""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

Descriptor = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """A folder in the OCI image layout. `top` describes what its index.json names."""

    path: Path
    top: Descriptor

    @property
    def digest(self) -> str:
        return str(self.top["digest"])

    def blob(self, digest: str) -> bytes:
        return (self.path / "blobs" / digest.replace(":", "/")).read_bytes()

    def document(self, digest: str) -> dict[str, Any]:
        return dict(json.loads(self.blob(digest)))

    def reachable(self) -> set[str]:
        """Digests of all that the image consists of."""
        found: set[str] = set()
        open_ends = [self.top]
        while open_ends:
            descriptor = open_ends.pop()
            found.add(descriptor["digest"])
            if descriptor["mediaType"] in {MANIFEST, INDEX}:
                document = self.document(descriptor["digest"])
                open_ends += document.get("manifests", []) + document.get("layers", [])
                open_ends += [document["config"]] if "config" in document else []
        return found


def keep(path: Path, data: bytes, media_type: str, **more: Any) -> Descriptor:
    """Write a blob into the layout and describe it."""
    digest = sha256(data).hexdigest()
    (path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    (path / "blobs" / "sha256" / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data), **more}


def packed(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def tarred(files: dict[str, bytes]) -> bytes:
    """An uncompressed layer holding these files, all owned by root and dated 1970."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def image(path: Path, layers: list[bytes], *, architecture: str = "amd64", command: str = "/bin/sh") -> Descriptor:
    """Write one image of these uncompressed layers."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": [command]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}" for layer in layers]},
        "history": [{"created_by": f"layer {number}"} for number in range(len(layers))],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": keep(path, packed(config), CONFIG),
        "layers": [keep(path, gzip.compress(layer, mtime=0), LAYER) for layer in layers],
    }
    return keep(path, packed(manifest), MANIFEST)


def finish(path: Path, top: Descriptor, tag: str = "latest") -> Layout:
    """Write the two files that make the folder an image layout."""
    (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    named = top | {"annotations": {"org.opencontainers.image.ref.name": tag}}
    (path / "index.json").write_bytes(packed({"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]}))
    return Layout(path, top)


def single(path: Path, salt: str) -> Layout:
    """An image of three layers, one of them large enough to be sent in pieces."""
    layers = [
        tarred({"etc/salt": salt.encode()}),
        tarred({"srv/noise": b"".join(sha256(f"{salt} {n}".encode()).digest() for n in range(20_000))}),
        tarred({"srv/hello": b"hello\n", "srv/empty": b""}),
    ]
    return finish(path, image(path, layers))


def multi(path: Path, salt: str) -> Layout:
    """An index of two images for two architectures."""
    children = [
        image(path, [tarred({"etc/salt": f"{salt} {architecture}".encode()})], architecture=architecture)
        | {"platform": {"architecture": architecture, "os": "linux"}}
        for architecture in ("amd64", "arm64")
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    return finish(path, keep(path, packed(index), INDEX))


def read(path: Path) -> Layout:
    """A layout that a client wrote: the one thing in it, or the one it named among what that consists of."""
    listed = json.loads((path / "index.json").read_bytes())["manifests"]
    named = [each for each in listed if "org.opencontainers.image.ref.name" in each.get("annotations", {})]
    (top,) = named or listed
    return Layout(path, top)


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def parsed(text: str | bytes) -> dict[str, Any]:
    """A JSON object that a client printed."""
    return dict(json.loads(text))
