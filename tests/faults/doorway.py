"""What a server's requests to its bucket pass through: it kills the server at a chosen one of them.

Every request is two points: before the bucket hears of it, and after the bucket did it and before anybody is told.
"""

from collections.abc import Callable
from threading import Lock

from tests.storage.faulty import Faults


class Doorway(Faults):
    """Lets everything through until it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self._lock, self._left = Lock(), 0
        self._kill: Callable[[], None] | None = None
        self.killed = False

    def arm(self, point: int, kill: Callable[[], None]) -> None:
        """Kill at this point, counted from here on; the first is 0."""
        with self._lock:
            self._left, self._kill, self.killed = point, kill, False

    def disarm(self) -> None:
        """Let everything through again."""
        with self._lock:
            self._kill = None

    def of(self, method: str, path: str) -> str:
        return "hangs up" if self._reached() else ""

    def done(self) -> None:
        self._reached()

    def _reached(self) -> bool:
        """Was this the point? Then nobody is alive any more to hear an answer."""
        with self._lock:
            kill, self._left = self._kill, self._left - 1
            if kill is None or self._left >= 0:
                return False
            self._kill, self.killed = None, True
            kill()
            return True
