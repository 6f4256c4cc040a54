"""What a project, a group or the whole registry stores, how it grew, and the limits of it."""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from wharfinger.domain import breakdown, filling, quotas, statistics, underway
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules import quotas as rules
from wharfinger.rules import sizes
from wharfinger.web.pages import chart
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

_LONGEST_SIZE: Final = 40
_LONGEST_DAYS: Final = 3650
_PAGE: Final = 100


def show(visit: Visit) -> Response:
    """The usage of a place."""
    place = opened(visit)
    return visit.page("usage.html", place=place, **_facts(visit, place.path))


def show_pulls(visit: Visit) -> Response:
    """How often the images of a place are pulled, and when last."""
    place, lately = opened(visit), visit.asked("sort") == "last"
    total, found = statistics.pulls(visit.tools, visit.caller, place.path, lately=lately)
    sort, full = "last" if lately else "most", len(found) == statistics.MOST_PULLED
    return visit.page("pulls.html", place=place, total=total, found=found, sort=sort, full=full)


def show_unpulled(visit: Visit) -> Response:
    """Tags of a place that nobody pulls."""
    place, days = opened(visit), min(visit.number("days", 90), _LONGEST_DAYS)
    last = (visit.asked("path"), visit.asked("tag"))
    found = statistics.unpulled(
        visit.tools, visit.caller, place.path, age=timedelta(days=days), last=last, limit=_PAGE + 1
    )
    end = found[_PAGE - 1] if len(found) > _PAGE else None
    more = f"?{urlencode({'days': days, 'path': end.path, 'tag': end.name})}" if end else ""
    return visit.page("unpulled.html", place=place, days=days, found=found[:_PAGE], more=more)


def show_all(visit: Visit) -> Response:
    """The usage of the whole registry, for administrators."""
    return visit.page("admin_usage.html", **_facts(visit, ""))


def limit(visit: Visit) -> Response:
    """Set a limit of a place."""
    return _limit(visit, opened(visit).path)


def limit_all(visit: Visit) -> Response:
    """Set a limit of the whole registry."""
    return _limit(visit, "")


def _limit(visit: Visit, path: str) -> Response:
    each = visit.form["of"] == "each"
    now = quotas.set_limit(visit.tools, visit.caller, path, _size(visit.form["limit"]), each=each)
    said = now.each_limit_bytes if each else now.limit_bytes
    what = f"is {sizes.in_words(said)} now" if said is not None else "is lifted"
    return visit.go(f"/{filling.usage_page(path)}", f"The limit {what}.")


def _size(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    try:
        return sizes.parse(text[:_LONGEST_SIZE])
    except ValueError as error:
        raise SettingInvalid(str(error)) from error


def _facts(visit: Visit, path: str) -> dict[str, Any]:
    found = breakdown.get(visit.tools, visit.caller, path)
    held = found.quota.ceiling
    return {
        "found": found,
        "arriving": underway.get(visit.tools, visit.caller, path),
        "line": quotas.show(visit.tools, visit.caller, path),
        "chart": chart.draw(found.samples, held.limit_bytes if held else None),
        "thresholds": rules.THRESHOLDS[:-1],
        "may_limit": quotas.may_limit(visit.tools, visit.caller, path),
        "within": filling.within,
        "action": f"/{filling.usage_page(path)}/limit",
    }
