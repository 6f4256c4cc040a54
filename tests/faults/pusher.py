"""A server that pushes for itself until it is killed.

It says what it acknowledged: "part" or "kept", the upload, what it is of, and how many bytes there are.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

from tests.faults.disks import KillingDisk
from tests.faults.mortals import Say
from tests.storage.bytes_of import some
from wharfinger.storage.local import LocalStore

PARTS = (0, 3000, 5000)


def push(say: Say, store: LocalStore, seed: int) -> None:
    """In two requests, the second of which ends it."""
    upload_id, data = token_hex(16), some(PARTS[-1], seed)
    store.begin(upload_id)
    say("part", upload_id, seed, 0)
    with store.open(upload_id) as upload:
        upload.write(data[: PARTS[1]])
    say("part", upload_id, seed, PARTS[1])
    with store.open(upload_id) as upload:
        upload.write(data[PARTS[1] :])
        upload.keep(upload.digest("sha256"))
        say("kept", upload_id, seed, PARTS[-1])


def work(say: Say, folder: Path, call: int, threads: int) -> None:
    """Push the same few blobs again and again, so that some replace others."""
    store = LocalStore(folder)
    store.disk = KillingDisk(call)
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(push, say, store, number // 2 % 5) for number in range(1000)]:
            done.result()
