"""Telling a project's maintainers that its cleanup does not do what it should: nothing is switched off silently."""

from wharfinger.domain import notices
from wharfinger.domain.events import Recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role


def tell_maintainers(tools: Tools, event: Recorded) -> None:
    """Mail them what a run failed of (a reaction to CleanupFailed)."""
    policy, error = event.about.get("policy"), event.about["error"]
    subject = f"Cleanup of {event.path} {'was given up' if event.about['given_up'] else 'does not finish'}"
    what_next = (
        "It is not tried again; the next run begins when it is due, or when you start one."
        if event.about["given_up"]
        else "It is tried again by itself for a day. The policy stays as it is."
    )
    what = f"cleanup policy {policy}" if policy else "deletion of tags in bulk"
    text = [f"The {what} of {event.path}: {error}.", what_next]
    with tools.db.begin() as tx:
        people = notices.holders(tx, tools, event.path, Role.MAINTAINER)
        page = notices.link(tools, f"{event.path}/-/cleanup")
        notices.send(tx, tools, people, subject, "\n\n".join([*text, page]))
