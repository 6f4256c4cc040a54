"""Deleting tags in bulk by the terms of a policy, once (GitLab: "Delete registry repository tags in bulk").

At most once an hour for a repository; the worker does it, as of the moment when it was asked for. What the rules of
protection keep, stays; `latest` always does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from wharfinger.db import repositories as repository_rows
from wharfinger.domain import access, behalf, guard, images, queue
from wharfinger.domain.access import Caller
from wharfinger.domain.cleanup import evaluate, terms
from wharfinger.domain.cleanup.evaluate import Question
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import AskedLately
from wharfinger.domain.images import TAGS_AT_ONCE, Existing
from wharfinger.domain.tools import Tools
from wharfinger.rules.cleanup import Tag
from wharfinger.rules.roles import Action

TASK: Final = "delete tags in bulk"
LEASE: Final = timedelta(hours=1)


def ask(tools: Tools, caller: Caller, path: str, wanted: Terms) -> None:
    """Have the tags deleted that these terms remove, soon. Raises SettingInvalid, AskedLately, RepositoryUnknown."""
    terms.checked(wanted)
    now = tools.clock()
    with tools.db.begin() as tx:
        place = images.open_existing(tx, caller, path, Action.DELETE)
        if not repository_rows.lease_bulk(tx, place.id, now, now - LEASE):
            raise AskedLately(
                "This request has already been made. You can run this at most once an hour for a given container "
                "repository"
            )
        about = {"repository": place.id, "terms": terms.written(wanted), "at": now.isoformat(), "batch": token_hex(8)}
        queue.put(tx, tools, TASK, about | behalf.of(caller), key=f"{TASK} {place.id}")


def carry_out(tools: Tools, about: Mapping[str, Any]) -> None:
    """What `ask` left to the worker; tags that moved meanwhile stay, and doing it again does no harm."""
    asker = behalf.asker(tools, about)
    found = _doomed(tools, asker, about)
    if found is None:
        return
    place, tags = found
    for at in range(0, len(tags), TAGS_AT_ONCE):
        pushed = {tag.name: tag.pushed_at for tag in tags[at : at + TAGS_AT_ONCE]}
        with tools.db.begin() as tx:
            images.delete_tags(tx, tools, asker, place, pushed.keys(), batch=about["batch"], pushed=pushed)


def _doomed(tools: Tools, asker: Caller, about: Mapping[str, Any]) -> tuple[Existing, Sequence[Tag]] | None:
    with tools.db.read() as tx:
        path = repository_rows.path_of(tx, about["repository"])
        if path is None:
            return None
        opened = access.open_repository(tx, asker, path, Action.DELETE)
        place = Existing(about["repository"], opened.path, opened.project_id)
        policy = Policy(0, opened.project_path, terms.read(about["terms"]))
        held = guard.of(tx, tools, opened.project_id, opened.project_path)
        question = Question([policy], [0], held, datetime.fromisoformat(about["at"]))
        return place, evaluate.repository(tx, question, id_=place.id, name=opened.name, path=place.path).doomed
