"""What a preview tells: reasons for every tag, and exactly the bytes that nothing else needs."""

from dataclasses import replace

import pytest

from tests.clock import Clock
from tests.domain.shelf import Shelf
from wharfinger.domain import protection
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies, preview
from wharfinger.domain.cleanup.preview import Preview
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.tools import Tools
from wharfinger.rules.protection import Kind, Level, Rule

ALL = Terms(enabled=True, keep_n=None, older_than=None)


@pytest.fixture
def shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


def seen(shelf: Shelf, terms: Terms = ALL, **fields: object) -> Preview:
    return preview.of_terms(shelf.tools, OPERATOR, shelf.project, replace(terms, **fields))


def reasons(found: Preview) -> dict[str, str]:
    return {each.tag.name: str(each.reason) for place in found.repositories for each in place.verdicts}


def test_every_tag_with_its_reason(shelf: Shelf, clock: Clock) -> None:
    for tag in ("old", "prod-1", "older", "latest"):
        shelf.image(tag.encode(), tag=tag)
        clock.advance(days=20)
    shelf.image(b"new", tag="new")
    found = seen(shelf, keep_n=1, older_than="30d", name_regex_keep="prod-.*")
    assert reasons(found) == {
        "new": "among the newest",
        "latest": "latest",
        "older": "goes",
        "prod-1": "kept by name",
        "old": "goes",
    }
    assert (found.tags, found.goes) == (5, 2)
    place = found.repositories[0]
    assert [place.because(each) for each in place.verdicts if each.tag.name == "old"] == [
        "matches .*, is not the newest and was pushed more than 30 days ago"
    ]
    assert shelf.has("old"), "nothing is changed"


def test_bytes_that_others_share_are_not_freed(shelf: Shelf) -> None:
    shelf.image(b"base", b"only a", tag="a")
    shelf.image(b"base", b"only b", tag="b")
    found = seen(shelf, name_regex="a")
    assert found.size_bytes == len(b"only a")
    assert seen(shelf).size_bytes == len(b"base" + b"only a" + b"only b")


def test_two_tags_of_one_image(shelf: Shelf) -> None:
    shelf.image(b"one", tag="a")
    shelf.image(b"one", tag="b")
    assert seen(shelf, name_regex="a").size_bytes == 0
    assert seen(shelf).size_bytes == 3


def test_bytes_that_another_repository_holds(shelf: Shelf) -> None:
    shelf.image(b"both", tag="a")
    shelf.image(b"both", tag="a", path=shelf.other)
    assert seen(shelf, repositories=("app",)).size_bytes == 0
    found = seen(shelf)
    assert found.size_bytes == 4, "it is freed where both let it go, and once"
    assert [place.path for place in found.repositories] == [shelf.path, shelf.other]
    elsewhere = Shelf(shelf.tools)
    elsewhere.image(b"both", tag="a")
    assert seen(shelf).size_bytes == 0


def test_an_index_keeps_its_images(shelf: Shelf) -> None:
    amd, arm = shelf.image(b"amd", tag="amd"), shelf.image(b"arm")
    shelf.index(amd, arm, tag="latest")
    found = seen(shelf)
    assert reasons(found) == {"latest": "latest", "amd": "goes"}
    assert found.size_bytes == 0, "the tag goes, the index holds the image"


def test_an_index_goes_with_its_images(shelf: Shelf) -> None:
    shelf.index(shelf.image(b"amd"), shelf.image(b"arm"), tag="all")
    assert seen(shelf).size_bytes == 6


def test_signatures_stay_with_their_image_and_go_with_it(shelf: Shelf) -> None:
    signed = shelf.image(b"image", tag="v1")
    shelf.image(b"signature", tag=f"{signed.replace(':', '-')}.sig")
    shelf.image(b"sbom", subject=signed)
    found = seen(shelf)
    assert reasons(found) == {"v1": "goes", f"{signed.replace(':', '-')}.sig": "needed"}
    assert found.size_bytes == len(b"image" + b"signature" + b"sbom")
    assert seen(shelf, name_regex="none").size_bytes == 0


def test_signatures_of_nothing_go(shelf: Shelf) -> None:
    tag = f"sha256-{'a' * 64}.sig"
    shelf.image(b"signature", tag=tag)
    assert reasons(seen(shelf)) == {tag: "goes"}


def test_what_is_protected(shelf: Shelf) -> None:
    for tag in ("v1", "prod", "dev"):
        shelf.image(tag.encode(), tag=tag)
    for rule in (Rule(Kind.IMMUTABLE, "^v"), Rule(Kind.TAG, "prod", push=Level.MAINTAINER)):
        protection.add(shelf.tools, OPERATOR, shelf.project, rule)
    assert reasons(seen(shelf)) == {"v1": "immutable", "prod": "protected", "dev": "goes"}
    protection.add(shelf.tools, OPERATOR, shelf.project, Rule(Kind.REPOSITORY, shelf.path, delete=Level.OWNER))
    assert reasons(seen(shelf))["dev"] == "protected"


def test_the_root_image(shelf: Shelf) -> None:
    shelf.image(tag="a")
    assert seen(shelf, repositories=(".",)).tags == 0
    assert seen(shelf, repositories=("a*",)).tags == 1


def test_images_that_no_tag_leads_to(shelf: Shelf, clock: Clock) -> None:
    loose = shelf.image(b"loose")
    child = shelf.image(b"child")
    shelf.index(child, tag="latest")
    clock.advance(days=8)
    shelf.image(b"young")
    found = seen(shelf, untagged=True, older_than="7d")
    assert [one.digest for one in found.repositories[0].loose] == [loose]
    assert (found.manifests, found.size_bytes) == (1, 5)
    assert seen(shelf, older_than="7d").manifests == 0


def test_other_policies_keep_and_enforced_ones_stand_above(shelf: Shelf) -> None:
    shelf.image(tag="prod")
    policies.save(shelf.tools, OPERATOR, shelf.project, replace(ALL, name="careful", name_regex_keep="prod"))
    assert reasons(seen(shelf)) == {"prod": "kept by name"}
    group = shelf.project.partition("/")[0]
    policies.save(shelf.tools, OPERATOR, group, replace(ALL, name="strict", enforced=True))
    found = preview.of_all(shelf.tools, OPERATOR, shelf.project)
    assert reasons(found) == {"prod": "goes"}
    assert found.repositories[0].about[found.repositories[0].verdicts[0].policy].terms.name == "strict"


def test_no_policy_no_preview(shelf: Shelf) -> None:
    shelf.image(tag="a")
    found = preview.of_all(shelf.tools, OPERATOR, shelf.project)
    assert (found.tags, found.goes, found.size_bytes) == (0, 0, 0)
