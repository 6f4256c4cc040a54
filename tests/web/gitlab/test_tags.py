"""Tags as the registry's own API tells of them."""

import base64
from typing import Any

import httpx
import pytest

from tests.actors import fresh
from tests.web.oci.conftest import Place
from tests.web.oci.contents import SBOM, SIGNATURE, artifact, image, index
from tests.web.oci.registry_client import Registry

LETTERS = ["a", "b", "c", "d", "e", "f"]


@pytest.fixture(scope="module")
def lettered(place: Place) -> str:
    """A repository with tags a to f, pushed in the order c, a, e, b, f, d."""
    path = f"{place.path}/{fresh('lettered')}"
    for tag in "caebfd":
        place.maintainer.push(path, image(), tag)
    return path


def listing(registry: Registry, path: str, **query: str | int) -> httpx.Response:
    answer = registry.get(f"/gitlab/v1/repositories/{path}/tags/list/", params=query)
    assert answer.status_code == 200, answer.text
    return answer


def names(answer: httpx.Response) -> list[str]:
    return [tag["name"] for tag in answer.json()]


def dated(registry: Registry, path: str, tag: str) -> str:
    """The marker of a tag where tags are sorted by when they were published."""
    page = listing(registry, path, sort="published_at")
    follow = [dict(httpx.URL(link["url"]).params) for link in page.links.values()]
    assert not follow, "all tags are on one page"
    before = names(page).index(tag)
    first = listing(registry, path, sort="published_at", n=before + 1)
    return str(httpx.URL(first.links["next"]["url"]).params["last"])


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"sort": "name"}, LETTERS),
        ({"sort": "+name"}, LETTERS),
        ({"sort": "-name"}, LETTERS[::-1]),
        ({"n": 3}, ["a", "b", "c"]),
        ({"n": 3, "sort": "-name"}, ["f", "e", "d"]),
        ({"before": "c"}, ["a", "b"]),
        ({"before": "c", "sort": "-name"}, ["f", "e", "d"]),
        ({"n": 2, "before": "d"}, ["b", "c"]),
        ({"n": 2, "before": "d", "sort": "-name"}, ["f", "e"]),
        ({"last": "c"}, ["d", "e", "f"]),
        ({"last": "c", "sort": "-name"}, ["b", "a"]),
        ({"n": 2, "last": "b"}, ["c", "d"]),
        ({"n": 2, "last": "e", "sort": "-name"}, ["d", "c"]),
        ({"sort": "published_at"}, ["c", "a", "e", "b", "f", "d"]),
        ({"sort": "-published_at"}, ["d", "f", "b", "e", "a", "c"]),
        ({"name": "e"}, ["e"]),
        ({"name": "x"}, []),
        ({"name_exact": "b", "sort": "-name", "last": "a"}, ["b"]),
        ({"name_exact": "x"}, []),
    ],
)
def test_order_and_part(registry: Registry, lettered: str, query: dict[str, Any], wanted: list[str]) -> None:
    assert names(listing(registry, lettered, **query)) == wanted


def test_pages_lead_to_both_sides(registry: Registry, lettered: str) -> None:
    pages = [listing(registry, lettered, n=2)]
    while "next" in pages[-1].links:
        pages.append(registry.get(pages[-1].links["next"]["url"].removeprefix(registry.url)))
    assert [names(page) for page in pages] == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert "previous" not in pages[0].links
    back = [pages[-1]]
    while "previous" in back[-1].links:
        back.append(registry.get(back[-1].links["previous"]["url"].removeprefix(registry.url)))
    assert [names(page) for page in back] == [["e", "f"], ["c", "d"], ["a", "b"]]
    assert back[-1].links["next"]["url"].endswith("?n=2&last=b")


