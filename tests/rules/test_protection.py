"""Who may write or delete what is protected, and what never moves."""

import pytest

from wharfinger.rules import protection
from wharfinger.rules.protection import Guard, Kind, Level, Rule
from wharfinger.rules.roles import Action, Role

SHA = "a" * 64
RULES = Guard(
    [
        Rule(Kind.REPOSITORY, "acme/shop/prod*", push=Level.OWNER),
        Rule(Kind.REPOSITORY, "acme/shop/*", push=Level.MAINTAINER, delete=Level.ADMIN),
        Rule(Kind.TAG, "^v", push=Level.MAINTAINER, delete=Level.OWNER),
        Rule(Kind.TAG, "rc", push=Level.ADMIN),
        Rule(Kind.IMMUTABLE, r"^stable-\d+$"),
    ]
)


@pytest.mark.parametrize(
    ("path", "push", "delete"),
    [
        ("acme/shop", None, None),
        ("acme/shop/web", Level.MAINTAINER, Level.ADMIN),
        ("acme/shop/prod/web", Level.OWNER, Level.ADMIN),
    ],
)
def test_repositories(path: str, push: Level | None, delete: Level | None) -> None:
    assert RULES.repository_level(path, Action.PUSH) == push
    assert RULES.repository_level(path, Action.DELETE) == delete
    assert RULES.at(path).protected("anything") is (delete is not None)


@pytest.mark.parametrize(
    ("tag", "push", "delete", "protected", "immutable"),
    [
        ("main", None, None, False, False),
        ("v1", Level.MAINTAINER, Level.OWNER, True, False),
        ("v1-rc2", Level.ADMIN, Level.OWNER, True, False),
        ("src", Level.ADMIN, None, True, False),
        ("stable-1", None, None, False, True),
        ("stable-x", None, None, False, False),
    ],
)
def test_tags(tag: str, push: Level | None, delete: Level | None, protected: bool, immutable: bool) -> None:
    assert RULES.tag_level(tag, Action.PUSH) == push
    assert RULES.tag_level(tag, Action.DELETE) == delete
    assert RULES.protected(tag) is protected
    assert RULES.immutable(tag) is immutable
    assert RULES.keeps(tag) is (protected or immutable)


@pytest.mark.parametrize(
    ("tag", "immutable"),
    [
        ("1.2.3", True),
        ("v1.2.3", True),
        ("v1.2.3-rc.1", True),
        ("1.2", False),
        ("v1", False),
        ("latest", False),
        ("x1.2.3", False),
        ("1.2.3.4", False),
    ],
)
def test_versions(tag: str, immutable: bool) -> None:
    assert Guard(versions=True).immutable(tag) is immutable
    assert not Guard().immutable(tag)


@pytest.mark.parametrize(
    ("level", "push", "delete"),
    [
        (protection.level(None, admin=False), ["^v", "rc"], ["^v"]),
        (protection.level(Role.DEVELOPER, admin=False), ["^v", "rc"], ["^v"]),
        (protection.level(Role.MAINTAINER, admin=False), ["rc"], ["^v"]),
        (protection.level(Role.OWNER, admin=False), ["rc"], []),
        (protection.level(None, admin=True), [], []),
    ],
)
def test_what_a_token_denies(level: int, push: list[str], delete: list[str]) -> None:
    assert RULES.denied(Action.PUSH, level) == push
    assert RULES.denied(Action.DELETE, level) == delete


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(Kind.REPOSITORY, "acme/shop", push=Level.OWNER), ""),
        (Rule(Kind.REPOSITORY, "acme/shop*", delete=Level.OWNER), ""),
        (Rule(Kind.REPOSITORY, "acme/shop/web", push=Level.OWNER), ""),
        (Rule(Kind.REPOSITORY, "acme/shopping", push=Level.OWNER), "has to begin with acme/shop"),
        (Rule(Kind.REPOSITORY, "acme/*", push=Level.OWNER), "has to begin with acme/shop"),
        (Rule(Kind.REPOSITORY, "", push=Level.OWNER), "1 to 255 printable"),
        (Rule(Kind.REPOSITORY, "acme/shop/*"), "needs a lowest level"),
        (Rule(Kind.TAG, "v.*", push=Level.OWNER), ""),
        (Rule(Kind.TAG, "v.*"), "needs a lowest level"),
        (Rule(Kind.TAG, "(", push=Level.OWNER), "no RE2 expression"),
        (Rule(Kind.IMMUTABLE, "v.*"), ""),
        (Rule(Kind.IMMUTABLE, "v" * 101), "100 is the most"),
    ],
)
def test_rules_that_can_be(rule: Rule, why: str) -> None:
    if not why:
        assert protection.checked(rule, "acme/shop") == rule
        return
    with pytest.raises(ValueError, match=r"pattern|rule") as refused:
        protection.checked(rule, "acme/shop")
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("tag", "before", "after", "may"),
    [
        (f"sha256-{SHA}.sig", ["a"], ["a", "b"], True),
        (f"sha256-{SHA}", ["a", "b"], ["b", "a"], True),
        (f"sha512-{SHA * 2}.att", [], ["a"], True),
        (f"sha256-{SHA}.sig", ["a", "b"], ["a", "c"], False),
        ("v1", ["a"], ["a", "b"], False),
        (f"sha256-{SHA}.zip", ["a"], ["a"], False),
    ],
)
def test_what_collects_signatures_may_grow(tag: str, before: list[str], after: list[str], may: bool) -> None:
    assert protection.grows(tag, before, after) is may


def test_sentences() -> None:
    told = {level: protection.needs(Action.PUSH, "the tag v1", level) for level in Level}
    assert told[Level.MAINTAINER].startswith("the tag v1 is protected, pushing needs a maintainer: ")
    assert "needs an owner" in told[Level.OWNER]
    assert "needs an administrator" in told[Level.ADMIN]
