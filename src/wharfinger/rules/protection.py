"""What is protected: which repositories and tags only some may write or delete, and which tags never move.

A repository rule names paths with `*`, a tag rule names tags by an RE2 expression that is searched in the tag
(GitLab's behaviour, `^` and `$` anchor it). Of several rules that match, the strictest counts.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from wharfinger.rules import patterns
from wharfinger.rules.garbage import spoken_of
from wharfinger.rules.roles import Action, Role
from wharfinger.rules.scopes import DOING
from wharfinger.spec.errors import quoted

MOST_RULES: Final = 20  # of a kind in a project: those for tags travel in registry tokens
VERSIONS: Final = r"^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$"  # semver.org, without "+", which no tag can have


class Kind(StrEnum):
    """What a rule is about."""

    REPOSITORY = "repository"
    TAG = "tag"
    IMMUTABLE = "immutable"


class Level(IntEnum):
    """Whom a rule lets through: GitLab's words and numbers."""

    MAINTAINER = 40
    OWNER = 50
    ADMIN = 60


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `pattern` is the whole path of repositories with `*`, or an expression for tags.

    `push` and `delete` are the lowest levels that may; None leaves it to the role. An immutable rule has neither.
    """

    kind: Kind
    pattern: str
    push: Level | None = None
    delete: Level | None = None

    def level(self, action: Action) -> Level | None:
        """The lowest level that may do this; None: the rule does not say."""
        return self.push if action is Action.PUSH else self.delete


@dataclass(frozen=True, slots=True)
class Guard:
    """All rules that hold in a project.

    `versions`: the instance keeps tags of whole versions immutable. `whole`: a repository rule is about deleting in the
    repository at hand, so cleanup leaves all of it alone.
    """

    rules: Sequence[Rule] = ()
    versions: bool = False
    whole: bool = False

    def at(self, path: str) -> "Guard":
        """The same, for cleanup in this repository."""
        return replace(self, whole=self.repository_level(path, Action.DELETE) is not None)

    def repository_level(self, path: str, action: Action) -> Level | None:
        """The level needed to push to this repository or delete in it; None: no rule is about it."""
        return _strictest(
            rule.level(action) for rule in self._of(Kind.REPOSITORY) if patterns.wildcard(rule.pattern).fullmatch(path)
        )

    def tag_level(self, tag: str, action: Action) -> Level | None:
        """The level needed to push or delete this tag; None: no rule is about it."""
        return _strictest(rule.level(action) for rule in self._of(Kind.TAG) if _found(rule.pattern, tag))

    def keeps(self, tag: str) -> bool:
        """Whether cleanup leaves the tag alone, for either reason."""
        return self.protected(tag) or self.immutable(tag)

    def immutable(self, tag: str) -> bool:
        """Whether the tag is created once and then stays."""
        return any(_found(pattern, tag) for pattern in self.immutable_patterns())

    def protected(self, tag: str) -> bool:
        """Whether any rule, whatever it asks for, is about this tag: cleanup leaves such alone."""
        return self.whole or any(_found(rule.pattern, tag) for rule in self._of(Kind.TAG))

    def immutable_patterns(self) -> list[str]:
        """The expressions for immutable tags."""
        found = [rule.pattern for rule in self._of(Kind.IMMUTABLE)]
        return [*found, VERSIONS] if self.versions else found

    def denied(self, action: Action, level: int) -> list[str]:
        """The expressions for tags that somebody of this level may not push or delete (GitLab's token meta)."""
        return [rule.pattern for rule in self._of(Kind.TAG) if (rule.level(action) or 0) > level]

    def _of(self, kind: Kind) -> Iterable[Rule]:
        return (rule for rule in self.rules if rule.kind is kind)


def level(role: Role | None, *, admin: bool) -> int:
    """What somebody counts for: the role's number, an administrator more than any, one who is no member nothing."""
    return Level.ADMIN if admin else int(role or 0)


def checked(rule: Rule, project: str) -> Rule:
    """The rule, if it can be one of this project; raises ValueError with a sentence."""
    if rule.kind is Kind.REPOSITORY:
        patterns.wildcard(rule.pattern)
        _require_inside(rule.pattern, project)
    else:
        patterns.expression(rule.pattern, longest=patterns.LONGEST_IN_TOKEN)
    if rule.kind is not Kind.IMMUTABLE and rule.push is None and rule.delete is None:
        raise ValueError("a protection rule needs a lowest level for pushing, for deleting, or for both")
    return rule


def grows(tag: str, before: Collection[str], after: Collection[str]) -> bool:
    """Whether an immutable tag may move nevertheless: it collects signatures, and loses none of those it has.

    `before` and `after` are what the manifests name: layers of an image (cosign), or an index's manifests.
    """
    return spoken_of(tag) is not None and set(before) <= set(after)


def needs(action: Action, what: str, found: Level) -> str:
    """What a rule asks for, as a sentence."""
    who = {Level.MAINTAINER: "a maintainer", Level.OWNER: "an owner", Level.ADMIN: "an administrator"}[found]
    return f"{what} is protected, {DOING[action]} needs {who}: ask one to do it, or to change the rule"


def _require_inside(pattern: str, project: str) -> None:
    following = pattern[len(project) :]
    if not pattern.startswith(project) or following[:1] not in ("", "/", "*"):
        raise ValueError(f"the pattern {quoted(pattern)} is not about this project: it has to begin with {project}")


def _found(pattern: str, tag: str) -> bool:
    return patterns.expression(pattern).search(tag) is not None


def _strictest(levels: Iterable[Level | None]) -> Level | None:
    return max((level for level in levels if level is not None), default=None)
