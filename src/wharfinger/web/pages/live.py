"""Parts of a page that keep themselves up to date.

The part asks for itself every few seconds and says what it shows (`seen`). It is answered anew where that has changed,
and with 204, upon which htmx does nothing, where it has not.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from wharfinger.web.pages.visit import Visit

_SEEN: Final = "seen"
SECONDS: Final = 5
SLOW_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page as it looks now. `address` is where it asks for itself."""

    html: Markup
    seen: str
    address: str
    seconds: int = SECONDS


def part(visit: Visit, template: str, *, seconds: int = SECONDS, **facts: Any) -> Part:
    """Draw a part of the page at hand, to be shown by live.html."""
    text = visit.site.render(template, {"visit": visit, **facts})
    seen = blake2b(text.encode(), digest_size=9).hexdigest()
    # What templates make is safe already: they escape what they are handed.
    return Part(Markup(text), seen, query(visit, **{_SEEN: seen}), seconds)  # noqa: S704


def asked(visit: Visit) -> bool:
    """Does the part ask, rather than the browser for the page?"""
    return visit.by_htmx and _SEEN in visit.request.query_params


def answer(visit: Visit, current: Part) -> Response:
    """The part anew, or nothing where it still looks the same."""
    if visit.asked(_SEEN) == current.seen:
        return Response(status_code=204)
    return visit.page("live.html", part=current)


def query(visit: Visit, **changes: str) -> str:
    """The address of the page at hand with other parameters; those that are empty are left out."""
    kept = {key: value for key, value in visit.request.query_params.items() if key != _SEEN} | changes
    text = urlencode({key: value for key, value in kept.items() if value})
    return f"{visit.here}?{text}" if text else visit.here
