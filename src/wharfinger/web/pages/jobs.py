"""Jobs that wait, run or were given up, for administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.responses import Response

from wharfinger.domain import queue
from wharfinger.domain.overviews import PAGE
from wharfinger.domain.queue import Job
from wharfinger.web.pages.visit import Visit

STATES: Final[Mapping[str, str]] = {
    "given up": "bad",
    "runs": "info",
    "waits": "neutral",
    "will be tried again": "warn",
}


def show(visit: Visit) -> Response:
    """The list; its rows alone, where the page updates itself."""
    found = queue.list_jobs(visit.tools, visit.caller, last=visit.number("after"), limit=PAGE + 1)
    more = f"/admin/jobs?after={found[PAGE - 1].id}" if len(found) > PAGE else ""
    now = visit.tools.clock()
    jobs = [(job, _state(job, now)) for job in found[:PAGE]]
    return visit.page("jobs_list.html" if visit.by_htmx else "jobs.html", jobs=jobs, more=more, kinds=STATES)


def again(visit: Visit) -> Response:
    """Try one again now."""
    queue.again(visit.tools, visit.caller, visit.number("job"))
    return visit.go("/admin/jobs", "The job will be tried again now.")


def forget(visit: Visit) -> Response:
    """Never do it."""
    queue.forget(visit.tools, visit.caller, visit.number("job"))
    return visit.go("/admin/jobs", "The job is forgotten.")


def _state(job: Job, now: datetime) -> str:
    if job.held_until is not None and job.held_until > now:
        return "runs"
    if job.due_at is None:
        return "given up"
    return "will be tried again" if job.tries else "waits"
