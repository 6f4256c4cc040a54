"""A server that pushes for itself until it is killed: `python -m tests.faults.pusher FOLDER CALL THREADS`.

It says on standard output what it acknowledged: `part ID SEED SIZE` and `kept ID SEED SIZE`, a line at a time.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

from tests.faults.disks import KillingDisk
from tests.storage.bytes_of import some
from wharfinger.storage.local import LocalStore

PARTS = (0, 3000, 5000)


def push(store: LocalStore, seed: int) -> None:
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


def say(*words: object) -> None:
    """All of a line or nothing."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(folder: str, call: str, threads: str) -> None:
    """Push the same few blobs again and again, so that some replace others."""
    store = LocalStore(Path(folder))
    store.disk = KillingDisk(int(call))
    with ThreadPoolExecutor(int(threads)) as pool:
        for done in [pool.submit(push, store, number // 2 % 5) for number in range(1000)]:
            done.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
