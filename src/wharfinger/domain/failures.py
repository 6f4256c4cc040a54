"""What broke below and nobody foresaw: most of it is a mistake of ours, some of it passes, and some is that two changed
the same at the same moment. Operations look before they write; what comes between is caught by the tables."""

from datetime import timedelta
from typing import Final

from wharfinger.db import failures
from wharfinger.domain.errors import Crossed, DatabaseUnavailable, Refusal

_AGAIN: Final = timedelta(seconds=30)


def refusal(error: Exception) -> Refusal | None:
    """How to refuse what failed because of the database; None where it failed for another reason."""
    if failures.crossed(error):
        return Crossed("somebody else changed or removed this at the same moment: look how it is now, then try again")
    what = failures.passing(error)
    if not what:
        return None
    return DatabaseUnavailable(f"the registry's database {what}: tell its operator, then try again", _AGAIN)
