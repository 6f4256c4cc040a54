"""Layers of many gigabytes: one flows in as docker sends it, and out again to two clients; memory is watched."""

from collections.abc import Callable
from hashlib import sha256
from itertools import repeat
from time import perf_counter

from bench.bodies import GIB, MIB, stock
from bench.clients import fetcher
from bench.load import drive
from bench.measured import Measured
from bench.servers import Server
from bench.wire import Failed

_PART = 64 * MIB


def flow(server: Server, repository: str, size: int) -> tuple[Measured, Measured]:
    """Push and pull a layer of about `size` bytes, cut to a whole number of parts."""
    count, hashed = size // _PART, sha256()
    for _ in range(count):
        hashed.update(stock(_PART).plain)
    size, digest = count * len(stock(_PART).plain), f"sha256:{hashed.hexdigest()}"
    into = _watched(server, size, lambda: _push(server, repository, count, digest))
    target = f"/v2/{repository}/blobs/{digest}"
    return into, _watched(server, 2 * size, lambda: _pull_twice(server, repository, target, size))


def _push(server: Server, repository: str, count: int, digest: str) -> None:
    """A token may be over when the last byte is there: the end has one of its own, as a client would get it."""
    wire = server.wire(repository)
    place = wire.ask("POST", f"/v2/{repository}/blobs/uploads/", expect=202).location()
    body = [*repeat(stock(_PART).chunks, count), b"0\r\n\r\n"]
    place = wire.ask("PATCH", place, body, chunked=True, expect=202).location()
    server.wire(repository).ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", expect=201)


def _pull_twice(server: Server, repository: str, target: str, size: int) -> None:
    wires = [server.wire(repository) for _ in range(2)]
    tally = drive([fetcher(wire, target, size) for wire in wires], 0)
    if tally.errors:
        raise Failed(tally.first_error)


def _watched(server: Server, size: int, operation: Callable[[], None]) -> Measured:
    server.process.forget_peaks()
    before, began = server.process.cpu_seconds(), perf_counter()
    operation()
    seconds, cpu = perf_counter() - began, server.process.cpu_seconds() - before
    return Measured(
        extra={
            "peak_MiB_per_process": round(server.process.peak_bytes() / MIB),
            "GiB": round(size / GIB, 1),
            "MiB_per_second": round(size / MIB / seconds),
            "server_cpu_seconds_per_GiB": round(cpu / (size / GIB), 3),
        }
    )
