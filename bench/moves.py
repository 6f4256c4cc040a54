"""How fast `storage move` is, beside what either side does alone.

`read` reads every source file to the end, cold, with as many threads as a move has; `write` writes as many bytes to the
target and has them durable (a file synced, an object finished); where both sides are one disk, `copy` does both at
once. None compares digests, keeps rows or seals. A move could be as fast as the slowest of them, if the rest cost
nothing.

`seal` is `copy` with AES-256-GCM in between, which is what a sealed folder can take in. Rows into one have two goals:
of what the disk does, sealing not counted, and of what it does sealed.
"""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from secrets import token_bytes, token_hex
from statistics import median
from time import perf_counter

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.bodies import GIB, KIB, MIB, stock
from bench.buckets import on_moto
from bench.garbage import tools_on
from bench.goals import Goal, share_of_slower
from bench.measured import Measured
from bench.run import Run
from wharfinger.db.tables.images import blobs
from wharfinger.domain import moving
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Tools
from wharfinger.storage.folder import Folder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.stores import Stores

MASTER = f"bench {'5a' * 32}"
Target = Shelf | LocalStore
_SIZES = {"64KiB": 64 * KIB, "16MiB": 16 * MIB, "one": 0}  # of a blob; 0: one blob has all the bytes
_MOST = 1000
_CHUNK, _TAG = 64 * KIB, 16
_SERVED = 4  # so many times fewer bytes for a server that keeps them in memory


@dataclass(frozen=True, slots=True)
class Side:
    """One round: blobs in a folder with their rows, and the store they are to be moved to."""

    tools: Tools
    files: Sequence[Path]
    size: int
    target: Target

    @property
    def remote(self) -> bool:
        """Is the target another machine than the source, so to speak?"""
        return isinstance(self.target, Shelf) and not isinstance(self.target.objects, Folder)

    @property
    def mib(self) -> float:
        """All of them."""
        return len(self.files) * self.size / MIB


