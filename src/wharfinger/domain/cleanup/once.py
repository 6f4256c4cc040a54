"""Deleting tags in bulk by the terms of a policy, once (GitLab: "Delete registry repository tags in bulk").

At most once an hour for a repository. It is a run of cleanup like any other: done by the worker, in the history, and
taken back as one act. What the rules of protection keep, stays; `latest` always does.
"""

from datetime import timedelta
from typing import Final

from wharfinger.db import repositories as repository_rows
from wharfinger.domain import events, images
from wharfinger.domain.access import Caller
from wharfinger.domain.cleanup import runs, terms
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import AskedLately
from wharfinger.domain.events.keeping import CleanupAsked
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action

LEASE: Final = timedelta(hours=1)


def ask(tools: Tools, caller: Caller, path: str, wanted: Terms) -> int:
    """Have the tags deleted that these terms remove, soon; the number of the run that does it.

    Raises SettingInvalid, AskedLately, RepositoryUnknown.
    """
    terms.checked(wanted)
    now = tools.clock()
    with tools.db.begin() as tx:
        place = images.open_existing(tx, caller, path, Action.DELETE)
        if not repository_rows.lease_bulk(tx, place.id, now, now - LEASE):
            raise AskedLately(
                "This request has already been made. You can run this at most once an hour for a given container "
                "repository"
            )
        run = runs.start(tx, tools, caller.name, project=place.project_id, terms=wanted, repository=place.id) or 0
        told = CleanupAsked(path=place.path, project_id=place.project_id, run_id=run, terms=terms.facts(wanted))
        events.put(tx, tools, caller, told)
    return run
