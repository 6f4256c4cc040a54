"""Letting go of clients that began a body and say nothing more.

A timer for each piece of each upload would cost more than the piece. So a body only notes since when it waits, and
somebody who looks twice a second ends those that wait for too long: to its handler, the client has gone away.
"""

import asyncio
from time import monotonic
from typing import Final

from wharfinger.web.request import Message, Receive

_FOREVER: Final = float("inf")


class Body:
    """`receive` of one request, and since when it waits. To be made in the task that answers the request."""

    __slots__ = ("_ended", "_receive", "_since", "_task")

    def __init__(self, receive: Receive) -> None:
        self._receive, self._since, self._ended = receive, _FOREVER, False
        self._task = asyncio.current_task()

    async def __call__(self) -> Message:
        """The next piece, or a disconnect once patience has run out."""
        if self._ended:
            return {"type": "http.disconnect"}
        self._since = monotonic()
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not self._ended or self._task is None:
                raise
            self._task.uncancel()
            return {"type": "http.disconnect"}
        finally:
            self._since = _FOREVER

    def end_if_waiting(self, since: float) -> None:
        """Give up on a client who has said nothing since then; does nothing while others are at work for it."""
        if self._since < since and self._task is not None and not self._ended:
            self._ended = True
            self._task.cancel()


class Bodies:
    """The bodies that are on their way to this process."""

    def __init__(self) -> None:
        self._bodies: set[Body] = set()

    def begin(self, receive: Receive) -> Body:
        """Watch over a body until `end`."""
        body = Body(receive)
        self._bodies.add(body)
        return body

    def end(self, body: Body) -> None:
        """Its request is answered."""
        self._bodies.discard(body)

    def let_go(self, patience_seconds: float) -> None:
        """End all that wait for longer than this."""
        limit = monotonic() - patience_seconds
        for body in list(self._bodies):
            body.end_if_waiting(limit)
