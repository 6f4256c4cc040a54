"""What runs when nobody asks, and how often. One page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from wharfinger.domain import breakdown, chain, deliveries, garbage, leftovers, loose, quotas
from wharfinger.domain.cleanup import runs
from wharfinger.domain.tools import Tools


@dataclass(frozen=True, slots=True)
class Duty:
    """Periodic work. `run` returns how many things it dealt with; running it twice does no harm."""

    name: str
    every: timedelta | Callable[[Tools], timedelta]
    run: Callable[[Tools], int]

    def period(self, tools: Tools) -> timedelta:
        """How often, under the settings now in force."""
        return self.every if isinstance(self.every, timedelta) else self.every(tools)


DUTIES: Final = (
    Duty("collect garbage", lambda tools: tools.policy.gc_interval, lambda tools: garbage.run(tools).reviewed),
    Duty("drop old months of the audit log", timedelta(days=1), chain.drop_old),
    Duty("add up usage", timedelta(seconds=5), quotas.add_up),
    Duty("look at what no tag keeps", timedelta(minutes=5), loose.look),
    Duty("forget old webhook deliveries", timedelta(hours=1), deliveries.forget_old),
    Duty("write down usage", timedelta(hours=6), breakdown.take_samples),
    Duty("start cleanup that is due", timedelta(minutes=1), runs.start_due),
    Duty("give up cleanup that never ends", timedelta(minutes=10), runs.give_up),
    Duty("forget abandoned uploads", timedelta(hours=1), leftovers.forget_uploads),
    Duty("forget old login failures", timedelta(minutes=10), leftovers.forget_login_failures),
    Duty("forget ended credentials", timedelta(days=1), leftovers.forget_credentials),
    Duty("forget retired keys", timedelta(hours=1), leftovers.forget_keys),
)
