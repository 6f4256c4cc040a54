"""Which tags go and why the others stay: tables of cases, then laws for any tags and policies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules.cleanup import KEEPS, STEPS, Policy, Reason, Tag, Verdict, because, verdicts
from wharfinger.rules.protection import Guard, Kind, Level, Rule

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = Guard()

# GitLab's documented example: days since each was pushed
EXAMPLE = {
    "latest": 0.1,
    "production-v44": 3,
    "production-v43": 6,
    "production-v42": 11,
    "dev-v44": 2,
    "dev-v43": 5,
    "dev-v42": 10,
    "v44": 1,
    "v43": 12,
    "v42": 20,
}


def tag(name: str, age: float, *, pulled: float | None = None, manifest: int = 1, companion: bool = False) -> Tag:
    return Tag(name, manifest, NOW - age * DAY, None if pulled is None else NOW - pulled * DAY, companion)


def policy(**fields: Any) -> Policy:
    days = {name: fields.pop(name) * DAY for name in ("older_than", "keep_pulled") if fields.get(name)}
    return Policy(**{"keep_n": None, "older_than": None, **fields, **days})


def judged(tags: list[Tag], *policies: Policy, guard: Guard = OPEN, **more: Any) -> dict[str, str]:
    return {verdict.tag.name: str(verdict.reason) for verdict in verdicts(tags, policies, guard, NOW, **more)}


def doomed(found: list[Verdict]) -> set[str]:
    return {verdict.tag.name for verdict in found if verdict.goes}


def test_the_documented_example() -> None:
    tags = [tag(name, age) for name, age in EXAMPLE.items()]
    found = judged(tags, policy(keep_n=1, older_than=7, name_regex_keep="production-.*"))
    assert {name for name, reason in found.items() if reason == "goes"} == {"dev-v42", "v43", "v42"}
    assert found["latest"] == "latest"
    assert found["v44"] == "among the newest"
    assert found["production-v42"] == "kept by name"
    assert found["dev-v43"] == "too young"


PROTECTED = Guard([Rule(Kind.TAG, "^prod", push=Level.OWNER), Rule(Kind.IMMUTABLE, "^v")])


@pytest.mark.parametrize(
    ("one", "rules", "guard", "reason"),
    [
        (tag("latest", 900), {}, OPEN, "latest"),
        (tag("later", 900), {}, OPEN, "goes"),
        (tag("sha256-x.sig", 900, companion=True), {}, OPEN, "needed"),
        (tag("keep-me", 900), {"name_regex_keep": "keep-.*"}, OPEN, "kept by name"),
        (tag("do-keep-me", 900), {"name_regex_keep": "keep-.*"}, OPEN, "goes"),
        (tag("main", 900), {"name_regex": "dev-.*"}, OPEN, "not named"),
        (tag("my-dev-1", 900), {"name_regex": "dev-.*"}, OPEN, "not named"),
        (tag("dev-1", 900), {"name_regex": "dev-.*"}, OPEN, "goes"),
        (tag("a", 900), {"keep_n": 1}, OPEN, "among the newest"),
        (tag("a", 6.9), {"older_than": 7}, OPEN, "too young"),
        (tag("a", 7), {"older_than": 7}, OPEN, "goes"),
        (tag("a", 9, pulled=1), {"older_than": 7}, OPEN, "goes"),
        (tag("a", 0), {}, OPEN, "goes"),
        (tag("a", -0.1), {}, OPEN, "too young"),
        (tag("a", 9, pulled=1), {"older_than": 7, "by_use": True}, OPEN, "too young"),
        (tag("a", 6, pulled=6.5), {"older_than": 7, "by_use": True}, OPEN, "too young"),
        (tag("a", 9), {"older_than": 7, "by_use": True}, OPEN, "goes"),
        (tag("a", 9, pulled=2), {"keep_pulled": 3}, OPEN, "pulled lately"),
        (tag("a", 9, pulled=4), {"keep_pulled": 3}, OPEN, "goes"),
        (tag("a", 9), {"keep_pulled": 3}, OPEN, "goes"),
        (tag("production", 900), {}, PROTECTED, "protected"),
        (tag("v1", 900), {}, PROTECTED, "immutable"),
        (tag("1.2.3", 900), {}, Guard(versions=True), "immutable"),
        (tag("1.2", 900), {}, Guard(versions=True), "goes"),
        (tag("a", 900), {}, Guard(whole=True), "protected"),
    ],
)
def test_reasons(one: Tag, rules: dict[str, Any], guard: Guard, reason: str) -> None:
    assert judged([one], policy(**rules), guard=guard) == {one.name: reason}


def test_newest_are_counted_over_all_that_match() -> None:
    tags = [tag(f"t{number:04}", number) for number in range(3000)]
    found = verdicts(tags, [policy(keep_n=5)], OPEN, NOW)
    assert [verdict.tag.name for verdict in found if not verdict.goes] == ["t0000", "t0001", "t0002", "t0003", "t0004"]


def test_equal_moments_are_told_apart_by_the_manifest() -> None:
    tags = [tag("first", 1, manifest=1), tag("second", 1, manifest=2), tag("third", 1, manifest=3)]
    assert [each.tag.name for each in verdicts(tags, [policy(keep_n=1)], OPEN, NOW)] == ["third", "second", "first"]


def test_protected_tags_count_among_the_newest() -> None:
    """GitLab's order: what is protected is taken out after the newest were counted."""
    tags = [tag("prod", 1), tag("a", 2), tag("b", 3)]
    assert judged(tags, policy(keep_n=1), guard=PROTECTED)["a"] == "goes"


