"""What policies come to in a repository as it is now: a verdict on every tag; which bytes that frees, says `freed`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from wharfinger.db import cleanup as rows
from wharfinger.db import images as image_rows
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.rules import cleanup as rules
from wharfinger.rules.cleanup import Tag, Verdict
from wharfinger.rules.garbage import spoken_of
from wharfinger.rules.protection import Guard


@dataclass(frozen=True, slots=True)
class Question:
    """Which policies count, which of them remove (`active`, by place), what is protected, and the moment."""

    policies: Sequence[Policy]
    active: Collection[int]
    guard: Guard
    now: datetime


@dataclass(frozen=True, slots=True)
class Loose:
    """A manifest that no tag leads to."""

    id: int
    digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Findings:
    """What becomes of one repository. `about` are the policies that are about it: verdicts name them by place here."""

    id: int
    path: str
    about: Sequence[Policy]
    verdicts: Sequence[Verdict]
    loose: Sequence[Loose]

    @property
    def doomed(self) -> list[Tag]:
        """The tags that go."""
        return [verdict.tag for verdict in self.verdicts if verdict.goes]

    def because(self, verdict: Verdict) -> str:
        """Why, in words."""
        return rules.because(verdict.reason, self.about[verdict.policy].terms.policy())


def repository(tx: Connection, question: Question, *, id_: int, name: str, path: str) -> Findings:
    """The verdicts on one repository; none where no active policy is about it."""
    places = [place for place, policy in enumerate(question.policies) if policy.terms.about(name)]
    active = [number for number, place in enumerate(places) if place in question.active]
    about = [question.policies[place] for place in places]
    if not active:
        return Findings(id_, path, about, (), ())
    terms = [policy.terms.policy(policy.rank) for policy in about]
    found = rules.verdicts(tags(tx, id_), terms, question.guard.at(path), question.now, active=active)
    whole = question.guard.at(path).whole
    removing = [] if whole else [about[number] for number in active if about[number].terms.untagged]
    return Findings(id_, path, about, found, _loose(tx, id_, removing, question.now))


def tags(tx: Connection, repository: int) -> list[Tag]:
    """The tags of a repository as the rule looks at them."""
    found = rows.tags_of(tx, repository)
    subjects = {row.name: subject for row in found if (subject := spoken_of(row.name))}
    here = image_rows.manifest_ids(tx, repository, set(subjects.values())) if subjects else {}
    return [
        Tag(row.name, row.manifest_id, row.pushed_at, row.last_pulled_at, subjects.get(row.name) in here)
        for row in found
    ]


def _loose(tx: Connection, repository: int, removing: Sequence[Policy], now: datetime) -> list[Loose]:
    """What no tag leads to, directly or through an index or a subject, and is as old as a policy asks for."""
    if not removing:
        return []
    ages = [policy.terms.policy().older_than for policy in removing]
    before = max(now - age if age else now for age in ages)
    found = rows.untagged(tx, repository, before)
    led_to = reached(below(tx, repository), (tag.manifest for tag in tags(tx, repository)))
    return [Loose(row.id, row.digest, row.created_at) for row in found if row.id not in led_to]


def below(tx: Connection, repository: int, companions: Iterable[Tag] = ()) -> dict[int, list[int]]:
    """What hangs from each manifest: what an index names, what speaks about it, and what its `companions` point to."""
    found = _companions(tx, repository, list(companions))
    for parent, child in [*rows.children(tx, repository), *rows.speakers(tx, repository)]:
        found.setdefault(parent, []).append(child)
    return found


def reached(below: Mapping[int, Sequence[int]], start: Iterable[int]) -> set[int]:
    """These manifests and all that hangs from them."""
    found = set(start)
    ahead = list(found)
    while ahead:
        for child in below.get(ahead.pop(), ()):
            if child not in found:
                found.add(child)
                ahead.append(child)
    return found


def _companions(tx: Connection, repository: int, companions: Sequence[Tag]) -> dict[int, list[int]]:
    """By manifest: those whose tags speak about it."""
    subjects = {tag: spoken_of(tag.name) or "" for tag in companions}
    ids = image_rows.manifest_ids(tx, repository, set(subjects.values())) if subjects else {}
    found = dict[int, list[int]]()
    for tag, subject in subjects.items():
        found.setdefault(ids[subject], []).append(tag.manifest)
    return found
