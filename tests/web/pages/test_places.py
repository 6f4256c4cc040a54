"""Groups, projects, members and settings in a browser."""

import re

from playwright.sync_api import Page, expect

from tests.actors import fresh
from tests.domain.gallery import Gallery
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import with_password
from tests.web.pages.visitor import somebody


def press(page: Page, button: str) -> None:
    """Press the first button of this name on the page, not one of a closed dialog."""
    page.get_by_role("button", name=button, exact=True).first.click()


def test_a_newcomer_makes_group_subgroup_and_project(person: NewPerson) -> None:
    ada, group = person(), fresh("harbour")
    page = ada.open("/")
    expect(page.get_by_role("heading", level=2)).to_contain_text("no project yet")
    ada.check("home-empty")
    page.get_by_role("link", name="New group").click()
    page.get_by_label("Path").fill(group)
    page.get_by_label("Name for people").fill("The Harbour")
    page.get_by_label("Description").fill("Where ships\nlie.")
    page.get_by_label("Public").check()
    ada.check("group-new")
    press(page, "Create group")
    expect(page.get_by_role("status").first).to_contain_text("you own it")
    expect(page.get_by_role("heading", level=1)).to_have_text("The Harbour")
    expect(page.get_by_text("Where ships\nlie.", exact=True)).to_be_visible()
    ada.check("group-empty")
    page.get_by_role("link", name="New subgroup").click()
    page.get_by_label("Path").fill("north")
    press(page, "Create group")
    page.wait_for_url(f"**/{group}/north")
    page.goto(f"/{group}")
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Path").fill("shop")
    page.get_by_label("Description").fill("All that is sold.")
    page.get_by_label("Its members alone").check()
    ada.check("project-new")
    press(page, "Create project")
    page.wait_for_url(f"**/{group}/shop")
    expect(page.get_by_text(f"/{group}/shop/web:latest").first).to_be_visible()
    expect(page.get_by_text("All that is sold.")).to_be_visible()
    ada.check("project-empty")
    page.goto(f"/{group}/shop/-/settings")
    expect(page.get_by_label("Its members alone")).to_be_checked()
    page.goto(f"/{group}")
    ada.check("group")
    page.goto("/")
    expect(page.get_by_role("link", name=f"{group}/shop")).to_be_visible()
    ada.check("home")
    page.goto("/groups")
    ada.check("groups")


def test_a_refused_form_keeps_what_was_typed(person: NewPerson) -> None:
    page = person().open("/groups/new")
    page.get_by_label("Path").fill("Not A Path")
    page.get_by_label("Name for people").fill("Kept")
    press(page, "Create group")
    expect(page.get_by_role("alert")).to_contain_text("use lower-case letters")
    expect(page.get_by_label("Name for people")).to_have_value("Kept")


def test_a_project_that_says_too_much_is_not_made_at_all(site: Server) -> None:
    ada = somebody(site)
    sent = {"parent": ada.username, "path": "shop", "visibility": "private", "description": "x" * 100_000}
    assert ada.post("/projects/new", sent).status_code == 422
    assert ada.post("/projects/new", {**sent, "description": "", "registry_access": "some"}).status_code == 422
    assert ada.get(f"/{ada.username}/shop").status_code == 404


def test_projects_are_found_while_one_types(person: NewPerson, site: Server) -> None:
    group = site.group()
    names = [fresh("anchor"), fresh("buoy")]
    for name in names:
        site.project(f"{group.path}/{name}", "public")
    page = person(group, "guest").open("/")
    page.get_by_role("searchbox", name="Find a project").press_sequentially("anch")
    expect(page.get_by_role("link", name=names[1])).to_have_count(0)
    expect(page.get_by_role("link", name=names[0])).to_be_visible()


def test_home_has_the_projects_with_news_first(person: NewPerson, site: Server) -> None:
    group = site.group()
    made = [site.project(f"{group.path}/{name}") for name in ("anchor", "buoy", "crane")]
    Gallery(site.tools, "web", made[0]).container({"os": "linux"}, b"layer", tag="1.0")
    ada = person(group, "guest")
    page = ada.open("/")
    paths = page.locator("tbody a.font-medium")
    expect(paths).to_have_text([f"{group.path}/{name}" for name in ("anchor", "crane", "buoy")])
    page.get_by_label("Sort by").select_option("path")
    expect(paths).to_have_text([f"{group.path}/{name}" for name in ("anchor", "buoy", "crane")])
    page.get_by_label("Sort by").select_option("size")
    expect(paths.first).to_have_text(f"{group.path}/anchor")
    ada.check("home-sorted")


