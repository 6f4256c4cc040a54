"""Giving an image another path in a browser: what would happen is shown before it does."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.visitor import Visitor, somebody
from tests.web.pages.wares import Wares
from wharfinger.domain import protection, quotas, repositories
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Rule

FORMS = ("/rename", "/rename/preview")


@pytest.fixture
def wares(site: Server) -> Wares:
    made = Wares(site.tools)
    made.built("one", "1.0")
    return made


def beside(wares: Wares, *names: str) -> None:
    for name in names:
        Wares(wares.tools, name, wares.place).built("one", "1.0")


def image(wares: Wares) -> str:
    return f"/{wares.project}/-/registry/{repositories.get(wares.tools, OPERATOR, wares.path).id}"


def paths(wares: Wares) -> list[str]:
    wanted = repositories.Filter(project=wares.project)
    return [one.path for one in repositories.list_repositories(wares.tools, OPERATOR, wanted).items]


def ask(page: Page, to: str) -> None:
    page.get_by_label("New path").fill(to)
    page.get_by_role("button", name="Show what would happen").click()


def test_an_image_is_looked_at_and_renamed(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "maintainer")
    page = ada.open(image(wares))
    page.get_by_role("link", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Rename {wares.path}")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    ask(page, f"{wares.project}/shop")
    expect(page.get_by_role("status").first).to_contain_text("1 image would be renamed, nothing is in the way.")
    expect(page.get_by_role("status").first).to_contain_text("the new name is held for 1 minute")
    expect(page.get_by_role("row", name=f"{wares.path} {wares.project}/shop", exact=True)).to_be_visible()
    assert paths(wares) == [wares.path]
    ada.check("image-rename")
    page.get_by_role("button", name="Rename 1 image").click()
    expect(page.get_by_role("status").first).to_contain_text(f"The image is at {wares.project}/shop now; the old name")
    expect(page.get_by_role("heading", level=1)).to_have_text("shop")
    assert paths(wares) == [f"{wares.project}/shop"]


def test_all_below_it_goes_along_where_nothing_is_in_the_way(person: NewPerson, wares: Wares) -> None:
    beside(wares, "web/debug", "web/slim", "shop/slim")
    protection.add(wares.tools, OPERATOR, wares.project, Rule(Kind.IMMUTABLE, "^1"))
    ada = person(wares.place, "maintainer")
    page = ada.open(f"{image(wares)}/rename")
    page.get_by_label("With the 2 images below it").check()
    ask(page, f"{wares.project}/shop")
    expect(page.get_by_role("status").first).to_contain_text("something is in the way of 3 images")
    slim = page.get_by_role("row").filter(has_text=f"{wares.path}/slim")
    expect(slim).to_contain_text(f"There is a repository {wares.project}/shop/slim already")
    expect(slim).to_contain_text("The tag 1.0 is immutable")
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    expect(page.get_by_label("With the 2 images below it")).to_be_checked()
    ada.check("image-rename-stuck")
    (rule,) = protection.list_rules(wares.tools, OPERATOR, wares.project)
    protection.remove(wares.tools, OPERATOR, wares.project, rule.rule.kind, rule.id)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_role("status").first).to_contain_text("something is in the way of 1 of 3 images")
    expect(page.get_by_role("row").filter(has_text=f"{wares.path}/debug")).to_contain_text("nothing")
    ask(page, f"{wares.project}/store")
    page.get_by_role("button", name="Rename 3 images").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("store")
    assert paths(wares) == [f"{wares.project}/{name}" for name in ("shop/slim", "store", "store/debug", "store/slim")]


def test_into_another_project(person: NewPerson, wares: Wares, site: Server) -> None:
    there = Wares(site.tools)
    quotas.set_limit(site.tools, OPERATOR, there.project, 1)
    page = person(admin=True).open(f"{image(wares)}/rename")
    ask(page, there.path)
    expect(page.get_by_role("alert")).to_contain_text(there.project)
    expect(page.get_by_role("status").first).to_contain_text("there is no room where it goes")
    quotas.set_limit(site.tools, OPERATOR, there.project, None)
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("its old path leads nowhere")).to_be_visible()
    page.get_by_role("button", name="Rename 1 image").click()
    expect(page.get_by_role("status").first).to_contain_text("whoever pulls it needs the new name")
    assert paths(there) == [there.path]


def test_what_cannot_be_is_said_and_kept(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "maintainer").open(f"{image(wares)}/rename")
    for to, why in (
        (f"{wares.project}/Not A Name", "is not allowed: every part is made of lower-case letters"),
        (wares.path, "is its path already: choose another"),
        ("no/such/place", "no/such/place"),
    ):
        ask(page, to)
        expect(page.get_by_role("alert")).to_contain_text(why)
        expect(page.get_by_label("New path")).to_have_value(to)


def test_what_came_in_the_way_meanwhile_is_said(wares: Wares, site: Server) -> None:
    owner = somebody(site, wares.place, "owner")
    beside(wares, "shop")
    answer = owner.post(f"{image(wares)}/rename", {"to": f"{wares.project}/shop"})
    assert answer.status_code == 409
    assert f"here is a repository {wares.project}/shop already" in answer.text
    assert paths(wares) == [f"{wares.project}/shop", wares.path]


def statuses(wares: Wares, visitor: Visitor) -> list[int]:
    fields = {"to": f"{wares.project}/shop", "tree": "yes"}
    answers = [visitor.get(f"{image(wares)}/rename"), *(visitor.post(image(wares) + form, fields) for form in FORMS)]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_who_may_not_rename_is_refused(person: NewPerson, wares: Wares, site: Server, role: str) -> None:
    assert statuses(wares, somebody(site, wares.place, role)) == [403] * 3
    page = person(wares.place, role).open(image(wares))
    expect(page.get_by_role("heading", level=1)).to_have_text("web")
    expect(page.get_by_role("link", name="Rename")).to_have_count(0)
    assert paths(wares) == [wares.path]


def test_to_strangers_nothing_is_there(wares: Wares, site: Server) -> None:
    assert statuses(wares, somebody(site)) == [404] * 3
