"""Recounting: the usage of every place from the ground up, compared with what its meter says."""

from dataclasses import dataclass

from sqlalchemy import Connection

from wharfinger.db import recount as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import Caller
from wharfinger.domain.events.operation import UsageRepaired
from wharfinger.domain.tools import Tools


@dataclass(frozen=True, slots=True)
class Drift:
    """How many blobs of repositories, blobs of meters and sums were not what they should be."""

    blobs: int
    holders: int
    sums: int

    def __bool__(self) -> bool:
        return bool(self.blobs or self.holders or self.sums)


def drift(tx: Connection) -> Drift:
    """Compare all that is counted with tags, manifests and sizes, as one transaction sees them."""
    return Drift(len(rows.wrong_blobs(tx)), len(rows.wrong_holders(tx)), len(rows.wrong_sums(tx)))


def recount(tools: Tools, caller: Caller, *, repair: bool = True) -> Drift:
    """Count everything anew; where it differs, put it right, while pushes wait. What was found."""
    access.require_admin(caller, "recounting usage")
    with tools.db.read() as tx:
        found = drift(tx)
    if found and repair:
        with tools.db.begin() as tx:
            rows.rebuild(tx)
            repaired = UsageRepaired(path="", blobs=found.blobs, holders=found.holders, sums=found.sums)
            events.put(tx, tools, caller, repaired)
    return found
