"""Cleanup policies and rules of protection in a browser: preview, save, run, undo."""

import re

from playwright.sync_api import expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.test_places import press
from tests.web.pages.visitor import somebody
from wharfinger.db import policies as policy_rows
from wharfinger.domain import protection
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms, written
from wharfinger.rules.protection import Kind, Level, Rule

HIDDEN = ("time",)
TOGETHER = "See what they would take together"


def pushed(site: Server, project: object, *tags: str) -> Registry:
    user = site.user(project, "owner")  # type: ignore[arg-type]
    registry = Registry(site.url, user.username, site.token(user))
    for tag in tags:
        registry.push(f"{project.path}/web", image(), tag)  # type: ignore[attr-defined]
    return registry


def test_preview_save_run_undo(person: NewPerson, site: Server) -> None:
    project = site.project(f"{site.group(fresh('harbour')).path}/shop")
    registry = pushed(site, project, "dev-1", "dev-2", "v1.0", "latest")
    ada = person(project, "maintainer")
    page = ada.open(f"/{project.path}")
    page.get_by_role("link", name="Cleanup").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cleanup policies")
    ada.check("cleanup-empty")
    page.get_by_label("Keep the most recent").select_option("1")
    page.get_by_label("Remove tags older than").select_option("")
    page.get_by_label("Remove tags matching").fill("dev-.*")
    press(page, "Preview")
    expect(page.get_by_role("status").filter(has_text="would go")).to_contain_text("1 of 4 tags would go")
    row = page.get_by_role("row", name="web:v1.0")
    expect(row).to_contain_text("Stays")
    expect(row).to_contain_text("does not match the pattern of names to remove, dev-.*")
    expect(page.get_by_role("row", name="web:dev-1")).to_contain_text("Goes")
    ada.check("cleanup-preview", HIDDEN)
    assert registry.tags(f"{project.path}/web") == ["dev-1", "dev-2", "latest", "v1.0"]
    press(page, "Set cleanup rules")
    expect(page.get_by_role("status").first).to_contain_text("The policy default is saved.")
    press(page, "Run now")
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(page.locator("#runs").get_by_text("Done")).to_be_visible(timeout=60_000)
    expect(page.locator("#runs")).to_contain_text("1 tag")
    assert registry.tags(f"{project.path}/web") == ["dev-2", "latest", "v1.0"]
    ada.check("cleanup-done", HIDDEN)
    press(page, "Undo")
    page.get_by_role("dialog").get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("status").first).to_contain_text("1 thing came back. The policy is off now")
    expect(page.locator("#runs")).to_contain_text("Taken back")
    assert registry.tags(f"{project.path}/web") == ["dev-1", "dev-2", "latest", "v1.0"]


def test_all_policies_together(person: NewPerson, site: Server) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop")
    pushed(site, project, "dev-1", "tmp-1", "v1")
    for name, pattern in (("devs", "dev-.*"), ("temps", "tmp-.*")):
        terms = Terms(name, enabled=True, keep_n=None, older_than=None, name_regex=pattern)
        policies.save(site.tools, OPERATOR, project.path, terms)
    bob = person(project, "developer")
    page = bob.open(f"/{project.path}/-/cleanup")
    press(page, TOGETHER)
    expect(page.get_by_role("heading", name="Preview of all policies together")).to_be_visible()
    told = page.get_by_role("status").filter(has_text="would go")
    expect(told).to_contain_text("2 of 3 tags would go by all policies")
    expect(page.get_by_role("row", name="web:dev-1")).to_contain_text("(devs)")
    expect(page.get_by_role("row", name="web:tmp-1")).to_contain_text("(temps)")
    bob.check("cleanup-together", HIDDEN)
    policies.save(site.tools, OPERATOR, group.path, Terms(enabled=True, keep_n=1))
    page = person(group, "owner").open(f"/{group.path}/-/cleanup")
    press(page, TOGETHER)
    expect(page.get_by_role("row", name=project.path)).to_contain_text("2 of 3 tags")
    expect(page.get_by_role("checkbox", name="On")).to_be_checked()  # the form shows what is saved
    reporter = somebody(site, project, "reporter")
    assert reporter.post(f"/{project.path}/-/cleanup/preview", {"of": "all"}).status_code == 403


def test_what_is_wrong_is_said_and_kept(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "maintainer").open(f"/{project.path}/-/cleanup")
    page.get_by_label("Remove tags matching").fill("(")
    press(page, "Preview")
    expect(page.get_by_role("alert")).to_contain_text("no RE2 expression")
    expect(page.get_by_label("Remove tags matching")).to_have_value("(")


