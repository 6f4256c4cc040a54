"""What changes while one looks is seen without a reload, on every page where something changes by itself."""

from playwright.sync_api import expect

from tests.domain.gallery import Gallery
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.test_destructive import job
from wharfinger.db import policies as policy_rows
from wharfinger.domain import deliveries, queue, selection, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup.terms import Terms, written
from wharfinger.rules.notifications import Subject

APPEARS = 60_000  # milliseconds: the slowest list asks every twenty seconds


def pushed(site: Server, project: object, tag: str, name: str = "web") -> Gallery:
    made = Gallery(site.tools, name, project)  # type: ignore[arg-type]
    made.container({"os": "linux", "architecture": "amd64"}, tag.encode() * 1000, tag=tag)
    return made


def test_projects_with_a_new_push(person: NewPerson, site: Server) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop")
    ada = person(group, "guest")
    windows = [ada.open("/")]
    for path in (f"/projects?q={project.path}", f"/{group.path}"):
        windows.append(ada.context.new_page())
        windows[-1].goto(path)
    for page in windows:
        expect(page.get_by_role("row").filter(has_text=project.path).locator("[data-of=Images]")).to_have_text("0")
    pushed(site, project, "1.0")
    for page in windows:
        page.bring_to_front()
        row = page.get_by_role("row").filter(has_text=project.path)
        expect(row.locator("[data-of=Images]")).to_have_text("1", timeout=APPEARS)


def test_images_of_a_group(person: NewPerson, site: Server) -> None:
    group = site.group()
    first, second = site.project(f"{group.path}/a"), site.project(f"{group.path}/b")
    pushed(site, first, "1.0")
    page = person(group, "guest").open(f"/{group.path}/-/registry")
    expect(page.get_by_role("link", name=f"{first.path}/web")).to_be_visible()
    pushed(site, second, "1.0", "late")
    expect(page.get_by_role("link", name=f"{second.path}/late")).to_be_visible(timeout=APPEARS)


def test_the_trash_and_a_dialog_that_is_open(person: NewPerson, site: Server) -> None:
    project = site.project()
    shelf = pushed(site, project, "1.0")
    pushed(site, project, "2.0")
    selection.delete(site.tools, OPERATOR, shelf.path, selection.Wanted(("1.0",)))
    page = person(project, "maintainer").open(f"/{project.path}/-/trash")
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("to go on").fill(f"{shelf.path}:1")
    selection.delete(site.tools, OPERATOR, shelf.path, selection.Wanted(("2.0",)))
    expect(page.get_by_role("row", include_hidden=True).filter(has_text="web:2.0")).to_have_count(1, timeout=APPEARS)
    expect(dialog.get_by_label("to go on")).to_have_value(f"{shelf.path}:1")
    expect(dialog.get_by_role("button", name="Delete for good")).to_be_disabled()
    dialog.get_by_label("to go on").press_sequentially(".0")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("status").filter(has_text="1 thing is gone")).to_be_visible()


def test_what_a_webhook_was_told(person: NewPerson, site: Server) -> None:
    project = site.project()
    hook, _ = webhooks.create(site.tools, OPERATOR, project.path, "https://hooks.invalid/in", [Subject.PUSH])
    page = person(project, "maintainer").open(f"/{project.path}/-/webhooks/{hook.id}")
    expect(page.get_by_role("heading", name="Nothing was sent yet")).to_be_visible()
    page.get_by_label("Name").fill("half typed")
    deliveries.test(site.tools, OPERATOR, project.path, hook.id)
    expect(page.get_by_role("row").filter(has_text="webhook tested")).to_be_visible(timeout=APPEARS)
    expect(page.get_by_label("Name")).to_have_value("half typed")


def test_a_form_that_was_refused_leads_back_to_its_page(person: NewPerson, site: Server) -> None:
    """The list below it goes on, and asks where it is, not where the form was sent."""
    project = site.project()
    shelf = pushed(site, project, "1.0")
    ada = person(project, "maintainer")
    page = ada.open(f"/{project.path}/-/registry")
    page.get_by_role("link", name="web", exact=True).click()
    page.get_by_label("Tick 1.0").check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.get_by_role("alert")).to_be_visible()
    shelf.tag("1.0", "later")
    expect(page.get_by_role("link", name="later", exact=True)).to_be_visible(timeout=APPEARS)
    page.get_by_label("Sort by").select_option("name")
    expect(page.get_by_role("heading", level=1)).to_have_text("web")


def test_a_run_of_cleanup_that_begins_by_itself(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "maintainer").open(f"/{project.path}/-/cleanup")
    expect(page.get_by_text("Cleanup has not run here yet")).to_be_visible()
    with site.tools.db.begin() as tx:
        row = {"project_id": project.id, "policy_id": None, "repository_id": None, "state": "queued"}
        policy_rows.add_run(tx, {**row, "terms": written(Terms()), "started_by": "ada", "due_at": site.tools.clock()})
    expect(page.locator("#runs")).to_contain_text("Pending", timeout=APPEARS)


def test_jobs_and_totals_for_administrators(person: NewPerson, site: Server) -> None:
    root = person(admin=True)
    with site.tools.db.begin() as tx:
        queue.put(tx, site.tools, "no such errand", {"about": "nothing"})
    number = job(site, "no such errand")
    page, totals = root.open(f"/admin/jobs?after={number + 1}"), root.context.new_page()  # however many came later
    row = page.get_by_role("row").filter(has_text="no such errand")
    expect(row).to_be_visible()
    totals.goto("/admin")
    projects = totals.locator("dl > div").filter(has_text="Projects").locator("dd").first
    before = int(projects.inner_text().replace("\u202f", ""))
    site.project()
    expect(projects).to_have_text(f"{before + 1:,}".replace(",", "\u202f"), timeout=APPEARS)
    page.bring_to_front()
    queue.forget(site.tools, OPERATOR, number)
    expect(row).to_have_count(0, timeout=APPEARS)


def test_what_waits_to_be_collected(person: NewPerson, site: Server) -> None:
    shelf = pushed(site, site.project(), "1.0")
    page = person(admin=True).open("/admin/storage")
    trash = page.locator("dl > div").filter(has_text="In the trash").locator("dd").first
    before = trash.inner_text()
    selection.delete(site.tools, OPERATOR, shelf.path, selection.Wanted(("1.0",)))
    expect(trash).not_to_have_text(before, timeout=APPEARS)
