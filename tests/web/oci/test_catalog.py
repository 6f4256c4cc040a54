"""The catalog: what the caller may pull, complete and exactly ordered."""

from typing import Any

import pytest

from tests.web.oci.conftest import Client, Place, client_of, fresh
from tests.web.oci.contents import blob, image
from tests.web.oci.registry_client import Registry, challenge, refused


def catalog(registry: Registry, **query: str | int) -> list[str]:
    """Every repository, by Link."""
    pages = registry.pages("/v2/_catalog", **query)
    return [name for page in pages for name in page.json()["repositories"]]


@pytest.fixture(scope="module")
def names(place: Place) -> list[str]:
    """Repositories whose order depends on what comes before letters."""
    ends = ["", "/a", "/a-b", "/a/b", "/a.b", "/a0", "/ab", "/a_b", "/z", "/0"]
    made = [place.path + end for end in ends]
    for name in made:
        place.maintainer.push(name, image(0), "latest")
    return sorted(made)


def test_a_member_sees_the_project_in_byte_order(place: Place, names: list[str]) -> None:
    listed = catalog(place.guest)
    assert [name for name in listed if name in names] == names
    assert listed == sorted(set(listed))


def test_the_form(place: Place, names: list[str]) -> None:
    answer = place.guest.get("/v2/_catalog")
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"repositories"}
    head = place.guest.head("/v2/_catalog")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_pages_add_up(place: Place, names: list[str], size: int) -> None:
    listed = catalog(place.guest, n=size)
    assert [name for name in listed if name in names] == names
    assert listed == sorted(set(listed))


def test_after_a_name(place: Place, names: list[str]) -> None:
    found = catalog(place.guest, last=names[4])
    assert [name for name in found if name in names] == names[5:]
    assert names[4] not in found


def test_none_at_a_time(place: Place, names: list[str]) -> None:
    answer = place.guest.get("/v2/_catalog", params={"n": 0})
    assert answer.json() == {"repositories": []}
    assert "link" not in answer.headers


@pytest.mark.parametrize("size", ["-1", "abc", "9" * 30])
def test_a_number_that_is_none(place: Place, size: str) -> None:
    refused(place.guest.get("/v2/_catalog", params={"n": size}), 400, "PAGINATION_NUMBER_INVALID")


def test_a_huge_number_is_a_page(place: Place, names: list[str]) -> None:
    listed = place.guest.get("/v2/_catalog", params={"n": 2147483647}).json()["repositories"]
    assert len(listed) <= 1000
    assert set(names) <= set(catalog(place.guest, n=2147483647))


def test_others_do_not_see_a_private_project(elsewhere: Place, place: Place, names: list[str]) -> None:
    for registry in (elsewhere.maintainer, place.stranger):
        assert not set(catalog(registry)) & set(names)


def test_visibility(open_place: Place, inner_place: Place, elsewhere: Place, anonymous: Registry) -> None:
    seen = {}
    for place in (open_place, inner_place, elsewhere):
        seen[place.path] = fresh(place)
        place.developer.push(seen[place.path], image(0), "latest")
    listed = catalog(open_place.stranger)
    assert seen[open_place.path] in listed
    assert seen[inner_place.path] in listed
    assert seen[elsewhere.path] not in listed
    assert seen[elsewhere.path] in catalog(elsewhere.guest)


def test_nobody_in_particular_must_sign_in_or_sees_the_public(
    server: Any, open_place: Place, place: Place, names: list[str], anonymous: Registry
) -> None:
    """An anonymous token for the catalog is refused or shows what is public; never more."""
    assert challenge(anonymous.http.get("/v2/_catalog"))["scope"] == "registry:catalog:*"
    answer = anonymous.get("/v2/_catalog")
    assert answer.status_code in {200, 401}
    if answer.status_code == 200:
        assert not set(catalog(anonymous)) & set(names)


def test_a_token_for_a_repository_does_not_list(place: Place, names: list[str]) -> None:
    token = place.guest.token(f"repository:{place.path}:pull")
    answer = place.guest.get("/v2/_catalog", token=token)
    refused(answer, 401, "UNAUTHORIZED")
    assert challenge(answer)["error"] == "insufficient_scope"


def test_a_credential_that_cannot_pull_lists_nothing(
    server: Any, place: Place, names: list[str], client_for: Client
) -> None:
    registry = client_for(place, "developer", ("read_user",))
    answer = registry.get("/v2/_catalog")
    assert answer.status_code in {200, 401, 403}
    if answer.status_code == 200:
        assert answer.json() == {"repositories": []}


def test_an_empty_repository_is_not_listed(place: Place) -> None:
    """A push that went no further than a blob has made no image."""
    repository = fresh(place)
    place.developer.upload(repository, blob())
    assert repository not in catalog(place.guest)
    place.developer.push(repository, image(0), "latest")
    assert repository in catalog(place.guest)


def test_one_who_becomes_a_member_sees_more(server: Any, place: Place, names: list[str]) -> None:
    """The catalog is asked anew each time: rights are not remembered with it."""
    user = server.user(project=place.project, role="guest")
    assert set(names) <= set(catalog(client_of(server, user, ("read_registry",))))
