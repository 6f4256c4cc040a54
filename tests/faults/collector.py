"""A worker that collects garbage until it is killed.

It is killed with SIGKILL before the `call`-th call of the system that may change something in the store.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.clock import Clock
from tests.faults.disks import KillingDisk
from tests.faults.mortals import Say
from tests.in_process import build_tools
from wharfinger.domain import garbage
from wharfinger.domain.tools import Policy, Tools
from wharfinger.storage.local import LocalStore

POLICY = Policy(trash_keep=timedelta(), gc_delay=timedelta(hours=24), gc_batch=2)


def tools_at(url: str, folder: Path, days: int) -> Tools:
    """Tools on a database and a store in a folder, so many days after a certain one."""
    clock = Clock(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=days))
    return replace(build_tools(url, clock, POLICY), store=LocalStore(folder))


def work(_: Say, url: str, folder: Path, call: int) -> None:
    """Collect all there is."""
    tools = tools_at(url, folder, 2)
    assert isinstance(tools.store, LocalStore)
    tools.store.disk = KillingDisk(call)
    while garbage.step(tools).reviewed:
        pass
