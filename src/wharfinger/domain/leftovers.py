"""What is cleared away when nobody asks: abandoned uploads, old failed logins, ended credentials, retired keys.

Each operation may run at any time and any number of times, on several hosts at once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from wharfinger.db import leftovers as rows
from wharfinger.domain.tools import Tools
from wharfinger.rules import clocks
from wharfinger.rules.scopes import CredentialKind

KEPT: Final = timedelta(days=90)  # an ended token is still listed so long, to answer who had what
KEPT_OF_JOBS: Final = timedelta(days=1)  # there is one per job, and the job's own record outlives it


def resting(tools: Tools, periods: Mapping[str, timedelta]) -> set[str]:
    """Those of these duties whose time has not come; `periods` are how often each is to be done."""
    now = tools.clock()
    with tools.db.read() as tx:
        planned = rows.planned(tx)
    return {duty for duty, every in periods.items() if duty in planned and clocks.stands(planned[duty], now, every)}


def take_turn(tools: Tools, duty: str, every: timedelta) -> bool:
    """May this process do a duty now? Of all processes and hosts, one may, once in this time."""
    now = tools.clock()
    with tools.db.begin() as tx:
        return rows.take_turn(tx, duty, now, next_at=now + every, farthest=now + every + clocks.APART)


def forget_uploads(tools: Tools) -> int:
    """Give back the space of uploads that paused for longer than the settings keep them; how many."""
    return tools.store.abandon(tools.policy.upload_keep.total_seconds())


def forget_login_failures(tools: Tools) -> int:
    """Forget failed logins that count no more; how many."""
    with tools.db.begin() as tx:
        return rows.forget_login_failures(tx, tools.clock() - tools.policy.login_window)


def forget_credentials(tools: Tools) -> int:
    """Forget tokens long after their end, and the users that stood for them; how many tokens."""
    now, lasting = tools.clock(), [kind for kind in CredentialKind if kind is not CredentialKind.JOB]
    with tools.db.begin() as tx:
        count = rows.forget_credentials(tx, now - KEPT, lasting)
        count += rows.forget_credentials(tx, now - KEPT_OF_JOBS, [CredentialKind.JOB])
        rows.forget_bots(tx)
    return count


def forget_keys(tools: Tools) -> int:
    """Forget signing keys whose last token is over; how many."""
    return tools.keys.forget_retired()
