"""Where a project ends in an image's name, and what may be called what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules import paths
from wharfinger.rules.paths import LONGEST_PATH, LONGEST_SEGMENT, MOST_SEGMENTS
from wharfinger.spec import name


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("alpine", []),
        ("acme/shop", ["acme/shop"]),
        ("acme/shop/web", ["acme/shop/web", "acme/shop"]),
        ("acme/shop/web/base", ["acme/shop/web/base", "acme/shop/web", "acme/shop"]),
        ("acme/back/shop/web/base", ["acme/back/shop/web/base", "acme/back/shop/web", "acme/back/shop"]),
        ("a/b/c/d/e/f/g", ["a/b/c/d/e/f/g", "a/b/c/d/e/f", "a/b/c/d/e"]),
    ],
)
def test_candidates(repository: str, expected: list[str]) -> None:
    assert paths.candidates(repository) == expected


@given(st.lists(st.sampled_from(["a", "bc", "d-e"]), min_size=1, max_size=19).map("/".join))
def test_candidates_are_few_and_lead_to_the_repository(repository: str) -> None:
    found = paths.candidates(repository)
    assert len(found) <= 3
    assert found == sorted(found, key=len, reverse=True)
    for path in found:
        assert (repository + "/").startswith(path + "/")
        assert path.count("/") >= 1
        assert repository.count("/") - path.count("/") <= 2


CHECKS = [paths.namespace, paths.project, paths.username]


@pytest.mark.parametrize("text", ["a", "acme", "back-end", "shop.v2", "my_app", "a__b", "x--y", "2026", "a" * 100])
@pytest.mark.parametrize("check", CHECKS)
def test_segments_taken(check, text: str) -> None:
    assert check(text) == text


BAD = [
    ("", "use lower-case letters and digits"),
    ("-", "the server uses that word itself"),
    ("dependency_proxy", "the server uses that word itself"),
    ("shop.git", "the server uses that word itself"),
    ("shop.atom", "the server uses that word itself"),
    ("Acme", "write 'acme'"),
    ("a b", "use lower-case letters and digits"),
    ("a/b", "use lower-case letters and digits"),
    (".", "use lower-case letters and digits"),
    ("..", "use lower-case letters and digits"),
    (".a", "use lower-case letters and digits"),
    ("a-", "use lower-case letters and digits"),
    ("_catalog", "use lower-case letters and digits"),
    ("a___b", "use lower-case letters and digits"),
    ("schön", "use lower-case letters and digits"),
    ("a\x00", "use lower-case letters and digits"),
    ("a\n", "use lower-case letters and digits"),
    ("a" * 101, f"has 101 characters, {LONGEST_SEGMENT} is the most"),
    ("a" * 1_000_000, "has 1000000 characters"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=lambda text: ascii(text[:30]))
@pytest.mark.parametrize("check", CHECKS)
def test_segments_refused(check, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        check(text)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("text", sorted(paths.FIRST_WORDS))
def test_the_servers_own_addresses_are_nobodys(text: str) -> None:
    """A group or person of this path would hide behind the server's page; a project is never first."""
    for check, what in ((paths.namespace, "group"), (paths.username, "user")):
        with pytest.raises(ValueError, match=f"no {what} can be called"):
            check(text)
    assert paths.project(text) == text


@given(st.text(alphabet="ab0._-/A", max_size=12))
def test_a_path_of_good_segments_can_name_an_image(text: str) -> None:
    try:
        path = f"{paths.namespace(text)}/{paths.project(text)}"
    except ValueError:
        return
    assert name.repository(path) == path


def test_below_any_whole_path_there_is_room_for_two_levels() -> None:
    longest = "/".join(["a"] * (MOST_SEGMENTS - 1) + ["b" * (LONGEST_PATH - 2 * (MOST_SEGMENTS - 1))])
    assert len(longest) == LONGEST_PATH
    assert paths.whole(longest) == longest
    assert name.repository(f"{longest}/{'c' * 27}/{'d' * 26}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * (LONGEST_PATH + 1), "201 characters"),
        ("/".join("a" * 18), "more than 17 levels"),
        ("gitlab/v1", "the server uses that path itself"),
        ("gitlab/v1/shop", "the server uses that path itself"),
    ],
)
def test_whole_refuses(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        paths.whole(text)
