"""The worker: does what is due, one duty after another, and the jobs of the queue beside them.

Any number of workers on any number of hosts may run; a row per duty in the database says when it is due again, and
who moves that moment does the work. A duty that fails is logged and done again at its next time.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from wharfinger.domain import chain, failures, leftovers, queue
from wharfinger.domain.tools import Tools
from wharfinger.jobs import labour, reactions
from wharfinger.jobs.schedule import DUTIES, Duty

_log: Final = logging.getLogger("wharfinger.worker")


def run_due(tools: Tools, duties: Sequence[Duty] = DUTIES) -> list[str]:
    """Do every duty that is due and nobody else has taken; their names."""
    resting = leftovers.resting(tools, {duty.name: duty.period(tools) for duty in duties})
    return [duty.name for duty in duties if duty.name not in resting and _run(tools, duty)]


def run(tools: Callable[[], Tools], stop: threading.Event, pause_seconds: float) -> None:
    """Do what is due until `stop`; `tools` is asked anew each time, because settings may change.

    It rests between rounds even while events come, and then takes together what has come: a round for each push took
    half as much processor time as the push, and a commit.
    """
    crew = labour.Crew(tools)
    while not stop.is_set():
        now = tools()
        try:
            run_due(now)
            behind = follow(now) >= queue.AT_ONCE
            crew.call(now)
        except Exception as error:  # the database was away: it may be back in a moment
            failures.tell(_log, "could not look at what is due", error)
            behind = False
        if not behind:
            stop.wait(pause_seconds)
    crew.dismiss()


def follow(tools: Tools) -> int:
    """Queue what follows new events; how many events there were."""
    if not chain.anything_waits(tools):
        return 0
    return queue.follow(tools, reactions.by_kind(reactions.needed(tools)))


def _run(tools: Tools, duty: Duty) -> bool:
    try:
        if not leftovers.take_turn(tools, duty.name, duty.period(tools)):
            return False
        count = duty.run(tools)
    except Exception as error:  # the next duty may well succeed, and this one at its next time
        failures.tell(_log, f"could not {duty.name}", error)
        return False
    _log.log(logging.INFO if count else logging.DEBUG, "%s: %d", duty.name, count)
    return True
