"""Cleanup: which tags of a repository go, and for each of the others why it stays.

A policy is seven steps over all tags of a repository, newest first. Each lets tags stay with its reason and hands the
others on; what is left at the end goes (GitLab's order, docs "How the cleanup policy works"). Newest is what began last
to point where it points; of tags that did at the same moment, the one of the manifest that arrived later.

Several policies may hold for a repository. A tag goes if one removes it, unless a keep rule of the same or of a higher
level saves it: the instance is above groups, groups above what is in them, projects lowest.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from wharfinger.rules import durations, patterns
from wharfinger.rules.protection import Guard


class Reason(StrEnum):
    """Why a tag stays, or that it goes."""

    LATEST = "latest"
    NEEDED = "needed"
    KEPT = "kept by name"
    UNMATCHED = "not named"
    NEWEST = "among the newest"
    YOUNG = "too young"
    PULLED = "pulled lately"
    PROTECTED = "protected"
    IMMUTABLE = "immutable"
    GOES = "goes"


KEEPS: Final = frozenset(Reason) - {Reason.UNMATCHED, Reason.YOUNG, Reason.GOES}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as far as cleanup looks at it. `manifest` numbers manifests in the order in which they arrived.

    `companion`: it holds signatures and the like of an image that is here, with which it stays and goes.
    """

    name: str
    manifest: int
    pushed_at: datetime
    pulled_at: datetime | None = None
    companion: bool = False

    @property
    def used_at(self) -> datetime:
        """When it was last pushed or pulled."""
        return max(self.pushed_at, self.pulled_at or self.pushed_at)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept (any of these) and what is removed (all of these). The defaults are GitLab's.

    `by_use` counts the age from the later of push and pull. `rank` is the level: the higher saves from the lower.
    """

    keep_n: int | None = 10
    older_than: timedelta | None = timedelta(days=90)
    name_regex: str = ".*"
    name_regex_keep: str = ""
    keep_pulled: timedelta | None = None
    by_use: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a tag and why; `policy` is the place in the list of the policy that says so."""

    tag: Tag
    reason: Reason
    policy: int

    @property
    def goes(self) -> bool:
        """Whether the tag is removed."""
        return self.reason is Reason.GOES


@dataclass(frozen=True, slots=True)
class Moment:
    """What the steps look at besides the tags."""

    policy: Policy
    guard: Guard
    now: datetime


Staying = Mapping[str, Reason]


def verdicts(
    tags: Iterable[Tag], policies: Sequence[Policy], guard: Guard, now: datetime, *, active: Collection[int] = (0,)
) -> list[Verdict]:
    """A verdict on each tag, newest first. All policies keep; only the `active` ones, by their places, remove."""
    ordered = sorted(tags, key=lambda tag: (tag.pushed_at, tag.manifest, tag.name), reverse=True)
    found = [reasons(ordered, Moment(policy, guard, now)) for policy in policies]
    ranks = [policy.rank for policy in policies]
    return [Verdict(tag, *_together([each[tag.name] for each in found], ranks, active)) for tag in ordered]


def reasons(ordered: Sequence[Tag], moment: Moment) -> Mapping[str, Reason]:
    """What one policy alone says of each tag."""
    found, left = dict[str, Reason](), list(ordered)
    for step in STEPS:
        staying = step(left, moment)
        found |= staying
        left = [tag for tag in left if tag.name not in staying]
    return found | {tag.name: Reason.GOES for tag in left}


