"""What rules of protection stand in the way of a write. Every verb that moves or removes tags asks here.

The registry token says it too (`domain/grants.py`), but a token is some minutes old: what counts is what the rules and
the caller's role are at the moment of the write. Tokens of trusted issuers bring rules of their own, which count too.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import images as image_rows
from wharfinger.db import protection as rows
from wharfinger.db.lookup import FoundRepository
from wharfinger.domain.access import Caller, Place
from wharfinger.domain.errors import ManifestProtected, RepositoryProtected, TagImmutable, TagProtected
from wharfinger.domain.tools import Tools
from wharfinger.rules import protection
from wharfinger.rules.protection import Guard, Kind, Level, Rule
from wharfinger.rules.roles import Action, Role
from wharfinger.rules.scopes import CredentialKind
from wharfinger.spec import manifest as manifests


def of(tx: Connection, tools: Tools, project: int, path: str) -> Guard:
    """The rules of a project that has this path."""
    return Guard([rule(row, path) for row in rows.of(tx, project)], versions=tools.policy.immutable_versions)


def rule(row: Row[Any], project: str) -> Rule:
    """The rule in a row of `protection_rules` of the project at this path."""
    pattern = project + row.pattern if row.kind == Kind.REPOSITORY else row.pattern
    return Rule(Kind(row.kind), pattern, _level(row.push_level), _level(row.delete_level))


def level(tx: Connection, tools: Tools, caller: Caller, project: int) -> int:
    """What the caller counts for in a project at this moment (`rules.protection.level`)."""
    if caller.kind is CredentialKind.DEPLOY:
        return protection.level(Role.DEVELOPER, admin=False)
    role = None if caller.user_id is None else rows.role(tx, project, caller.user_id, tools.clock())
    return protection.level(None if role is None else Role(role), admin=caller.admin)


def needed(tools: Tools, caller: Caller, repository: FoundRepository, path: str) -> bool:
    """Whether any rule can stand in the way of pushing here; asks no database."""
    return repository.guarded or tools.policy.immutable_versions or bool(_brought(caller, path))


class Warden:
    """Stands before one repository while one caller writes to it; `path` is what the caller's token says, if one.

    `place` is where the repository is going to be, if its rules are to be asked instead of those where it is.
    """

    def __init__(
        self,
        tx: Connection,
        tools: Tools,
        caller: Caller,
        repository: int,
        path: str = "",
        *,
        place: Place | None = None,
    ) -> None:
        self._tx, self._tools, self._caller, self._repository = tx, tools, caller, repository
        self.place: Place | Row[Any] = place or rows.place_of(tx, repository)
        held = of(tx, tools, self.place.project_id, self.place.project_path)
        self.guard = Guard([*held.rules, *_brought(caller, path)], versions=held.versions)

    def require_repository(self, action: Action, path: str | None = None) -> None:
        """Raises RepositoryProtected where a rule keeps the caller from this, here or at another path."""
        path = path or self.place.path
        lowest = self.guard.repository_level(path, action)
        if lowest is not None and self._level < lowest:
            raise RepositoryProtected(protection.needs(action, f"the repository {path}", lowest))

    def require_push(self, tags: Sequence[str]) -> None:
        """Raises TagProtected where a rule keeps the caller from pushing one of these tags."""
        self._require(tags, Action.PUSH)

    def claim(self, tags: Sequence[str], manifest: int, *, pushed_by: str, now: datetime) -> None:
        """Let immutable tags among these begin to exist, pointing to this manifest.

        Raises TagImmutable where one exists and points elsewhere. Of two who create it at once, one is first.
        """
        immutable = [tag for tag in tags if self.guard.immutable(tag)]
        if not immutable:
            return
        image_rows.claim_tags(self._tx, self._repository, immutable, manifest, pushed_by=pushed_by, now=now)
        for held in rows.targets(self._tx, self._repository, immutable):
            if held.manifest_id != manifest and not self._grows(held, manifest):
                raise TagImmutable(
                    f"the tag {held.name} is immutable, it stays what it was created as: push under another tag",
                    held.name,
                )

    def require_delete(self, tags: Sequence[str]) -> None:
        """Raises TagProtected, TagImmutable where one of these tags is to stay, RepositoryProtected where all are."""
        self.require_repository(Action.DELETE)
        self._require(tags, Action.DELETE)
        for tag in tags:
            if self.guard.immutable(tag):
                raise TagImmutable(f"the tag {tag} is immutable, it cannot be deleted while that rule holds", tag)

    def require_delete_manifest(self, manifest: int, digest: str) -> None:
        """The same for a manifest, with which its tags go. Raises ManifestProtected."""
        try:
            self.require_delete(rows.tags_of(self._tx, self._repository, manifest))
        except TagProtected as refusal:
            raise ManifestProtected(f"{digest} stays while tags point to it: {refusal}", refusal.tag) from refusal

    def require_delete_all(self) -> None:
        """The same for all that is in the repository."""
        self.require_delete(rows.tags_of(self._tx, self._repository) if self._about_tags else [])

    def require_arrival(self, path: str, tags: Sequence[str] | None) -> None:
        """What comes to this path, from the trash or by another name, is pushed there: these tags, or None for all."""
        self.require_repository(Action.PUSH, path)
        if tags is None:
            tags = rows.tags_of(self._tx, self._repository) if self._about_tags else []
        self.require_push(tags)

    @cached_property
    def _level(self) -> int:
        return level(self._tx, self._tools, self._caller, self.place.project_id)

    @property
    def _about_tags(self) -> bool:
        return self.guard.versions or any(rule.kind is not Kind.REPOSITORY for rule in self.guard.rules)

    def _require(self, tags: Sequence[str], action: Action) -> None:
        for tag in tags:
            lowest = self.guard.tag_level(tag, action)
            if lowest is not None and self._level < lowest:
                raise TagProtected(protection.needs(action, f"the tag {tag}", lowest), tag)

    def _grows(self, held: Row[Any], manifest: int) -> bool:
        pushed = image_rows.content(self._tx, manifest)
        return protection.grows(held.name, _named(held), _named(pushed))


def _brought(caller: Caller, path: str) -> Sequence[Rule]:
    grant = (caller.grants or {}).get(path)
    return grant.rules if grant is not None else ()


def _named(row: Row[Any]) -> list[str]:
    """What a manifest names, but for an image's config: that changes with every signature."""
    parsed = manifests.parse(row.body, row.media_type)
    return [*(layer.digest for layer in parsed.layers), *parsed.children]


def _level(value: int | None) -> Level | None:
    return None if value is None else Level(value)