def rates(run: Run) -> None:
    """Moves out of a folder, in rounds of read, write and move."""
    for row, (way, size) in ROWS.items():
        if run.wants(row):
            with _WAYS[way](run.scratch) as make:
                total = min(run.scale.big_layer_bytes // 2, GIB) // (_SERVED if way == "bucket" else 1)
                rounds = [_round(run, make, total, size or total) for _ in range(max(run.scale.rounds, 2))]
            figures = {name: _summed([found[name] for found in rounds]) for name in rounds[0]}
            run.record(row, figures, *_goals(way))


def _goals(way: str) -> Sequence[Goal]:
    sides = ("read", "write", "copy")
    sealed = [share_of_slower(0.8, *sides, "seal")] if way == "sealed" else []
    return [share_of_slower(0.8, *sides), *sealed]


def _round(run: Run, make: Callable[[Path], Target], total: int, size: int) -> dict[str, Measured]:
    folder = run.scratch / f"move-{token_hex(3)}"
    try:
        side = _filled(folder, make, min(total // size, _MOST), size)
        found = {}
        for name, act in _acts(side).items():
            run.settle()
            _forget(side.files)
            _have_memory(folder / "memory", 2 * total)
            found[name] = _timed(act, side)
        side.tools.db.close()
        return found
    finally:
        subprocess.run(["rm", "-rf", "--", folder], check=True)


def _acts(side: Side) -> dict[str, Callable[[Side], None]]:
    local = {"copy": _copy} if not side.remote else {}
    sealed = {"seal": _seal} if isinstance(side.target, Shelf) and side.target.masters else {}
    return {"read": _read, "write": _write} | local | sealed | {"wharfinger": _move}


def _filled(folder: Path, make: Callable[[Path], Target], count: int, size: int) -> Side:
    tools = tools_on(folder)
    assert isinstance(tools.store, LocalStore)
    files = [_hold(tools, tools.store, number, size) for number in range(count)]
    return Side(tools, files, size, make(folder))


def _hold(tools: Tools, store: LocalStore, number: int, size: int) -> Path:
    """One more blob, with its row."""
    kind, tail = stock(size), b"%016x" % number
    hashed = kind.hashed.copy()
    hashed.update(tail)
    digest, upload = f"sha256:{hashed.hexdigest()}", token_hex(16)
    store.begin(upload)
    with store.open(upload) as arriving:
        for at in range(0, len(kind.plain), MIB):
            arriving.write(bytes(kind.plain[at : at + MIB]))
        arriving.write(tail)
        arriving.keep(digest)
    with tools.db.begin() as tx:
        row = {"digest": digest, "size_bytes": size, "created_at": datetime.now(UTC), "place": ""}
        tx.execute(blobs.insert(), row)
    return Path(store.blob_path(digest))


def _forget(files: Sequence[Path]) -> None:
    """What was read or written is no longer in memory: it is read from the disk."""
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _have_memory(path: Path, size: int) -> None:
    """A virtual machine gets memory from its host when it first touches it, for many times what a copy costs.

    So the page cache has it already when the clock starts, whoever is measured: it held a file that went unwritten.
    """
    with path.open("xb", buffering=0) as file:
        for _ in range(0, size, MIB):
            file.write(bytes(MIB))
    path.unlink()


def _read(side: Side) -> None:
    def read(path: Path) -> None:
        buffer = bytearray(MIB)
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass

    _at_once(read, side.files)


def _write(side: Side) -> None:
    data = stock(side.size).plain

    def to_folder(path: Path) -> None:
        with path.with_name(f"raw-{path.name}").open("xb", buffering=0) as file:
            for at in range(0, side.size, MIB):
                file.write(data[at : at + MIB])
            os.fsync(file.fileno())

    def to_bucket(path: Path) -> None:
        assert isinstance(side.target, Shelf)
        writer = side.target.objects.writer(f"raw/{path.name}", side.target.part_bytes)
        for at in range(0, side.size, MIB):
            writer.write(bytes(data[at : at + MIB]))
        writer.finish()

    _at_once(to_bucket if side.remote else to_folder, side.files)


def _copy(side: Side) -> None:
    def copy(path: Path) -> None:
        buffer = bytearray(MIB)
        with path.open("rb", buffering=0) as source, path.with_name(f"copy-{path.name}").open("xb", 0) as target:
            while count := source.readinto(buffer):
                target.write(memoryview(buffer)[:count])
            os.fsync(target.fileno())

    _at_once(copy, side.files)


def _seal(side: Side) -> None:
    def seal(path: Path) -> None:
        cipher, numbers = AESGCM(token_bytes(32)), count()
        buffer, room = memoryview(bytearray(MIB)), memoryview(bytearray(MIB + MIB // _CHUNK * _TAG))
        with path.open("rb", buffering=0) as source, path.with_name(f"sealed-{path.name}").open("xb", 0) as target:
            while read := source.readinto(buffer):
                filled = 0
                for at in range(0, read, _CHUNK):
                    plain = buffer[at : min(at + _CHUNK, read)]
                    end = filled + len(plain) + _TAG
                    cipher.encrypt_into(next(numbers).to_bytes(12), plain, None, room[filled:end])
                    filled = end
                target.write(room[:filled])
            os.fsync(target.fileno())

    _at_once(seal, side.files)


def _at_once(act: Callable[[Path], None], files: Sequence[Path]) -> None:
    with ThreadPoolExecutor(moving.AT_ONCE) as pool:
        list(pool.map(act, files))


def _move(side: Side) -> None:
    old, target = side.tools.store, side.target
    assert isinstance(old, LocalStore)
    if isinstance(target, LocalStore):
        store = Stores(target, [target, old])
    else:
        placed = ObjectStore(DatabaseLedger(side.tools.db, side.tools.clock), target)
        store = Stores(placed, [old], placed)
    outcomes = [one.outcome for one in moving.run(replace(side.tools, store=store), moving.Means())]
    assert outcomes == ["moved"] * len(side.files), outcomes


def _timed(act: Callable[[Side], None], side: Side) -> Measured:
    began, before = perf_counter(), _cpu_seconds()
    act(side)
    seconds, cpu = perf_counter() - began, _cpu_seconds() - before
    extra = {"MiB_per_second": round(side.mib / seconds), "cpu_seconds_per_GiB": round(cpu * 1024 / side.mib, 2)}
    return Measured(rate=len(side.files) / seconds, extra=extra)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _summed(rounds: Sequence[Measured]) -> Measured:
    """The medians."""
    extra = {name: round(median(one.extra[name] for one in rounds), 2) for name in rounds[0].extra}
    return Measured(rate=median(one.rate for one in rounds), extra=extra)


@contextmanager
def _to_folder(_: Path) -> Iterator[Callable[[Path], Target]]:
    yield lambda folder: LocalStore(folder / "plain")


@contextmanager
def _to_sealed(_: Path) -> Iterator[Callable[[Path], Target]]:
    yield lambda folder: Shelf(Folder(folder / "sealed"), KeyList(MASTER), name="sealed")


@contextmanager
def _to_bucket(scratch: Path) -> Iterator[Callable[[Path], Target]]:
    with on_moto(scratch) as bucket:
        yield lambda _: Shelf(bucket.opened(), name="bucket")


_WAYS = {"folder": _to_folder, "sealed": _to_sealed, "bucket": _to_bucket}
ROWS = {f"move-to-{way}-{name}": (way, size) for way in _WAYS for name, size in _SIZES.items()}
