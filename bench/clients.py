"""Clients of a registry: each does the whole protocol, as docker does, over one connection."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import count

from bench.bodies import ACCEPT, MANIFEST, Image, image
from bench.wire import Failed, Wire

_TYPED = f"Content-Type: {MANIFEST}\r\n".encode()
_BYTES = b"Content-Type: application/octet-stream\r\n"
CHECKED = 64  # one pull in so many compares the layer's digest; the others check its length


class Way(StrEnum):
    """How a layer is sent: one PUT, or one PATCH in chunks of 32 KiB and an empty PUT."""

    PUT = "put"
    PATCH = "patch"


def push(wire: Wire, repository: str, made: Image, way: Way) -> None:
    """HEAD, POST, data and PUT for layer and config, then the manifest under its tag. Raises Failed."""
    layer = made.layer_pieces() if way == Way.PUT else made.layer_chunks()
    push_blob(wire, repository, made.layer, layer, way)
    push_blob(wire, repository, made.config_digest, (made.config,), Way.PUT)
    answer = wire.ask("PUT", f"/v2/{repository}/manifests/{made.tag}", (made.manifest,), headers=_TYPED, expect=201)
    if answer.header(b"docker-content-digest") != made.digest.encode():
        raise Failed(f"pushed {made.digest}, was told {answer.header(b'docker-content-digest')!r}")


def push_blob(wire: Wire, repository: str, digest: str, pieces: Sequence[bytes | memoryview], way: Way) -> None:
    """Ask whether it is there, begin an upload, send, finish. Raises Failed."""
    wire.ask("HEAD", f"/v2/{repository}/blobs/{digest}", expect=404)
    place = wire.ask("POST", f"/v2/{repository}/blobs/uploads/", expect=202).location()
    if way == Way.PATCH:
        place = wire.ask("PATCH", place, pieces, headers=_BYTES, chunked=True, expect=202).location()
        pieces = ()
    place += f"{'&' if '?' in place else '?'}digest={digest}"
    wire.ask("PUT", place, pieces, headers=_BYTES, expect=201)


def pull(wire: Wire, repository: str, made: Image, *, compare: bool) -> None:
    """Manifest by tag, config, layer. Raises Failed where anything differs from what was pushed."""
    answer = wire.ask(
        "GET", f"/v2/{repository}/manifests/{made.tag}", headers=f"Accept: {ACCEPT}\r\n".encode(), expect=200
    )
    if answer.body != made.manifest:
        raise Failed(f"the manifest of {made.tag} is not the one that was pushed")
    config = wire.ask("GET", f"/v2/{repository}/blobs/{made.config_digest}", expect=200)
    if config.body != made.config:
        raise Failed(f"the config of {made.tag} is not the one that was pushed")
    wire.fetch(f"/v2/{repository}/blobs/{made.layer}", made.stock.size, made.layer if compare else "")


def pusher(wire: Wire, repository: str, size: int, way: Way) -> Callable[[], None]:
    """An operation: make a new image and push it. After a failure it goes on with a new connection."""

    def operation() -> None:
        _renewing(wire, lambda: push(wire, repository, image(size), way))

    return operation


def puller(wire: Wire, repository: str, images: Sequence[Image]) -> Callable[[], None]:
    """An operation: pull the next of these images."""
    turns = count()

    def operation() -> None:
        turn = next(turns)
        made = images[turn % len(images)]
        _renewing(wire, lambda: pull(wire, repository, made, compare=turn % CHECKED == CHECKED - 1))

    return operation


def fetcher(wire: Wire, target: str, size: int) -> Callable[[], None]:
    """An operation: GET a file of so many bytes."""
    return lambda: _renewing(wire, lambda: wire.fetch(target, size))


def _renewing(wire: Wire, operation: Callable[[], None]) -> None:
    try:
        operation()
    except Exception:
        wire.again()
        raise
