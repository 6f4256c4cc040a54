"""What machines ask to learn how the server is: `/-/health`, `/-/ready`, `/-/metrics`."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

import orjson

from wharfinger.web.respond import Answer
from wharfinger.web.threads import in_thread

Check = Callable[[], object]

_log: Final = logging.getLogger("wharfinger.ready")
_GOOD_FOR_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 5.0


class Readiness:
    """Can this process do its work? `checks` raise where it cannot; the answer is good for a second."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._known: dict[str, str] = {}
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def answer(self) -> Answer:
        """200 if every check passes, else 503; which one fails is said, why stands in the log."""
        async with self._asking:
            if monotonic() >= self._until:
                self._known = {name: await self._result(name, check) for name, check in self._checks.items()}
                self._until = monotonic() + _GOOD_FOR_SECONDS
        ready = all(result == "ok" for result in self._known.values())
        return json_answer(200 if ready else 503, {"status": "ready" if ready else "not ready", **self._known})

    async def _result(self, name: str, check: Check) -> str:
        try:
            await asyncio.wait_for(in_thread(check), _PATIENCE_SECONDS)
        except Exception as error:  # whatever it is, this process is not ready
            _log.warning("not ready: %s: %s", name, error or type(error).__name__)
            return "failing"
        return "ok"


def json_answer(status: int, value: object) -> Answer:
    """A JSON document for a machine, never kept by a cache."""
    body = orjson.dumps(value)
    length = (b"content-length", b"%d" % len(body))
    return Answer(status, [(b"content-type", b"application/json"), length, (b"cache-control", b"no-store")], body)
