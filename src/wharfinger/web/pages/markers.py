"""Where a page of a list goes on, in its address."""

from wharfinger.domain.errors import PageInvalid
from wharfinger.rules import paging
from wharfinger.rules.paging import Marker
from wharfinger.web.pages.visit import Visit


def marker(visit: Visit) -> Marker | None:
    """The marker that the address names, if any. Raises PageInvalid."""
    try:
        return paging.read(visit.asked("after")) if visit.asked("after") else None
    except ValueError as error:
        raise PageInvalid(str(error)) from error