def test_a_form_beside_that_is_refused_changes_no_box(site: Server) -> None:
    """Or whoever saves then would switch the policy off."""
    project = site.project()
    policies.save(site.tools, OPERATOR, project.path, Terms(enabled=True))
    ada, page = somebody(site, project, "maintainer"), f"/{project.path}/-/cleanup"
    box = re.compile('<input type="checkbox" id="f-is-enabled"[^>]* checked')
    assert box.search(ada.get(page).text)
    refused = ada.post(f"{page}/remove", {"name": "default", "typed": "another"})
    assert refused.status_code == 422
    assert box.search(refused.text)
    form = {"name": "default", "repositories": "*", "cadence": "1d", "name_regex": "("}
    for ticked in ((), ("enabled",)):
        refused = ada.post(f"{page}/preview", form | {"is": ticked})
        assert refused.status_code == 422
        assert bool(box.search(refused.text)) == bool(ticked), "a box stays as it was sent"


def test_developers_look(person: NewPerson, site: Server) -> None:
    project = site.project()
    policies.save(site.tools, OPERATOR, project.path, Terms(enabled=True))
    protection.add(site.tools, OPERATOR, project.path, Rule(Kind.TAG, "^v", push=Level.OWNER))
    bob = person(project, "developer")
    page = bob.open(f"/{project.path}/-/cleanup")
    expect(page.get_by_role("row", name="default")).to_contain_text("On")
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    bob.check("cleanup-developer", HIDDEN)
    page.goto(f"/{project.path}/-/protection")
    expect(page.get_by_role("row", name="^v")).to_contain_text("Owners and up")
    expect(page.get_by_text("Add a rule")).to_have_count(0)
    bob.check("protection-developer")


def test_protection(person: NewPerson, site: Server) -> None:
    project = site.project(f"{site.group(fresh('harbour')).path}/shop")
    ada = person(project, "owner")
    page = ada.open(f"/{project.path}/-/protection")
    tags = page.locator("section", has=page.get_by_role("heading", name="Protected tags"))
    tags.get_by_text("Add a rule").click()
    tags.get_by_label("Pattern of the tags").fill("(")
    tags.get_by_role("button", name="Add rule").click()
    expect(page.get_by_role("alert")).to_contain_text("no RE2 expression")
    tags.get_by_label("Pattern of the tags").fill("^v")
    tags.get_by_label("Who may delete").select_option("owner")
    tags.get_by_role("button", name="Add rule").click()
    expect(page.get_by_role("status").first).to_contain_text("^v is protected from now on")
    fixed = page.locator("section", has=page.get_by_role("heading", name="Immutable tags"))
    fixed.get_by_text("Add a rule").click()
    fixed.get_by_label("Pattern of the tags").fill("^stable-")
    fixed.get_by_role("button", name="Add rule").click()
    expect(page.get_by_role("row", name="^stable-")).to_be_visible()
    ada.check("protection")
    page.get_by_role("row", name="^v").get_by_role("button", name="Remove").first.click()
    confirm(page, "Remove", "^v")
    expect(page.get_by_role("status").first).to_contain_text("The rule is gone.")
    expect(page.get_by_role("row", name="^v")).to_have_count(0)


def test_a_policy_for_a_group_and_for_the_instance(person: NewPerson, site: Server) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop")
    ada = person(admin=True)
    page = ada.open(f"/{group.path}/-/cleanup")
    pushed(site, project, "a", "b", "latest")
    page.get_by_label("Name").fill("strict")
    page.get_by_label("Enforced").check()
    page.get_by_label("Keep the most recent").select_option("1")
    page.get_by_label("Remove tags older than").select_option("")
    press(page, "Preview")
    row = page.get_by_role("row", name=project.path)
    expect(row).to_contain_text("1 of 3 tags")
    ada.check("cleanup-group-preview", HIDDEN)
    press(page, "Set cleanup rules")
    expect(page.get_by_role("row", name="strict")).to_contain_text("Enforced")
    ada.check("cleanup-group", HIDDEN)
    page.goto(f"/{project.path}/-/cleanup")
    expect(page.get_by_role("row", name="strict")).to_contain_text(f"from {group.path}")
    page.goto("/admin/cleanup")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cleanup policies")
    ada.check("cleanup-instance", HIDDEN)
    press(page, "Preview")
    row, more = page.get_by_role("row", name=project.path), page.get_by_role("button", name="More projects")
    expect(page.get_by_role("status").filter(has_text="in each project")).to_be_visible()
    while not row.count():  # twenty projects at a time, the oldest first: others may have left many
        with page.expect_navigation():
            more.click()
    expect(row).to_contain_text("of 3 tags")


