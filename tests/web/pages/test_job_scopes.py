"""Whose jobs are let into a project, as its maintainers choose it on a page."""

from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.visitor import somebody
from wharfinger.domain import job_scopes
from wharfinger.domain.access import OPERATOR


def test_an_allowlist(person: NewPerson, site: Server) -> None:
    group = site.group()
    base, shop = site.project(f"{group.path}/base"), site.project(f"{group.path}/shop")
    ada = person(group, "maintainer")
    page = ada.open(f"/{base.path}/-/settings")
    page.get_by_role("link", name="CI/CD").click()
    expect(page.get_by_label("All groups and projects")).to_be_checked()
    expect(page.get_by_text("It does not hold at present")).to_be_visible()
    page.get_by_label("Only this project").check()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_label("Only this project")).to_be_checked()
    assert job_scopes.limited(site.tools, OPERATOR, base.path)
    expect(page.get_by_text("only jobs of this project are let in")).to_be_visible()
    field = page.get_by_label("Add a group or project")
    field.press_sequentially(shop.path[:-1])
    expect(page.locator(f"datalist option[value='{shop.path}']")).to_have_count(1)
    ada.check("job-scopes-empty")
    for path in (shop.path, group.path):
        page.get_by_label("Add a group or project").fill(path)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("row").filter(has=page.get_by_role("link", name=path, exact=True))).to_be_visible()
    assert [one.path for one in job_scopes.list_allowed(site.tools, OPERATOR, base.path)] == [base.path, shop.path]
    assert [one.path for one in job_scopes.list_allowed(site.tools, OPERATOR, base.path, groups=True)] == [group.path]
    ada.check("job-scopes")
    page.get_by_role("row").filter(has_text="A project").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Jobs of {shop.path} can no longer pull")
    confirm(page, "Remove")
    expect(page.get_by_role("link", name=shop.path, exact=True)).to_have_count(0)
    assert [one.path for one in job_scopes.list_allowed(site.tools, OPERATOR, base.path)] == [base.path]


def test_what_cannot_be_added_says_why(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "maintainer").open(f"/{project.path}/-/settings/ci_cd")
    for path, why in (("no/such/place", "no/such/place"), (project.path, "let in already")):
        page.get_by_label("Add a group or project").fill(path)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text(why)
        expect(page.get_by_label("Add a group or project")).to_have_value(path)


def test_it_is_for_maintainers_and_offers_what_they_may_see(site: Server) -> None:
    project, hidden = site.project(), site.project()
    top = f"/{project.path}/-/settings/ci_cd"
    developer, maintainer = somebody(site, project, "developer"), somebody(site, project, "maintainer")
    for path in (top, f"{top}/find?path={project.path}"):
        assert developer.get(path).status_code == 403
    for path in ("", "/allow", "/forbid"):
        assert developer.post(top + path, {"whose": "listed", "path": hidden.path}).status_code == 403
    assert project.path in maintainer.get(f"{top}/find", params={"path": project.path}).text
    assert hidden.path not in maintainer.get(f"{top}/find", params={"path": hidden.path}).text
    assert maintainer.post(f"{top}/allow", {"path": hidden.path}).status_code == 404
    assert maintainer.post(top, {"whose": "somebody"}).status_code == 422
    assert not job_scopes.limited(site.tools, OPERATOR, project.path)
