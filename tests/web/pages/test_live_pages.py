"""Whole pages keep themselves up to date, and leave alone what somebody is at."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import insert, update

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.harbour import let_it_have_grown
from tests.web.pages.test_live import APPEARS, pushed
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.db import meters
from wharfinger.db.tables.sessions import sessions as rows
from wharfinger.db.tables.usage import meter_samples
from wharfinger.domain import audit, members, projects, protection, selection, sessions, tokens, trash, users, webhooks
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules.notifications import Subject
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role

AGAIN = {"hx-request": "true", "hx-request-type": "full", "x-again": "true"}


def come_back(page: Page) -> None:
    """What a browser tells a page that somebody looks at again: then it does not wait for its time."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_tag_that_moves(person: NewPerson, site: Server) -> None:
    project = site.project()
    shelf = pushed(site, project, "1.0")
    page = person(project, "guest").open(f"/{project.path}/-/registry")
    page.get_by_role("link", name="web", exact=True).click()
    page.get_by_role("link", name="1.0", exact=True).click()
    before = page.get_by_role("definition").filter(has_text="sha256:").first.inner_text()
    page.get_by_text("Raw manifest", exact=True).click()
    page.get_by_role("button", name="Copy the digest").focus()
    page.evaluate("window.scrollTo(0, 200)")
    shelf.container({"os": "linux", "architecture": "arm64"}, b"other" * 900, tag="1.0")
    expect(page.get_by_text("linux/arm64", exact=True)).to_be_visible(timeout=APPEARS)
    expect(page.get_by_role("definition").filter(has_text="sha256:").first).not_to_have_text(before)
    expect(page.get_by_role("button", name="Copy the digest")).to_be_focused()
    expect(page.get_by_label("Raw manifest")).to_be_visible()
    assert page.evaluate("window.scrollY") == 200


