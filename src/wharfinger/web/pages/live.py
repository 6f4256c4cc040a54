"""Parts of a page that keep themselves up to date, more often than the page around them.

A part asks for itself every few seconds. Like the page, it is answered 304, upon which htmx does nothing, where it
still looks the same (`Visit.page`).
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from wharfinger.web.pages.visit import Visit

SECONDS: Final = 5
SLOW_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page as it looks now. `address` is where it asks for itself."""

    html: Markup
    address: str
    seconds: int = SECONDS


def part(visit: Visit, template: str, *, seconds: int = SECONDS, **facts: Any) -> Part:
    """Draw a part of the page at hand, to be shown by live.html."""
    text = visit.site.render(template, {"visit": visit, **facts})
    # What templates make is safe already: they escape what they are handed.
    return Part(Markup(text), query(visit), seconds)  # noqa: S704


def asked(visit: Visit) -> bool:
    """Does the part ask, rather than the browser or the page for the page?"""
    return visit.again and visit.by_htmx


def answer(visit: Visit, current: Part) -> Response:
    """The part anew."""
    return visit.page("live.html", part=current)


def query(visit: Visit, **changes: str) -> str:
    """The address of the page at hand with other parameters; those that are empty are left out."""
    text = urlencode({key: value for key, value in {**visit.request.query_params, **changes}.items() if value})
    return f"{visit.here}?{text}" if text else visit.here
