"""Telling the owners of a place that its storage fills up: how much, what is large, when it is full, what helps."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from wharfinger.db import places as place_rows
from wharfinger.domain import breakdown, notices
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.breakdown import Breakdown, Large
from wharfinger.domain.cleanup import preview
from wharfinger.domain.errors import NotFound
from wharfinger.domain.events import Recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules import quotas as rules
from wharfinger.rules import sizes

_MOST_LARGE = 5


def tell_owners(tools: Tools, event: Recorded) -> None:
    """Have the owners of a place told that it reached a threshold (a reaction); one that is gone by now has none."""
    path, percent = event.path, int(event.about["percent"])
    with tools.db.read() as tx:
        if path and not place_rows.in_use(tx, path):
            return
        project = place_rows.project_at(tx, path)
        found = breakdown.of(tx, path, tools.clock(), project=project)
    paths = [large.path for large in found.largest[:_MOST_LARGE]] if project is None else [path]
    advice = _advice(list(_cleanup_frees(tools, paths)), place=path)
    text = "\n\n".join([*_paragraphs(found, percent), *advice, notices.link(tools, usage_page(path))])
    with tools.db.begin() as tx:
        notices.send(tx, tools, notices.holders(tx, tools, path), subject(path, percent), text)


def subject(path: str, percent: int) -> str:
    """What the mail is called."""
    name = path or "this registry"
    if percent >= rules.FULL:
        return f"Action required: the storage of {name} is full, pushes are refused"
    return f"The storage of {name} is {percent}% full"


def usage_page(path: str) -> str:
    """The path of the page that shows it."""
    return f"{path}/-/usage" if path else "admin/usage"


def within(time: timedelta) -> str:
    """When that is, as people say it: "in about 12 days"."""
    days = round(time / timedelta(days=1))
    return "within a day" if days < 1 else f"in about {days} day{'s' if days > 1 else ''}"


def _cleanup_frees(tools: Tools, projects: Sequence[str]) -> Iterator[Large]:
    """Bytes that the cleanup policies that hold for these projects would free now; those where they would free some."""
    for path in projects:
        with suppress(NotFound):
            size = preview.of_all(tools, OPERATOR, path).size_bytes
            if size:
                yield Large(path, size)


def _advice(frees: Sequence[Large], place: str) -> Iterator[str]:
    """Of a group and of the registry: what cleanup would free in each of its largest projects, taken by itself."""
    if [large.path for large in frees] == [place]:
        cleanup = f"run its cleanup, which would free {sizes.in_words(frees[0].used_bytes)}"
    else:
        cleanup = "run cleanup, see below" if frees else "have a cleanup policy do so"
    yield f"Delete tags that nobody needs, {cleanup}, or ask for a higher limit."
    if frees and frees[0].path != place:
        lines = [f"{large.path}: {sizes.in_words(large.used_bytes)}" for large in frees]
        yield "\n".join(["Cleanup would free now, in each of the largest projects by itself:", *lines])
    yield "Where it stands:"


def _paragraphs(found: Breakdown, percent: int) -> Iterator[str]:
    quota = found.quota
    limit = quota.ceiling.limit_bytes if quota.ceiling else 0
    name = quota.path or "This registry"
    yield f"{name} uses {sizes.in_words(quota.used_bytes)} of {sizes.in_words(limit)} ({quota.percent or 0}%)."
    if percent >= rules.FULL:
        yield "Pushes into it are refused from now on. Pulling and deleting go on."
    else:
        yield "When it is full, pushes into it are refused; pulling and deleting go on."
    if found.full_in is not None and percent < rules.FULL:
        yield f"If it grows on as it did lately, it is full {within(found.full_in)}."
    if found.largest:
        lines = [f"{large.path}: {sizes.in_words(large.used_bytes)}" for large in found.largest[:_MOST_LARGE]]
        yield "\n".join(["The largest in it:", *lines])
