"""What a cleanup policy says, as people and GitLab's API write it."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any, Final, TypeVar

from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules import durations, patterns
from wharfinger.rules.cleanup import Policy

FIRST: Final = "default"  # the policy that GitLab's API calls a project's container_expiration_policy
ROOT_IMAGE: Final = "."  # how patterns call the image at the project's own path
MOST_REPOSITORIES: Final = 20
MOST_KEPT: Final = 100_000

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")
_SHORTEST_CADENCE: Final = timedelta(hours=1)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is kept, what is removed, where, and how often. The defaults are GitLab's.

    `repositories` are patterns (`*` for any run of characters) for the names of images below the project. Durations
    are text (`rules.durations`), None for no such rule. `enforced` is for groups and the instance: it holds beside
    what a project has, instead of in place of it. `untagged`: images that no tag leads to go as well.
    """

    name: str = FIRST
    enabled: bool = False
    enforced: bool = False
    repositories: tuple[str, ...] = ("*",)
    cadence: str = "1d"
    keep_n: int | None = 10
    older_than: str | None = "90d"
    name_regex: str = ".*"
    name_regex_keep: str = ""
    keep_pulled: str | None = None
    by_use: bool = False
    untagged: bool = False

    @property
    def period(self) -> timedelta:
        """How often it runs."""
        return durations.parse(self.cadence)

    def policy(self, rank: int = 0) -> Policy:
        """What the decision goes by."""
        return Policy(
            keep_n=self.keep_n,
            older_than=_duration(self.older_than),
            name_regex=self.name_regex,
            name_regex_keep=self.name_regex_keep,
            keep_pulled=_duration(self.keep_pulled),
            by_use=self.by_use,
            rank=rank,
        )

    def about(self, name: str) -> bool:
        """Whether it is about the repository of this name below its project."""
        return any(patterns.wildcard(each).fullmatch(name or ROOT_IMAGE) for each in self.repositories)


def checked(terms: Terms) -> Terms:
    """The terms, if a policy can say so. Raises SettingInvalid."""
    if _NAME.fullmatch(terms.name) is None:
        raise SettingInvalid("a policy's name has lower-case letters and digits, with dots or dashes between them")
    if not 1 <= len(terms.repositories) <= MOST_REPOSITORIES:
        raise SettingInvalid(f"a policy is about 1 to {MOST_REPOSITORIES} patterns of repositories: * is all of them")
    for pattern in terms.repositories:
        _sensible("repositories", patterns.wildcard, pattern)
    if terms.keep_n is not None and not 1 <= terms.keep_n <= MOST_KEPT:
        raise SettingInvalid(f"keep_n: write 1 to {MOST_KEPT}, or leave it empty to keep none for being new")
    if _sensible("cadence", durations.parse, terms.cadence) < _SHORTEST_CADENCE:
        raise SettingInvalid("cadence: a policy runs once an hour at most")
    for name in ("older_than", "keep_pulled"):
        if (text := getattr(terms, name)) is not None:
            _sensible(name, durations.parse, text)
    _sensible("name_regex", patterns.expression, terms.name_regex)
    if terms.name_regex_keep:
        _sensible("name_regex_keep", patterns.expression, terms.name_regex_keep)
    return terms


def written(terms: Terms) -> str:
    """The terms as JSON."""
    return json.dumps(facts(terms))


def read(text: str) -> Terms:
    """The terms in such JSON."""
    found = json.loads(text)
    return Terms(**{**found, "repositories": tuple(found["repositories"])})


def facts(terms: Terms) -> dict[str, Any]:
    """The terms as plain values by name."""
    return asdict(terms) | {"repositories": list(terms.repositories)}


def of_row(row: Any) -> Terms:
    """The terms in a row of `cleanup_policies`."""
    found = {field.name: getattr(row, field.name) for field in fields(Terms)}
    return Terms(**{**found, "repositories": tuple(json.loads(row.repositories))})


def values(terms: Terms) -> dict[str, Any]:
    """The columns of such a row."""
    return facts(terms) | {"repositories": json.dumps(list(terms.repositories))}


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else durations.parse(text)


def _sensible(name: str, rule: Callable[[str], Value], text: str) -> Value:
    try:
        return rule(text)
    except ValueError as error:
        raise SettingInvalid(f"{name}: {error}") from error
