"""Stores: a large layer through sealing and through a bucket with its memory, and how fast bytes move between stores.

The bucket is moto, an S3 server in Python: it is the slower side of every row it is in. So what it does for a plain
copy of the same bytes, by the same library, is measured beside it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from time import perf_counter, sleep

import httpx

from bench import seed
from bench.bodies import GIB, MIB
from bench.garbage import tools_on
from bench.goals import at_most, share_of
from bench.measured import Measured
from bench.process import free_port
from bench.run import Run
from bench.streams import flow
from bench.wharfinger import Wharfinger
from wharfinger.db.engine import Database
from wharfinger.db.tables.images import blobs
from wharfinger.domain import moving
from wharfinger.domain.ledger import DatabaseLedger
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests
from wharfinger.storage.connect import Account, open_bucket
from wharfinger.storage.folder import Folder
from wharfinger.storage.local import LocalStore
from wharfinger.storage.masterkey import KeyList
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.stores import Stores

LAYERS = tuple(f"memory-{way}-{where}" for where in ("sealed", "bucket") for way in ("push", "pull"))
MOVES = ("move-folder-to-folder", "move-folder-to-sealed", "move-folder-to-bucket")
_MASTER = f"bench {'5a' * 32}"
_SCOPE = "ada/20260101/us-east-1/s3/aws4_request"  # moto finds the service in it, and does not check who it is
_BLOB = 16 * MIB
_BUCKET_BYTES = GIB  # moto keeps it all


def layers(run: Run) -> None:
    """The layer of `memory-push`, sealed on its way, and into a bucket."""
    if run.wants(*LAYERS[:2]):
        _flowing(run, LAYERS[:2], f'[storage]\nmaster_keys = "{_MASTER}"\n', run.scale.big_layer_bytes)
    if run.wants(*LAYERS[2:]):
        with _moto(run.scratch) as endpoint:
            storage = {"url": _bucket(endpoint), "endpoint": endpoint, **_KEYS}
            lines = [
                "[storage]",
                "redirect = false",
                'timeout = "5m"',
                *(f'{name} = "{value}"' for name, value in storage.items()),
            ]
            _flowing(run, LAYERS[2:], "\n".join(lines) + "\n", min(run.scale.big_layer_bytes // 4, _BUCKET_BYTES))


def moves(run: Run) -> None:
    """`storage move` of blobs of 16 MiB, beside a copy of as many files or objects by as many threads."""
    total = min(run.scale.big_layer_bytes // 2, GIB)
    for row, make in zip(MOVES, (_plain, _sealed, _in_bucket), strict=True):
        if run.wants(row):
            with make(run.scratch) as target:
                folder = run.scratch / f"{row}-{token_hex(2)}"
                _move(run, row, tools_on(folder), total // _BLOB, target)
                subprocess.run(["rm", "-rf", "--", folder], check=True)


_KEYS = {"region": "us-east-1", "access_key": "ada", "secret_key": "lovelace"}


@contextmanager
def _plain(scratch: Path) -> Iterator[Shelf | LocalStore]:
    yield LocalStore(scratch / f"plain-{token_hex(2)}")


@contextmanager
def _sealed(scratch: Path) -> Iterator[Shelf | LocalStore]:
    yield Shelf(Folder(scratch / f"sealed-{token_hex(2)}"), KeyList(_MASTER), name="sealed")


@contextmanager
def _in_bucket(scratch: Path) -> Iterator[Shelf | LocalStore]:
    with _moto(scratch) as endpoint:
        yield Shelf(
            open_bucket(_bucket(endpoint), Account(endpoint=endpoint, timeout=timedelta(minutes=5), **_KEYS)),
            name="bucket",
        )


def _flowing(run: Run, rows: tuple[str, ...], storage: str, size: int) -> None:
    run.settle()
    server = Wharfinger(run.scratch, more=storage)
    server.process.first = run.first
    try:
        server.start()
        both = flow(server, f"{seed.PROJECT}/app", size)
    finally:
        server.remove()
    for row, found in zip(rows, both, strict=True):
        run.record(row, {"wharfinger": found}, at_most("peak_MiB_per_process", 300, "MiB"))


def _move(run: Run, row: str, tools: Tools, count: int, target: Shelf | LocalStore) -> None:
    old = tools.store
    assert isinstance(old, LocalStore)
    files = [_hold(tools.db, old) for _ in range(count)]
    run.settle()
    copied = _timed(lambda: _copy(files, target), count)
    run.settle()
    if isinstance(target, LocalStore):
        store = Stores(target, [target, old])
    else:
        placed = ObjectStore(DatabaseLedger(tools.db, tools.clock), target)
        store = Stores(placed, [old], placed)
    outcomes = list[str]()
    moved = _timed(
        lambda: outcomes.extend(one.outcome for one in moving.run(replace(tools, store=store), moving.Means())), count
    )
    moved.errors = len(outcomes) - outcomes.count("moved")
    tools.db.close()
    run.record(row, {"wharfinger": moved, "copy": copied}, share_of("copy", 0.8))


def _hold(db: Database, store: LocalStore) -> Path:
    """One more blob, with its row."""
    data = os.urandom(_BLOB)
    digest, upload = digests.of(data), token_hex(16)
    store.begin(upload)
    with store.open(upload) as arriving:
        arriving.write(data)
        arriving.keep(digest)
    with db.begin() as tx:
        row = {"digest": digest, "size_bytes": len(data), "created_at": datetime.now(UTC), "place": ""}
        tx.execute(blobs.insert(), row)
    return Path(store.blob_path(digest))


def _copy(files: list[Path], target: Shelf | LocalStore) -> None:
    """What the slower side does at most: read, write, and have it durable; no digest, no rows, no seal."""

    def to_folder(file: Path) -> None:
        copy = file.with_name(f"copy-{file.name}")
        with file.open("rb") as source, copy.open("xb", buffering=0) as written:
            while piece := source.read(MIB):
                written.write(piece)
            os.fsync(written.fileno())

    def to_bucket(file: Path) -> None:
        assert isinstance(target, Shelf)
        writer = target.objects.writer(f"copies/{file.name}", target.part_bytes)
        with file.open("rb") as source:
            while piece := source.read(MIB):
                writer.write(piece)
        writer.finish()

    remote = isinstance(target, Shelf) and not isinstance(target.objects, Folder)
    with ThreadPoolExecutor(moving.AT_ONCE) as pool:
        list(pool.map(to_bucket if remote else to_folder, files))


def _timed(operation: Callable[[], None], count: int) -> Measured:
    began = perf_counter()
    operation()
    seconds = perf_counter() - began
    return Measured(rate=count / seconds, extra={"MiB_per_second": round(count * _BLOB / MIB / seconds)})


@contextmanager
def _moto(scratch: Path) -> Iterator[str]:
    """The address of an S3 server in a process of its own."""
    port = free_port()
    with (scratch / "moto.log").open("ab") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _bucket(endpoint: str) -> str:
    name = f"bench{token_hex(4)}"
    scope = f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0"
    httpx.put(f"{endpoint}/{name}", headers={"authorization": scope}).raise_for_status()
    return f"s3://{name}"
