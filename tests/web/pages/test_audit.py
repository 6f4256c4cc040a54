"""The audit log and webhooks in a browser."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.receiver import Receiver, Reply, listening
from tests.serving import Server, until
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.test_places import press
from wharfinger.domain import chain, members, repositories, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.repositories import Filter
from wharfinger.rules.notifications import Subject
from wharfinger.rules.roles import Role


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made


@pytest.fixture(scope="module")
def allowing(tmp_path_factory: pytest.TempPathFactory, stylesheet: None) -> Iterator[Server]:
    """A server that may ask the loopback."""
    changes = {"server": {"workers": 1}, "outbound": {"allow": ["127.0.0.0/8"], "timeout": "2s"}}
    made = Server(tmp_path_factory.mktemp("allowing"), changes).start()
    yield made
    made.stop()


def sealed(server: Server) -> None:
    assert until(lambda: not chain.anything_waits(server.tools))


def test_the_log_of_a_project(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="private")
    ada = person(project, "maintainer")
    somebody = site.user(project, "developer")
    members.add(site.tools, OPERATOR, project.path, somebody.username, Role.REPORTER)
    pushed = Registry(site.url, somebody.username, site.token(site.user(project, "developer"))).push(
        f"{project.path}/web", image(), "v1"
    )
    sealed(site)
    page = ada.open(f"/{project.path}")
    page.get_by_role("link", name="Audit").click()
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Manifest pushed")
    expect(rows.nth(1)).to_contain_text("from 127.0.0.1")
    expect(page.get_by_text("role: developer → reporter")).to_be_visible()
    ada.check("audit-project", hidden=["time"])
    page.get_by_label("What").select_option("member changed")
    press(page, "Search")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="All of it").click()
    page.get_by_label("Words or an image").fill(f"{project.path}/web:v1")
    press(page, "Search")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").nth(1)).to_contain_text("Manifest pushed")
    expect(page.get_by_label("Words or an image")).to_have_value(f"{project.path}/web:v1")
    ada.check("audit-search", hidden=["time"])
    page.get_by_label("From day").fill("2099-01-01")
    press(page, "Search")
    expect(page.get_by_text("Nothing like that happened")).to_be_visible()
    page.get_by_role("link", name="All of it").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as JSON lines").click()
    lines = download.value.path().read_text().splitlines()
    assert json.loads(lines[0])["about"]["digest"] == pushed.digest
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.path().read_text().startswith("number,at,kind,actor")
    (repository,) = repositories.list_repositories(site.tools, OPERATOR, Filter(project=project.path)).items
    page.goto(f"/{project.path}/-/registry/{repository.id}/tags/v1")
    page.get_by_role("link", name="Chain of custody").click()
    expect(page.get_by_role("row")).to_have_count(2)
    ada.check("custody", hidden=["time"])


def test_the_log_of_the_installation(person: NewPerson, site: Server) -> None:
    sealed(site)
    root = person(admin=True)
    page = root.open("/admin/audit")
    expect(page.get_by_role("heading", name="The chain")).to_be_visible()
    root.check("audit-admin", hidden=["time", "table"])
    page.get_by_label("Who").fill("nobody-of-this-name")
    press(page, "Search")
    expect(page.get_by_text("Nothing like that happened")).to_be_visible()


def test_who_sees_the_log(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="public")
    developer = person(project, "developer")
    for path, status in ((f"/{project.path}/-/audit", 403), (f"/{project.path}/-/audit/export", 403),
                         ("/admin/audit", 404), ("/admin/audit/export", 404), ("/admin/webhooks", 404),
                         (f"/{project.path}/-/webhooks", 403)):  # fmt: skip
        response = developer.page.goto(path)
        assert response is not None
        assert response.status == status
    expect(developer.open(f"/{project.path}").get_by_role("link", name="Audit")).to_have_count(0)
    assert httpx.get(f"{site.url}/{project.path}/-/audit/export").status_code in (303, 401)


def test_life_of_a_webhook(person: NewPerson, allowing: Server, receiver: Receiver) -> None:
    project = allowing.project(visibility="private")
    ada = person(project, "maintainer", server=allowing)
    page = ada.open(f"/{project.path}")
    page.get_by_role("link", name="Webhooks").click()
    ada.check("webhooks-empty")
    page.get_by_label("URL").fill("ftp://nowhere.example/")
    page.get_by_role("button", name="Add webhook").evaluate("button => button.form.noValidate = true")
    press(page, "Add webhook")
    expect(page.get_by_role("alert")).to_contain_text("no URL that can be told of events")
    page.get_by_label("URL").fill(f"{receiver.url}/in")
    page.get_by_label("Name").fill("deployer")
    press(page, "Add webhook")
    expect(page.get_by_role("heading", name="The webhook is there")).to_be_visible()
    expect(page.get_by_text("whsec_")).to_be_visible()
    ada.check("webhook-new", hidden=["pre"])
    page.get_by_role("link", name="See it, and send a test").click()
    press(page, "Send a test")
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    assert json.loads(receiver.received[0].body)["type"] == "wharfinger.webhook.tested"
    receiver.answer = lambda _: Reply(500, body=b"out of <b>order</b>")
    press(page, "Send a test")
    expect(page.get_by_role("heading", name="It did not arrive")).to_be_visible()
    ada.check("webhook", hidden=["time"])
    page.get_by_role("button", name="Look").first.click()
    expect(page.get_by_label("The answer").first).to_have_text("out of <b>order</b>")
    for name in ("content-type", "webhook-id", "wharfinger-event"):
        told = page.get_by_label("Its headers").first
        expect(told).to_contain_text(f"{name}: {receiver.received[-1].headers[name]}")
    ada.check("webhook-delivery", hidden=["time", "pre"])
    receiver.answer = lambda _: Reply()
    page.get_by_role("button", name="Send it again").first.click()
    expect(page.get_by_role("heading", name="It arrived")).to_be_visible()
    page.get_by_label("Delete").uncheck()
    press(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    (made,) = webhooks.list_webhooks(allowing.tools, OPERATOR, project.path)
    assert (made.name, made.subjects) == ("deployer", (Subject.PUSH,))
    page.goto(f"/{project.path}/-/webhooks")
    ada.check("webhooks", hidden=["time"])
    page.get_by_role("link", name="deployer").click()
    press(page, "Remove")
    confirm(page, "Remove", "deployer")
    expect(page.get_by_role("status").first).to_contain_text("The webhook is removed.")


def test_a_webhook_that_was_given_up_is_enabled_again(person: NewPerson, site: Server) -> None:
    project = site.project()
    ada = person(project, "maintainer")
    made, _ = webhooks.create(site.tools, OPERATOR, project.path, "https://hooks.example.com/", [Subject.PUSH])
    with site.tools.db.begin() as tx:
        webhooks.rows.change(tx, made.id, disabled_at=site.tools.clock(), failing_since=site.tools.clock())
    page = ada.open(f"/{project.path}/-/webhooks/{made.id}")
    expect(page.get_by_role("alert")).to_contain_text("Given up")
    ada.check("webhook-given-up", hidden=["time"])
    press(page, "Enable it again")
    expect(page.get_by_role("status").first).to_contain_text("told of what happens again")


def test_webhooks_of_the_installation_are_for_administrators(person: NewPerson, site: Server) -> None:
    root = person(admin=True)
    page = root.open("/admin/webhooks")
    if not page.get_by_label("URL").is_visible():
        page.get_by_text("Add a webhook").click()
    page.get_by_label("URL").fill("http://localhost:1/")
    press(page, "Add webhook")
    page.get_by_role("link", name="See it, and send a test").click()
    press(page, "Send a test")
    expect(page.get_by_role("heading", name="It did not arrive")).to_be_visible()
    expect(page.get_by_text("[outbound] allow").first).to_be_visible()
    root.check("webhook-admin", hidden=["time"])
