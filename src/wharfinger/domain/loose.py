"""What a place holds beside its usage: images and blobs that no tag keeps, the trash, uploads that have not ended.

None of it counts, and most of it goes by itself. But asking for something puts its removal off, tags can be moved to
and fro, the trash be filled anew: so what is not counted has a limit of its own, a multiple of the place's
(`untagged_percent`). It is looked at every few minutes, and not at every push: from then on nothing more comes in that
no tag keeps, and asking puts nothing off, so that it drains.
"""

import logging
from collections import Counter
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import loose as rows
from wharfinger.domain import quotas, underway
from wharfinger.domain.tools import Tools
from wharfinger.rules import quotas as rules
from wharfinger.storage.store import StoreFailed

_log: Final = logging.getLogger("wharfinger.quotas")


def look(tools: Tools) -> int:
    """Look what every place with a limit holds beside its usage (a duty); how many changed.

    Only of those near the smallest of all limits it is written down: most places have little, and cost no write.
    """
    percent = tools.policy.untagged_percent
    with tools.db.read() as tx:
        least, before = rows.smallest_limit(tx), rows.measured(tx)
        found = {} if least is None or not percent else _found(tx, tools)
    now = {meter: size for meter, size in found.items() if rules.crowded(size, least or 0, percent)}
    changed = {meter: now.get(meter, 0) for meter in {*before, *now} if now.get(meter, 0) != before.get(meter)}
    if changed:
        with tools.db.begin() as tx:
            rows.write_down(tx, changed)
            quotas.look(tx, tools, changed)
    return len(changed)


def _found(tx: Connection, tools: Tools) -> Counter[int]:
    """Bytes by meter."""
    found, arriving = Counter(rows.of_blobs(tx)), _arriving(tools)
    found.update(rows.of_manifests(tx))
    for project, above in rows.meters_of(tx, arriving).items():
        for meter in above:
            found[meter] += arriving[project]
    return found


def _arriving(tools: Tools) -> Counter[int]:
    """Bytes of uploads that have not ended, by project."""
    found = Counter[int]()
    try:
        for upload, size in islice(tools.store.unfinished(), underway.MOST):
            found[underway.project_of(upload)] += size
    except StoreFailed as error:
        _log.warning("uploads under way cannot be counted: %s", error)
    return found