def because(reason: Reason, policy: Policy) -> str:
    """Why a tag stays or goes, as a sentence that begins after "it": for people who look at a preview."""
    age = f"was {'pushed or pulled' if policy.by_use else 'pushed'} less than"
    sentences = {
        Reason.LATEST: "is latest, which always stays",
        Reason.NEEDED: "holds signatures or the like of an image that is here, and goes when that goes",
        Reason.KEPT: f"matches the pattern of names to keep, {policy.name_regex_keep}",
        Reason.UNMATCHED: f"does not match the pattern of names to remove, {policy.name_regex}",
        Reason.NEWEST: f"is among the {policy.keep_n} newest" if policy.keep_n != 1 else "is the newest",
        Reason.YOUNG: f"{age} {_of(policy.older_than)} ago" if policy.older_than else "came after this run began",
        Reason.PULLED: f"was pulled less than {_of(policy.keep_pulled)} ago",
        Reason.PROTECTED: "is protected by a rule",
        Reason.IMMUTABLE: "is immutable",
        Reason.GOES: _why_it_goes(policy),
    }
    return sentences[reason]


def _why_it_goes(policy: Policy) -> str:
    why = [f"matches {policy.name_regex}"]
    if policy.keep_n:
        why.append(f"is not among the {policy.keep_n} newest" if policy.keep_n > 1 else "is not the newest")
    if policy.older_than:
        why.append(f"was {'last used' if policy.by_use else 'pushed'} more than {_of(policy.older_than)} ago")
    return " and ".join([", ".join(why[:-1]), why[-1]] if why[1:] else why)


def _of(duration: timedelta | None) -> str:
    return durations.written(duration or timedelta())


def _latest(tags: Sequence[Tag], moment: Moment) -> Staying:  # noqa: ARG001 - a step
    return {tag.name: Reason.LATEST for tag in tags if tag.name == "latest"}


def _needed(tags: Sequence[Tag], moment: Moment) -> Staying:  # noqa: ARG001 - a step
    return {tag.name: Reason.NEEDED for tag in tags if tag.companion}


def _kept_by_name(tags: Sequence[Tag], moment: Moment) -> Staying:
    if not moment.policy.name_regex_keep:
        return {}
    pattern = patterns.expression(moment.policy.name_regex_keep)
    return {tag.name: Reason.KEPT for tag in tags if pattern.fullmatch(tag.name)}


def _unmatched(tags: Sequence[Tag], moment: Moment) -> Staying:
    pattern = patterns.expression(moment.policy.name_regex)
    return {tag.name: Reason.UNMATCHED for tag in tags if not pattern.fullmatch(tag.name)}


def _newest(tags: Sequence[Tag], moment: Moment) -> Staying:
    return {tag.name: Reason.NEWEST for tag in tags[: moment.policy.keep_n or 0]}


def _lately_used(tags: Sequence[Tag], moment: Moment) -> Staying:
    policy, now = moment.policy, moment.now
    pulled = {
        tag.name: Reason.PULLED
        for tag in tags
        if policy.keep_pulled is not None and tag.pulled_at is not None and tag.pulled_at > now - policy.keep_pulled
    }
    young = {
        tag.name: Reason.YOUNG
        for tag in tags
        if (tag.used_at if policy.by_use else tag.pushed_at) > now - (policy.older_than or timedelta())
    }
    return young | pulled


def _protected(tags: Sequence[Tag], moment: Moment) -> Staying:
    guard = moment.guard
    protected = {tag.name: Reason.PROTECTED for tag in tags if guard.protected(tag.name)}
    return protected | {tag.name: Reason.IMMUTABLE for tag in tags if guard.immutable(tag.name)}


STEPS: Final[tuple[Callable[[Sequence[Tag], Moment], Staying], ...]] = (
    _latest,
    _needed,
    _kept_by_name,
    _unmatched,
    _newest,
    _lately_used,
    _protected,
)


def _together(found: Sequence[Reason], ranks: Sequence[int], active: Collection[int]) -> tuple[Reason, int]:
    """The reason that counts, and whose it is."""
    saving = max((rank for reason, rank in zip(found, ranks, strict=True) if reason in KEEPS), default=-1)
    for place in active:
        if found[place] is Reason.GOES and ranks[place] > saving:
            return Reason.GOES, place
    by_weight = sorted(range(len(found)), key=lambda place: (found[place] not in KEEPS, -ranks[place], place))
    place = next(place for place in by_weight if found[place] is not Reason.GOES)
    return found[place], place