def test_stopping_a_run(person: NewPerson, site: Server) -> None:
    """It waits for a worker, as others do not know of it yet, and is stopped before one takes it."""
    project = site.project()
    policies.save(site.tools, OPERATOR, project.path, Terms(enabled=True))
    with site.tools.db.begin() as tx:
        row = {"project_id": project.id, "policy_id": None, "repository_id": None, "state": "queued"}
        policy_rows.add_run(tx, {**row, "terms": written(Terms()), "started_by": "ada", "due_at": site.tools.clock()})
    ada = person(project, "maintainer")
    page = ada.open(f"/{project.path}/-/cleanup")
    expect(page.locator("#runs")).to_contain_text("Pending")
    ada.check("cleanup-waiting", HIDDEN)
    page.locator("#runs").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").first).to_contain_text("is stopped. It removed nothing.")
    expect(page.locator("#runs")).to_contain_text("Stopped")


def test_all_that_a_policy_says_is_shown_also_where_it_cannot_be_changed(person: NewPerson, site: Server) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop")
    says = Terms("night", enabled=True, repositories=("web", "api*"), cadence="36h", name_regex_keep="v.+",
                 keep_pulled="30d", by_use=True, untagged=True)  # fmt: skip
    policies.save(site.tools, OPERATOR, group.path, says)
    policies.save(site.tools, OPERATOR, project.path, Terms("weekly", enabled=True, cadence="7d"))
    bob = person(project, "developer")
    page = bob.open(f"/{project.path}/-/cleanup")
    row = page.get_by_role("row", name="night")
    for said in (f"from {group.path}", "older than 90d, counted from the last pull, but the 10 newest", "keeps v.+",
                 "keeps what was pulled in the last 30d", "images that no tag leads to as well",
                 "of web, api*"):  # fmt: skip
        expect(row).to_contain_text(said)
    expect(page.get_by_role("row", name="weekly")).to_contain_text("every week")
    bob.check("cleanup-inherited", HIDDEN)
    page = person(group, "owner").open(f"/{group.path}/-/cleanup")
    expect(page.get_by_role("row", name="night")).to_contain_text("every 36h")


def test_untagged_images_that_would_go_are_named(person: NewPerson, site: Server) -> None:
    project = site.project()
    registry = pushed(site, project, "v1")
    digest = registry.push(f"{project.path}/web", image(), "moved").digest
    registry.push(f"{project.path}/web", image(), "moved")
    ada = person(project, "maintainer")
    page = ada.open(f"/{project.path}/-/cleanup")
    page.get_by_label("Remove tags older than").select_option("")
    page.get_by_label("Keep the most recent").select_option("")
    page.get_by_label("Remove images that no tag leads to").check()
    press(page, "Preview")
    page.get_by_text("Images that no tag leads to, and that would go").click()
    expect(page.get_by_text(f"{project.path}/web@{digest}")).to_be_visible()
    ada.check("cleanup-untagged", HIDDEN)


def test_the_history_goes_back_to_the_first_run(person: NewPerson, site: Server) -> None:
    project = site.project()
    row = {"project_id": project.id, "policy_id": None, "repository_id": None, "state": "done", "started_by": "ada",
           "terms": written(Terms()), "due_at": site.tools.clock()}  # fmt: skip
    with site.tools.db.begin() as tx:
        numbers = [policy_rows.add_run(tx, row) for _ in range(45)]
        for number in numbers:
            policy_rows.change_run(tx, number or 0, started_at=site.tools.clock(), finished_at=site.tools.clock())
    ada = person(project, "developer")
    page, seen = ada.open(f"/{project.path}/-/cleanup"), []
    for _ in range(2):
        seen += page.locator("#runs tbody tr td:first-child span:first-child").all_inner_texts()
        page.get_by_role("link", name="Older runs").click()
        page.wait_for_url("**before=*")
    seen += page.locator("#runs tbody tr td:first-child span:first-child").all_inner_texts()
    ada.check("cleanup-older", HIDDEN)
    assert [int(number) for number in seen] == sorted((number or 0 for number in numbers), reverse=True)
    page.get_by_role("link", name="Newest runs").click()
    expect(page.locator(f"#run-{numbers[-1]}")).to_contain_text("began")
