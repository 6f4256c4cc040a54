"""Numbers for Prometheus that only the database knows: what waits to be collected, and what was."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from wharfinger.domain import failures
from wharfinger.domain.garbage import Status
from wharfinger.web.threads import in_thread

_log: Final = logging.getLogger("wharfinger.metrics")
_GOOD_FOR_SECONDS: Final = 10.0


class Numbers:
    """Asks at most every ten seconds, in a thread; where the database does not answer, what it said last is told."""

    def __init__(self, status: Callable[[], Status], clock: Callable[[], datetime]) -> None:
        self._status, self._clock = status, clock
        self._known: list[Metric] = []
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def metrics(self) -> list[Metric]:
        """As metric families."""
        async with self._asking:
            if monotonic() >= self._until:
                try:
                    self._known = list(_families(await in_thread(self._status), self._clock()))
                except Exception as error:  # whatever it is, the other numbers are still worth telling
                    failures.tell(_log, "the numbers of garbage collection are not to be had", error)
                self._until = monotonic() + _GOOD_FOR_SECONDS
        return self._known


def _families(status: Status, now: datetime) -> Iterator[Metric]:
    queued = GaugeMetricFamily("wharfinger_garbage_queued", "Things to be reviewed, now or later.", labels=["what"])
    due = GaugeMetricFamily("wharfinger_garbage_due", "Things to be reviewed now.", labels=["what"])
    late = GaugeMetricFamily(
        "wharfinger_garbage_late_seconds", "For how long the first of them has been due.", labels=["what"]
    )
    for what, queue in status.queues.items():
        queued.add_metric([what], queue.waiting)
        due.add_metric([what], queue.due)
        late.add_metric([what], max(0.0, (now - queue.first_at).total_seconds()) if queue.first_at else 0.0)
    yield from (queued, due, late)
    yield GaugeMetricFamily("wharfinger_trash", "Things that can be restored.", value=status.trash)
    yield GaugeMetricFamily("wharfinger_garbage_blobs", "Blobs without a repository.", value=status.doomed_blobs)
    yield GaugeMetricFamily("wharfinger_garbage_bytes", "Bytes of them, yet to be freed.", value=status.doomed_bytes)
    freed = CounterMetricFamily("wharfinger_freed", "What was freed since the installation began.", labels=["what"])
    for what, total in status.freed.items():
        freed.add_metric([what], total)
    yield freed
