"""Listing Tags: complete, exactly ordered, a page at a time."""

import string
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.oci.conftest import Place, fresh
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry, refused

# Where orders differ: by case, by digits, by a name that begins another, by signs between letters.
NAMES = sorted({"1", "10", "2", "A", "a", "B", "b", "_", "_x", "a-b", "a.b", "a_b", "aB", "ab", "Z", "z", "latest",
                "Latest", "v1", "v1.0", "v1-0", "v10", "v2", "0" * 128})  # fmt: skip


@pytest.fixture(scope="module")
def listed(place: Place) -> str:
    """A repository with all of NAMES."""
    repository = fresh(place)
    pushed = place.maintainer.push(repository, image())
    for names in (NAMES[::2], NAMES[1::2]):
        assert place.maintainer.put_manifest(repository, pushed.digest, pushed, tags=reversed(names)).status_code == 201
    return repository


def test_all_in_byte_order(registry: Registry, listed: str) -> None:
    answer = registry.get(f"/v2/{listed}/tags/list")
    assert answer.json() == {"name": listed, "tags": NAMES}
    assert answer.headers["content-type"] == "application/json"
    assert "link" not in answer.headers


def test_head_says_the_same_without_them(registry: Registry, listed: str) -> None:
    whole, head = registry.get(f"/v2/{listed}/tags/list"), registry.head(f"/v2/{listed}/tags/list")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize("size", [1, 2, 7, len(NAMES) - 1, len(NAMES)])
def test_pages_add_up(registry: Registry, listed: str, size: int) -> None:
    pages = [page.json()["tags"] for page in registry.pages(f"/v2/{listed}/tags/list", n=size)]
    assert [name for page in pages for name in page] == NAMES
    assert all(len(page) == size for page in pages[:-1])
    assert pages[-1], "no client is sent after an empty page"


def test_the_link_of_a_page(registry: Registry, listed: str) -> None:
    answer = registry.get(f"/v2/{listed}/tags/list", params={"n": 3})
    assert answer.json()["tags"] == NAMES[:3]
    link = urlsplit(answer.links["next"]["url"])
    assert link.path == f"/v2/{listed}/tags/list"
    assert parse_qs(link.query) == {"n": ["3"], "last": [NAMES[2]]}


def test_none_at_a_time(registry: Registry, listed: str) -> None:
    """With n=0 the list is empty, and there is no Link."""
    answer = registry.get(f"/v2/{listed}/tags/list", params={"n": 0})
    assert answer.json() == {"name": listed, "tags": []}
    assert "link" not in answer.headers


@pytest.mark.parametrize("place_in_list", range(len(NAMES)))
def test_after_each_name(registry: Registry, listed: str, place_in_list: int) -> None:
    """`last` works without `n`, and is not in the list itself."""
    assert registry.tags(listed, last=NAMES[place_in_list]) == NAMES[place_in_list + 1 :]


@pytest.mark.parametrize("marker", ["", "a-", "m", "zz", "!", "~", "\u00e4", "v1.0.0"])
def test_after_a_name_that_is_not_there(registry: Registry, listed: str, marker: str) -> None:
    expected = [name for name in NAMES if name.encode() > marker.encode()]
    assert registry.tags(listed, last=marker) == expected


def test_n_and_last_together(registry: Registry, listed: str) -> None:
    assert registry.tags(listed, n=4, last=NAMES[5]) == NAMES[6:10]


def test_no_tags_at_all(registry: Registry, repository: str) -> None:
    registry.push(repository, image())
    assert registry.get(f"/v2/{repository}/tags/list").json() == {"name": repository, "tags": []}


def test_more_than_a_page(registry: Registry, repository: str) -> None:
    """Without `n` a page has a bounded length, and Link leads on."""
    pushed = registry.push(repository, image())
    names = [f"build-{number:04}" for number in range(130)]
    for start in range(0, len(names), 40):
        answer = registry.put_manifest(repository, pushed.digest, pushed, tags=names[start : start + 40])
        assert answer.status_code == 201
    pages = [page.json()["tags"] for page in registry.pages(f"/v2/{repository}/tags/list")]
    assert [len(page) for page in pages] == [100, 30]
    assert [name for page in pages for name in page] == names


@pytest.mark.parametrize("size", ["-1", "abc", "1.5", "1e3", "", "0x10", " 1", "9" * 30, "\u0663", "1,2"])
def test_a_number_that_is_none(registry: Registry, listed: str, size: str) -> None:
    refused(registry.get(f"/v2/{listed}/tags/list", params={"n": size}), 400, "PAGINATION_NUMBER_INVALID")


def test_a_thousand_names_whatever_is_asked(registry: Registry, repository: str) -> None:
    """n=2147483647 gets no more than any other large page, and Link leads on: nothing is lost, nothing grows."""
    pushed = registry.push(repository, image())
    names = sorted(f"{first}{second}" for first in string.ascii_letters for second in string.ascii_letters)[:1020]
    for start in range(0, len(names), 50):
        query = names[start : start + 50]
        assert registry.put_manifest(repository, pushed.digest, pushed, tags=query).status_code == 201
    pages = [page.json()["tags"] for page in registry.pages(f"/v2/{repository}/tags/list", n=2147483647)]
    assert [len(page) for page in pages] == [1000, 20]
    assert [name for page in pages for name in page] == names


def test_a_guest_lists(place: Place, listed: str) -> None:
    assert place.guest.tags(listed) == NAMES


def test_a_stranger_sees_no_list(place: Place, listed: str) -> None:
    refused(place.stranger.get(f"/v2/{listed}/tags/list"), 404, "NAME_UNKNOWN")
