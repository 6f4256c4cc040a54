"""Running hashes of uploads, so that an upload in many requests is not read again at its end.

A running hash cannot be written down (hashlib exports no state), so it stays in the process that fed it. It is only a
shortcut: it says how many bytes it has seen, uploads only grow, and what it has not seen is read from the store.
"""

from collections import OrderedDict
from threading import Lock

from wharfinger.spec import digest as digests


class RunningHash:
    """The hash of the first `count` bytes of an upload. Without an algorithm it has not even seen none of them."""

    __slots__ = ("_hash", "algorithm", "count")

    def __init__(self, algorithm: str) -> None:
        self.algorithm, self.count = algorithm, 0 if algorithm else -1  # so nobody feeds it what comes next
        self._hash = digests.hasher(algorithm or "sha256")

    def feed(self, data: bytes | memoryview) -> None:
        """Take the bytes that follow."""
        self._hash.update(data)
        self.count += len(data)

    def digest(self) -> str:
        """`algorithm:hex` of what it has seen."""
        return f"{self.algorithm}:{self._hash.hexdigest()}"


class RecentHashes:
    """Those of the uploads continued last. Thread-safe; about half a KiB each."""

    def __init__(self, most: int = 1024) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[str, RunningHash] = OrderedDict()

    def put(self, upload: str, running: RunningHash) -> None:
        """Remember one, and forget the oldest beyond the limit."""
        with self._lock:
            self._kept[upload] = running
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def take(self, upload: str) -> RunningHash | None:
        """The one of this upload, no longer remembered here: whoever has the upload open feeds it."""
        with self._lock:
            return self._kept.pop(upload, None)
