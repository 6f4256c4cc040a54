"""A small real image, made in memory: one static program that says hello, in one layer. The same bytes every time."""

import gzip
import io
import struct
import tarfile
from dataclasses import dataclass
from typing import Final

import orjson

from wharfinger.spec import digest as digests
from wharfinger.spec import media_types

PROGRAM: Final = "hello"
GREETING: Final = b"Hello from Wharfinger: this image was pushed, stored and pulled back.\n"
_LOADED_AT: Final = 0x400000
_HEADERS_BYTES: Final = 64 + 56  # one ELF header, one program header


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with the media type they are pushed under."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """The digest they are found by."""
        return digests.of(self.data)

    def descriptor(self) -> dict[str, str | int]:
        """How a manifest names them (OCI image-spec, descriptor.md)."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


@dataclass(frozen=True, slots=True)
class Image:
    """What a push sends: blobs first, then the manifest that names them."""

    manifest: Content
    blobs: tuple[Content, ...]

    @property
    def size_bytes(self) -> int:
        """All of it."""
        return len(self.manifest.data) + sum(len(blob.data) for blob in self.blobs)


def hello() -> Image:
    """An image for linux/amd64 that prints one line and ends."""
    archive = _archive(_program())
    layer = Content(media_types.OCI_LAYER_GZIP, gzip.compress(archive, mtime=0))
    config = Content(media_types.OCI_CONFIG, orjson.dumps(_config(digests.of(archive))))
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_IMAGE,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    }
    return Image(Content(media_types.OCI_IMAGE, orjson.dumps(manifest)), (layer, config))


def _config(diff_id: str) -> dict[str, object]:
    """OCI image-spec, config.md."""
    return {
        "created": "2020-01-01T00:00:00Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/{PROGRAM}"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "wharfinger demo"}],
    }


def _archive(program: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo(PROGRAM)
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
    return packed.getvalue()


def _program() -> bytes:
    """A whole ELF executable for Linux on x86-64: write(1, GREETING), exit(0)."""
    code = (
        b"\xb8\x01\0\0\0"  # mov eax, 1 (write)
        b"\xbf\x01\0\0\0"  # mov edi, 1 (standard output)
        b"\x48\x8d\x35\x10\0\0\0"  # lea rsi, [rip + 16]: the text after this code
        b"\xba" + struct.pack("<I", len(GREETING)) + b"\x0f\x05"  # mov edx, length; syscall
        b"\x31\xff\xb8\x3c\0\0\0\x0f\x05"  # xor edi, edi; mov eax, 60 (exit); syscall
    )
    size = _HEADERS_BYTES + len(code) + len(GREETING)
    elf = struct.pack(
        "<4s5B7xHHIQQQIHHHHHH",
        b"\x7fELF", 2, 1, 1, 0, 0, 2, 62, 1, _LOADED_AT + _HEADERS_BYTES, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    loaded = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOADED_AT, _LOADED_AT, size, size, 0x1000)
    return elf + loaded + code + GREETING