@pytest.mark.parametrize(
    ("policies", "active", "reason"),
    [
        ([{}, {"name_regex_keep": "dev"}], (0, 1), "kept by name"),
        ([{"rank": 1}, {"name_regex_keep": "dev"}], (0, 1), "goes"),
        ([{}, {"name_regex_keep": "dev", "rank": 1}], (0, 1), "kept by name"),
        ([{"name_regex": "x"}, {}], (0, 1), "goes"),
        ([{"name_regex": "x"}, {}], (0,), "not named"),
        ([{"older_than": 90}, {}], (0, 1), "goes"),
        ([{"older_than": 90}, {}], (0,), "too young"),
    ],
)
def test_several_policies(policies: list[dict[str, Any]], active: tuple[int, ...], reason: str) -> None:
    assert judged([tag("dev", 30)], *(policy(**each) for each in policies), active=active) == {"dev": reason}


def test_whose_reason_it_is() -> None:
    (found,) = verdicts([tag("dev", 30)], [policy(), policy(name_regex_keep="dev", rank=1)], OPEN, NOW)
    assert (found.reason, found.policy) == (Reason.KEPT, 1)


def test_there_are_seven_steps() -> None:
    assert [step.__name__.strip("_") for step in STEPS] == [
        "latest", "needed", "kept_by_name", "unmatched", "newest", "lately_used", "protected",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "rules", "sentence"),
    [
        (Reason.LATEST, {}, "is latest, which always stays"),
        (Reason.KEPT, {"name_regex_keep": "v.*"}, "matches the pattern of names to keep, v.*"),
        (Reason.UNMATCHED, {"name_regex": "dev"}, "does not match the pattern of names to remove, dev"),
        (Reason.NEWEST, {"keep_n": 5}, "is among the 5 newest"),
        (Reason.NEWEST, {"keep_n": 1}, "is the newest"),
        (Reason.YOUNG, {"older_than": 7}, "was pushed less than 7 days ago"),
        (Reason.YOUNG, {"older_than": 7, "by_use": True}, "was pushed or pulled less than 7 days ago"),
        (Reason.YOUNG, {}, "came after this run began"),
        (Reason.PULLED, {"keep_pulled": 1}, "was pulled less than 1 day ago"),
        (Reason.PROTECTED, {}, "is protected by a rule"),
        (Reason.IMMUTABLE, {}, "is immutable"),
        (Reason.GOES, {}, "matches .*"),
        (Reason.GOES, {"keep_n": 1}, "matches .* and is not the newest"),
        (
            Reason.GOES,
            {"keep_n": 2, "older_than": 7},
            "matches .*, is not among the 2 newest and was pushed more than 7 days ago",
        ),
        (Reason.GOES, {"older_than": 7, "by_use": True}, "matches .* and was last used more than 7 days ago"),
    ],
)
def test_sentences(reason: Reason, rules: dict[str, Any], sentence: str) -> None:
    assert because(reason, policy(**rules)) == sentence