def test_a_tag_that_goes_and_comes_back(person: NewPerson, site: Server) -> None:
    project = site.project()
    shelf = pushed(site, project, "1.0")
    page = person(project, "guest").open(f"/{project.path}/-/registry")
    page.get_by_role("link", name="web", exact=True).click()
    page.get_by_role("link", name="1.0", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1.0")
    act = selection.delete(site.tools, OPERATOR, shelf.path, selection.Wanted(("1.0",)))
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here", timeout=APPEARS)
    selection.undo(site.tools, OPERATOR, project.path, act.batch)
    expect(page.get_by_role("heading", level=1)).to_have_text("1.0", timeout=APPEARS)


def test_figures_and_chart_of_usage(person: NewPerson, site: Server) -> None:
    project = site.project()
    pushed(site, project, "1.0")
    let_it_have_grown(site, project.path)
    page = person(project, "maintainer").open(f"/{project.path}/-/usage")
    used = page.locator("dl > div").filter(has_text="Used").locator("dd").first
    chart, before = page.get_by_role("img", name="From "), used.inner_text()
    line = chart.locator(".chart-line").get_attribute("d") or ""
    pushed(site, project, "2.0", "more")
    with site.tools.db.begin() as tx:
        row = {"meter_id": meters.at(tx, project.path), "at": site.tools.clock(), "used_bytes": 1}
        tx.execute(insert(meter_samples), [row])
    come_back(page)
    expect(used).not_to_have_text(before, timeout=APPEARS)
    expect(chart.locator(".chart-line")).not_to_have_attribute("d", line)


def _member(site: Server, project: Project) -> str:
    user = site.user()
    members.add(site.tools, OPERATOR, project.path, user.username, Role.REPORTER)
    return user.username


def _rule(site: Server, project: Project) -> str:
    protection.add(site.tools, OPERATOR, project.path, Rule(Kind.TAG, "^release", push=Level.OWNER))
    return "^release"


def _token(site: Server, project: Project) -> str:
    tokens.create_deploy(site.tools, OPERATOR, project.path, "a late token", ["read_registry"])
    return "a late token"


def _webhook(site: Server, project: Project) -> str:
    webhooks.create(site.tools, OPERATOR, project.path, "https://hooks.invalid/late", [Subject.PUSH])
    return "https://hooks.invalid/late"


def _event(site: Server, project: Project) -> str:
    projects.change(site.tools, OPERATOR, project.path, description="told anew")
    assert audit.page(site.tools, OPERATOR, project.path, audit.Wanted(), last=None, limit=1) is not None
    return "told anew"


@pytest.mark.parametrize(
    ("path", "change"),
    [("members", _member), ("protection", _rule), ("tokens", _token), ("webhooks", _webhook), ("audit", _event)],
)
def test_what_others_do(person: NewPerson, site: Server, path: str, change: Callable[[Server, Project], str]) -> None:
    project = site.project()
    page = person(project, "owner").open(f"/{project.path}/-/{path}")
    said = change(site, project)
    come_back(page)
    expect(page.get_by_role("row").filter(has_text=said).first).to_be_visible(timeout=APPEARS)


def test_groups(person: NewPerson, site: Server) -> None:
    group = site.group()
    ada = person(group, "owner")
    windows = [ada.open(f"/{group.path}"), ada.context.new_page()]
    windows[1].goto("/groups")
    windows[1].get_by_label("Find a group").fill(group.path)
    expect(windows[1].get_by_role("row")).to_have_count(2)
    inner = site.group(f"{group.path}/inner")
    for page in windows:
        page.bring_to_front()
        come_back(page)
        expect(page.get_by_role("link", name=inner.path)).to_be_visible(timeout=APPEARS)


def test_the_focus_is_not_lost_with_what_had_it(person: NewPerson, site: Server) -> None:
    """What goes takes its buttons along: then the page itself has the focus, not the top of the document."""
    project = site.project()
    shelf = pushed(site, project, "1.0")
    pushed(site, project, "2.0")
    for tag in ("1.0", "2.0"):
        selection.delete(site.tools, OPERATOR, shelf.path, selection.Wanted((tag,)))
    page = person(project, "maintainer").open(f"/{project.path}/-/trash")
    page.get_by_role("button", name="Restore 2.0").focus()
    tags = {one.name: one.id for one in trash.list_trash(site.tools, OPERATOR, project.path, limit=5)}
    trash.restore(site.tools, OPERATOR, project.path, tags["1.0"])
    expect(page.get_by_role("button", name="Restore 1.0")).to_have_count(0, timeout=APPEARS)
    expect(page.get_by_role("button", name="Restore 2.0")).to_be_focused()
    trash.restore(site.tools, OPERATOR, project.path, tags["2.0"])
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible(timeout=APPEARS)
    expect(page.get_by_role("main")).to_be_focused()


def test_what_is_being_typed_stays(person: NewPerson, site: Server) -> None:
    """Somebody else saves the same form meanwhile."""
    project = site.project()
    page = person(project, "maintainer").open(f"/{project.path}/-/settings")
    page.get_by_label("Description").fill("half a sent")
    page.get_by_label("Name for people").focus()
    projects.change(site.tools, OPERATOR, project.path, name="Renamed meanwhile", description="theirs")
    page.evaluate(
        "() => new Promise((done) => { document.addEventListener('htmx:after:swap', () => done(), {once: true});"
        " document.dispatchEvent(new Event('visibilitychange')); })"
    )
    expect(page.get_by_label("Description")).to_have_value("half a sent")
    assert page.get_by_label("Name for people").input_value() != "Renamed meanwhile"


def test_a_server_that_fails_changes_nothing(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "guest").open(f"/{project.path}")
    for status, body in ((502, "<html><h1>Bad gateway</h1></html>"), (503, "<main id='main'>no</main>"), (404, "gone")):
        answer: Callable[[Route], None] = partial(Route.fulfill, status=status, content_type="text/html", body=body)
        page.route("**/*", answer)
        with page.expect_response(lambda answer: answer.request.headers.get("x-again") == "true"):
            come_back(page)
        expect(page.get_by_role("heading", level=1)).to_have_text(project.name)
        page.unroute("**/*")


def test_who_is_signed_out_is_led_to_sign_in(person: NewPerson, site: Server) -> None:
    project = site.project()
    ada = person(project, "guest")
    page = ada.open(f"/{project.path}/-/members")
    ada.context.clear_cookies()
    come_back(page)
    page.wait_for_url("**/login?next=*members*")


def test_looking_again_keeps_nobody_signed_in(site: Server) -> None:
    visitor = somebody(site)
    long_ago = site.tools.clock() - sessions.NOTED_EVERY * 3
    with site.tools.db.begin() as tx:
        mine = rows.c.user_id == users.get(site.tools, OPERATOR, visitor.username).id
        tx.execute(update(rows).values(seen_at=long_ago).where(mine))
    assert visitor.get("/", headers=AGAIN).status_code == 200
    assert _seen(site, visitor) == long_ago
    assert visitor.get("/").status_code == 200
    assert _seen(site, visitor) > long_ago


def _seen(site: Server, visitor: Visitor) -> datetime:
    found = sessions.find(site.tools, visitor.session, "192.0.2.1", noted=False)
    assert found is not None
    return found.session.seen_at


def test_the_bars_of_somebody_who_becomes_more(person: NewPerson, site: Server) -> None:
    """What a new role opens is in the side bar and above without a reload, and the focus stays where it is."""
    project = site.project()
    ada = person(project, "guest")
    page = ada.open(f"/{project.path}/-/members")
    side, above = page.get_by_role("navigation", name=f"In {project.name}"), page.get_by_label("Main", exact=True)
    expect(side.get_by_role("link")).to_have_text(["Overview", "Container Registry", "Members"])
    side.get_by_role("link", name="Container Registry").focus()
    members.add(site.tools, OPERATOR, project.path, ada.username, Role.MAINTAINER)
    come_back(page)
    expect(side.get_by_role("link", name="Settings")).to_be_visible(timeout=APPEARS)
    users.change(site.tools, OPERATOR, ada.username, admin=True)
    come_back(page)
    expect(above.get_by_role("link", name="Admin")).to_be_visible(timeout=APPEARS)
    expect(side.get_by_role("link", name="Container Registry")).to_be_focused()
    expect(side.locator("[aria-current]")).to_have_text("Members")
    side.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Settings")
