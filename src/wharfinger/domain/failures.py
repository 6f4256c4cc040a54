"""What broke below and nobody foresaw: most of it is a mistake of ours, some of it passes, and some is that two changed
the same at the same moment. Operations look before they write; what comes between is caught by the tables."""

import logging
from datetime import timedelta
from typing import Final

from wharfinger.db import failures
from wharfinger.domain.errors import Crossed, DatabaseUnavailable, Refusal

_AGAIN: Final = timedelta(seconds=30)


def tell(log: logging.Logger, what: str, error: Exception) -> None:
    """Write down what failed: in one line where the database is to blame, which says nothing new a hundred times over,
    else with where it broke."""
    if failures.passing(error):
        log.error("%s: the database %s: %s", what, failures.passing(error), failures.words(error))
    else:
        log.error("%s", what, exc_info=error)


def refusal(error: Exception) -> Refusal | None:
    """How to refuse what failed because of the database; None where it failed for another reason."""
    if failures.crossed(error):
        return Crossed("somebody else changed or removed this at the same moment: look how it is now, then try again")
    what = failures.passing(error)
    if not what:
        return None
    return DatabaseUnavailable(f"the registry's database {what}: tell its operator, then try again", _AGAIN)
