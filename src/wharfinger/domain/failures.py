"""What broke below and nobody foresaw: most of it is a mistake of ours, and some of it passes."""

from datetime import timedelta
from typing import Final

from wharfinger.db import failures
from wharfinger.domain.errors import DatabaseUnavailable

_AGAIN: Final = timedelta(seconds=30)


def refusal(error: Exception) -> DatabaseUnavailable | None:
    """How to refuse what failed because of the database; None where it failed for another reason."""
    what = failures.passing(error)
    if not what:
        return None
    return DatabaseUnavailable(f"the registry's database {what}: tell its operator, then try again", _AGAIN)