def test_pages_by_the_date_of_publication(registry: Registry, lettered: str) -> None:
    """The marker is base64 of the moment, a bar and the name; `echo | base64` leaves a line end in it."""
    first = listing(registry, lettered, n=2, sort="-published_at")
    assert names(first) == ["d", "f"]
    marker = httpx.URL(first.links["next"]["url"]).params["last"]
    at, name = base64.b64decode(marker).decode().split("|")
    assert name == "f"
    assert at.endswith("Z")
    assert names(listing(registry, lettered, n=2, sort="-published_at", last=marker)) == ["b", "e"]
    echoed = base64.b64encode(f"{at}|{name}\n".encode()).decode()
    assert names(listing(registry, lettered, sort="-published_at", last=echoed)) == ["b", "e", "a", "c"]
    assert names(listing(registry, lettered, sort="-published_at", before=marker)) == ["d"]
    assert names(listing(registry, lettered, n=1, sort="published_at", before=dated(registry, lettered, "e"))) == ["a"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("n=x", "INVALID_QUERY_PARAMETER_TYPE"),
        ("n=1001", "INVALID_QUERY_PARAMETER_VALUE"),
        ("last=a&before=b", "INVALID_QUERY_PARAMETER_VALUE"),
        ("last=.a", "INVALID_QUERY_PARAMETER_VALUE"),
        ("before=", "INVALID_QUERY_PARAMETER_VALUE"),
        ("name=a&name_exact=a", "INVALID_QUERY_PARAMETER_VALUE"),
        ("name=a%25", "INVALID_QUERY_PARAMETER_VALUE"),
        ("name=", "INVALID_QUERY_PARAMETER_VALUE"),
        ("name_exact=-a", "INVALID_QUERY_PARAMETER_VALUE"),
        ("sort=size", "INVALID_QUERY_PARAMETER_VALUE"),
        ("sort=%2B-name", "INVALID_QUERY_PARAMETER_VALUE"),
        ("sort=published_at&last=a", "INVALID_QUERY_PARAMETER_VALUE"),
        ("sort=published_at&last=MjAyMw==", "INVALID_QUERY_PARAMETER_VALUE"),
        ("referrers=yes", "INVALID_QUERY_PARAMETER_VALUE"),
    ],
)
def test_parameters_that_cannot_be_right(registry: Registry, lettered: str, query: str, wanted: str) -> None:
    answer = registry.get(f"/gitlab/v1/repositories/{lettered}/tags/list/?{query}")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [wanted]


def test_what_is_told_of_a_tag(place: Place, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    first, second = image(), image()
    registry.push(path, first, "v1")
    (tag,) = listing(registry, path).json()
    assert tag == {
        "name": "v1",
        "digest": first.digest,
        "config_digest": first.facts["config"]["digest"],
        "media_type": first.media_type,
        "size_bytes": sum(len(each) for each in first.blobs),
        "created_at": tag["created_at"],
        "published_at": tag["created_at"],
    }
    registry.push(path, second, "v1")
    (moved,) = listing(registry, path).json()
    assert moved["created_at"] == tag["created_at"]
    assert moved["updated_at"] == moved["published_at"] >= tag["created_at"]


def test_what_speaks_about_a_tag(place: Place, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    signed = registry.push(path, image(), "v1")
    registry.push(path, image(), "v2")
    speakers = {}
    for kind in (SBOM, SIGNATURE):
        spoken = registry.push(path, artifact(kind, subject=signed.descriptor))
        speakers[kind] = {"artifactType": kind, "digest": spoken.digest}
    assert "referrers" not in listing(registry, path).json()[0]
    first, second = listing(registry, path, referrers="true").json()
    assert sorted(first["referrers"], key=str) == sorted(speakers.values(), key=str)
    assert second["referrers"] == []
    chosen = listing(registry, path, referrers="true", referrer_type=f"{SBOM},application/other").json()[0]
    assert chosen["referrers"] == [speakers[SBOM]]


def test_one_tag_with_its_image(place: Place, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    pushed = registry.push(path, image(), "v1")
    found = registry.get(f"/gitlab/v1/repositories/{path}/tags/detail/v1/").json()
    config = pushed.facts["config"]
    assert (found["repository"], found["name"]) == (path, "v1")
    assert found["image"] == {
        "size_bytes": sum(len(each) for each in pushed.blobs),
        "manifest": {"digest": pushed.digest, "media_type": pushed.media_type},
        "config": {
            "digest": config["digest"],
            "media_type": config["mediaType"],
            "platform": {"architecture": "amd64", "os": "linux"},
        },
    }
    assert found["published_at"] == found["created_at"]


def test_one_tag_with_its_index(place: Place, registry: Registry) -> None:
    path = f"{place.path}/{fresh('image')}"
    children = [image(), image()]
    pushed = registry.push(path, index(*children), "v1")
    found = registry.get(f"/gitlab/v1/repositories/{path}/tags/detail/v1/").json()["image"]
    assert "config" not in found
    assert found["size_bytes"] == sum(len(each) for child in children for each in child.blobs)
    assert found["manifest"]["digest"] == pushed.digest
    references = found["manifest"]["references"]
    assert [one["manifest"]["digest"] for one in references] == [child.digest for child in children]
    assert {one["config"]["platform"]["os"] for one in references} == {"linux"}


@pytest.mark.parametrize(("tag", "status", "code"), [("absent", 404, "TAG_UNKNOWN"), (".x", 400, "TAG_INVALID")])
def test_a_tag_that_is_not_there(registry: Registry, lettered: str, tag: str, status: int, code: str) -> None:
    answer = registry.get(f"/gitlab/v1/repositories/{lettered}/tags/detail/{tag}/")
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == code
