"""Lists of images and tags that are longer than a page, and that change while one looks."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.wares import Wares
from wharfinger.domain import push, repositories
from wharfinger.domain.access import OPERATOR


@pytest.fixture(scope="module")
def wares(site: Server) -> Wares:
    made = Wares(site.tools)
    digest = made.built("many", "tag-00")
    found = site.tools.lookup.by_digest(made.path, digest)
    assert found is not None
    tags = [f"tag-{number:02}" for number in range(1, 60)]
    push.manifest(
        site.tools, made.caller, made.path, digest=digest, tags=tags, media_type=found.media_type, body=found.body
    )
    return made


def image(wares: Wares) -> str:
    return f"/{wares.project}/-/registry/{repositories.get(wares.tools, OPERATOR, wares.path).id}"


def names(page: Page) -> list[str]:
    return [row.split()[0] for row in page.locator("tbody tr").all_inner_texts()]


@pytest.mark.parametrize("sort", ["name", "name-down", "published", "oldest", "size", "smallest"])
def test_pages_show_every_tag_once(person: NewPerson, wares: Wares, sort: str) -> None:
    page = person(wares.place, "guest").open(f"{image(wares)}?sort={sort}&q=tag")
    seen = names(page)
    for _ in range(2):
        page.get_by_role("link", name="Next page").click()
        page.wait_for_load_state()
        seen += names(page)
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    assert sorted(seen) == [f"tag-{number:02}" for number in range(60)]
    page.get_by_role("link", name="First page").click()
    page.wait_for_url(f"**{image(wares)}?sort={sort}&q=tag")


def test_a_marker_of_another_order_is_refused_in_words(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "guest").open(f"{image(wares)}?sort=name")
    marker = page.get_by_role("link", name="Next page").get_attribute("href")
    assert marker is not None
    page.goto(marker.replace("sort=name", "sort=size"))
    expect(page.get_by_text("start with its first page")).to_be_visible()
    for after in ("x", "%00", "'"):
        page.goto(f"{image(wares)}?after={after}")
        expect(page.get_by_role("heading", level=1)).not_to_have_text("Something broke here")


def test_a_page_that_has_not_changed_is_not_sent_again(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "guest").open(image(wares))
    for status in (200, 304):  # it asks once to learn the mark of what it shows
        with page.expect_response(lambda answer: answer.request.headers.get("x-again") == "true") as asked:
            pass
        assert asked.value.status == status


def test_what_is_ticked_stays_ticked_while_the_list_changes(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "maintainer").open(f"{image(wares)}?sort=name")
    page.get_by_label("Tick tag-03").check()
    wares.built("new", "a-new-one")
    expect(page.get_by_role("link", name="a-new-one", exact=True)).to_be_visible(timeout=40_000)
    expect(page.get_by_label("Tick tag-03")).to_be_checked()
    expect(page.get_by_role("button", name="Delete ticked (1)")).to_be_enabled()