def test_members_are_added_changed_and_removed(person: NewPerson, site: Server) -> None:
    project = site.project()
    owner, other = person(project, "owner"), with_password(site)
    page = owner.open(f"/{project.path}/-/members")
    page.get_by_text("Add a member").click()
    page.get_by_label("User name").fill(other)
    page.get_by_label("Role").first.select_option("developer")
    page.get_by_label("Until").first.fill("2099-12-31")
    press(page, "Add member")
    row = page.get_by_role("row").filter(has_text=other)
    expect(row).to_contain_text("Developer")
    expect(row).to_contain_text("2099-12-31")
    owner.check("members")
    row.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role").select_option("reporter")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=other)).to_contain_text("Reporter")
    page.get_by_role("row").filter(has_text=other).get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{other} loses the role Reporter")
    owner.check("members-remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("row").filter(has_text=other)).to_have_count(0)


def test_members_say_where_their_role_comes_from(person: NewPerson, site: Server) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop")
    page = person(group, "reporter").open(f"/{project.path}/-/members")
    expect(page.get_by_role("row").filter(has_text="You")).to_contain_text(group.path)
    expect(page.get_by_text("Add a member")).to_have_count(0)


def test_a_project_is_renamed_and_its_old_path_leads_on(person: NewPerson, site: Server) -> None:
    project = site.project()
    owner = person(project, "owner")
    page = owner.open(f"/{project.path}/-/settings")
    owner.check("settings")
    page.get_by_label("Last part of the path").fill("renamed")
    press(page, "Rename")
    group = project.path.rpartition("/")[0]
    page.wait_for_url(f"**/{group}/renamed/-/settings")
    page.goto(f"/{project.path}")
    expect(page.get_by_text(f"{group}/renamed/web:latest").first).to_be_visible()


def test_a_project_says_what_it_is_and_who_sees_its_images(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="public")
    owner, nobody = person(project, "owner"), person(None)
    page = owner.open(f"/{project.path}/-/settings")
    page.get_by_label("Description").fill("All about <b>lanterns</b>.\nAnd oil.")
    page.get_by_label("Its members alone").check()
    press(page, "Save")
    expect(page.get_by_label("Its members alone")).to_be_checked()
    page = nobody.open(f"/{project.path}")
    expect(page.get_by_text("All about <b>lanterns</b>.")).to_be_visible()
    expect(page.get_by_text("Images for members alone")).to_be_visible()
    nobody.check("project-described")
    page = owner.open(f"/{project.path}/-/settings")
    page.get_by_label("Nobody").check()
    press(page, "Save")
    page.goto(f"/help/refused?path={project.path}/web&action=push")
    expect(page.locator("#reasons")).to_contain_text("is switched off")
    answer = owner.page.goto(f"/{project.path}/-/registry")
    assert answer is not None
    assert answer.status == 403
    expect(owner.page.get_by_role("main")).to_contain_text("is switched off")
    owner.check("registry-off")


def test_deleting_a_project_asks_for_its_name(person: NewPerson, site: Server) -> None:
    project = site.project()
    owner = person(project, "owner")
    page = owner.open(f"/{project.path}/-/settings")
    press(page, "Delete project")
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Delete project")
    expect(button).to_be_disabled()
    owner.check("settings-delete")
    dialog.get_by_role("textbox").fill(project.path)
    button.click()
    expect(page.get_by_role("status").first).to_contain_text("is deleted")
    assert page.goto(f"/{project.path}").status == 404  # type: ignore[union-attr]
    owner.check("not-found")


def test_hidden_and_absent_look_the_same(person: NewPerson, site: Server) -> None:
    hidden, stranger = site.project(), person()
    texts = []
    for path in (hidden.path, f"{hidden.path}x", f"{hidden.path}/-/members", "nobody/nothing/-/settings"):
        answer = stranger.page.goto(f"/{path}")
        assert answer is not None
        assert answer.status == 404
        texts.append(re.sub(r"\s+", " ", stranger.page.get_by_role("main").inner_text()))
    assert len(set(texts)) == 1


def test_a_public_project_is_open_to_everybody(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="public")
    nobody = person(None)
    page = nobody.open(f"/{project.path}")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    nobody.check("project-public")
    page.goto("/projects")
    nobody.check("projects-public")
