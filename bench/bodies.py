"""Images made of nothing: random bytes that differ in their last sixteen, so that each layer is new to a server.

The digest of a new layer costs a microsecond: the hash of what all layers of a size begin with is computed once.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import count

KIB, MIB, GIB = 1024, 1024**2, 1024**3
PIECE = 32 * KIB  # of a chunked body, as docker and podman send it
TAIL = 16
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPT = (  # the peer refuses to give an OCI manifest to who does not ask for one
    f"{MANIFEST}, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
)
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_SERIAL = count(int.from_bytes(os.urandom(6)))


@cache
def _random(size: int) -> bytes:
    return os.urandom(size)


class Stock:
    """What all layers of one size have in common: their bytes up to the tail, plain and as chunks, and their hash."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.plain = memoryview(_random(size - TAIL))
        self.hashed = sha256(self.plain)
        self._chunks: bytes | None = None

    @property
    def chunks(self) -> bytes:
        """The bytes up to the tail in the chunked transfer coding (RFC 9112, 7.1), made at first use."""
        if self._chunks is None:
            pieces = (self.plain[at : at + PIECE] for at in range(0, len(self.plain), PIECE))
            self._chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), bytes(piece)) for piece in pieces)
        return self._chunks


@cache
def stock(size: int) -> Stock:
    """The stock of a size, in bytes."""
    return Stock(size)


@dataclass(frozen=True, slots=True)
class Image:
    """One image of one layer: what to send, and the digests of its parts."""

    tag: str
    stock: Stock
    tail: bytes
    layer: str
    config: bytes
    config_digest: str
    manifest: bytes
    digest: str

    def layer_pieces(self) -> tuple[bytes | memoryview, ...]:
        """The layer, to send one piece after another."""
        return self.stock.plain, self.tail

    def layer_chunks(self) -> tuple[bytes | memoryview, ...]:
        """The same as a chunked body, already encoded."""
        return self.stock.chunks, b"%x\r\n%b\r\n0\r\n\r\n" % (TAIL, self.tail)


def image(size: int) -> Image:
    """A new image whose layer has `size` bytes."""
    kind, serial = stock(size), next(_SERIAL)
    tail = b"%016x" % serial
    hashed = kind.hashed.copy()
    hashed.update(tail)
    layer = f"sha256:{hashed.hexdigest()}"
    config = _config(layer, serial)
    config_digest = digest_of(config)
    manifest = _manifest(config, config_digest, layer, size)
    return Image(f"v{serial:x}", kind, tail, layer, config, config_digest, manifest, digest_of(manifest))


def digest_of(data: bytes) -> str:
    """The sha256 digest, as the specs write it."""
    return f"sha256:{sha256(data).hexdigest()}"


def _config(layer: str, serial: int) -> bytes:
    """About a kilobyte and a half, like that of a small real image."""
    variables = [f"VARIABLE_{number}=value-{number}-{serial:x}" for number in range(30)]
    written = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": variables, "Cmd": ["/bin/server"]},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "COPY server /bin/server"}],
    }
    return json.dumps(written).encode()


def _manifest(config: bytes, config_digest: str, layer: str, size: int) -> bytes:
    written = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": config_digest, "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": layer, "size": size}],
    }
    return json.dumps(written).encode()
