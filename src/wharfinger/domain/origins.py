"""Where tags come from: who pushed what they point to, with which credential, from which job, by the audit log.

A push is in the log a moment after it happened, and for as long as months are kept; before and after, all that is known
is the name that the tag itself has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wharfinger.db import audit as rows
from wharfinger.db import tokens as token_rows
from wharfinger.domain import access, audit
from wharfinger.domain.access import Caller
from wharfinger.domain.events.images import ManifestPushed
from wharfinger.domain.events.record import Recorded, recorded
from wharfinger.domain.tools import Tools
from wharfinger.rules import chain
from wharfinger.rules.roles import Action, Role
from wharfinger.rules.scopes import CredentialKind

_EACH: Final = 20  # the newest events about an image that are looked through


@dataclass(frozen=True, slots=True)
class Origin:
    """A push: by whom, with what kind of credential, its name if it still has one, and what it vouched for.

    `facts`: commit, ref, pipeline, job … by name (rules.origin).
    """

    actor: str
    credential: CredentialKind
    token: str
    facts: Mapping[str, str]


def of_tags(
    tools: Tools, caller: Caller, path: str, tags: Mapping[str, str], *, each: int = _EACH
) -> dict[str, Origin]:
    """The newest push of each of these tags (digests by name) of a repository; of those that are known.

    Nothing to those who are no developers of the project: tokens are nobody else's business.
    """
    with tools.db.read() as tx:
        place = access.open_repository(tx, caller, path, Action.PULL)
        project = access.open_project(tx, caller, place.project_path, Action.PULL)
        if project.role is None or project.role < Role.DEVELOPER:
            return {}
        marks = {chain.mark(digest) for digest in tags.values()}
        found = rows.of_kind_about(tx, ManifestPushed.kind, marks, project.id, audit.first(tx), each=each)
        pushes = _newest([recorded(row) for row in found], place.path, tags)
        names = token_rows.names(tx, {number for event in pushes.values() if (number := _token(event))})
    return {tag: _origin(event, names) for tag, event in pushes.items()}


def _newest(events: list[Recorded], path: str, tags: Mapping[str, str]) -> dict[str, Recorded]:
    """By tag: the newest push that let it point where it does."""
    found: dict[str, Recorded] = {}
    for event in events:
        for tag in event.about.get("tags", ()):
            if event.path == path and tags.get(tag) == event.about.get("digest"):
                found.setdefault(tag, event)
    return found


def _origin(event: Recorded, names: Mapping[int, str]) -> Origin:
    kind = CredentialKind(event.credential.partition(" ")[0])
    return Origin(event.actor, kind, names.get(_token(event), ""), event.about.get("origin") or {})


def _token(event: Recorded) -> int:
    """The number of the credential; 0 for one that is no token."""
    kind, _, number = event.credential.partition(" ")
    return int(number) if number.isdigit() and kind != CredentialKind.SESSION else 0