# --- laws


NAMES = st.sampled_from(["latest", "dev-1", "dev-2", "prod-1", "prod-2", "v1", "v2", "1.2.3", "sha256-x.sig", "main"])
AGES = st.floats(0, 100)
TAGS = st.lists(
    st.builds(
        tag,
        NAMES,
        AGES,
        pulled=st.none() | AGES,
        manifest=st.integers(1, 5),
        companion=st.booleans(),
    ),
    unique_by=lambda one: one.name,
)
REGEXES = st.sampled_from([".*", "dev-.*", "prod", "v.*", "[0-9.]+", "(dev|prod)-1"])
DAYS = st.none() | st.integers(1, 60).map(lambda days: days * DAY)
POLICIES = st.builds(
    Policy,
    keep_n=st.none() | st.integers(1, 4),
    older_than=DAYS,
    name_regex=REGEXES,
    name_regex_keep=st.just("") | REGEXES,
    keep_pulled=DAYS,
    by_use=st.booleans(),
    rank=st.integers(0, 3),
)
GUARDS = st.builds(
    Guard,
    st.lists(
        st.builds(Rule, st.sampled_from([Kind.TAG, Kind.IMMUTABLE]), REGEXES, push=st.just(Level.OWNER)), max_size=2
    ),
    versions=st.booleans(),
)


@given(tags=TAGS, policies=st.lists(POLICIES, min_size=1, max_size=3), guard=GUARDS)
def test_never_goes_what_always_stays(tags: list[Tag], policies: list[Policy], guard: Guard) -> None:
    found = verdicts(tags, policies, guard, NOW, active=range(len(policies)))
    assert sorted(each.tag.name for each in found) == sorted(one.name for one in tags)
    for each in found:
        if each.goes:
            name = each.tag.name
            assert name != "latest"
            assert not each.tag.companion
            assert not guard.protected(name)
            assert not guard.immutable(name)


@given(tags=TAGS, policy=POLICIES, guard=GUARDS)
def test_running_twice_takes_nothing_more(tags: list[Tag], policy: Policy, guard: Guard) -> None:
    """So a run that was cut short and goes on takes what it would have taken at once."""
    gone = doomed(verdicts(tags, [policy], guard, NOW))
    for half in (gone, set(sorted(gone)[::2])):
        left = [one for one in tags if one.name not in half]
        assert doomed(verdicts(left, [policy], guard, NOW)) == gone - half


@given(tags=TAGS, policies=st.lists(POLICIES, min_size=1, max_size=3), guard=GUARDS)
def test_another_policy_of_the_same_level_only_takes_what_none_keeps(
    tags: list[Tag], policies: list[Policy], guard: Guard
) -> None:
    level = [Policy(**{name: getattr(each, name) for name in each.__slots__} | {"rank": 0}) for each in policies]
    alone = [{each.tag.name: each.reason for each in verdicts(tags, [one], guard, NOW)} for one in level]
    together = doomed(verdicts(tags, level, guard, NOW, active=range(len(level))))
    for name in {one.name for one in tags}:
        found = {each[name] for each in alone}
        assert (name in together) is (Reason.GOES in found and not found & KEEPS)
