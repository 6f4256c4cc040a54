"""What people see of usage, and how limits are set in a browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from tests.domain.shelf import Shelf
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from wharfinger.db import meters
from wharfinger.db.tables.usage import meter_samples
from wharfinger.domain import members, pull, quotas
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import Role

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def shelf(site: Server) -> Shelf:
    """A project that grew for three weeks, with a little in the trash."""
    shelf = Shelf(site.tools)
    group = shelf.project.rpartition("/")[0]
    Shelf(site.tools, "tool", site.project(f"{group}/tools")).image(b"shared" * 200_000, tag="v1")
    shelf.image(b"shared" * 200_000, b"own" * MIB, tag="v1")
    shelf.image(b"web" * 300_000, tag="v1", path=shelf.other)
    shelf.image(b"old" * 100_000, tag="old")
    shelf.image(b"loose" * 10_000)
    shelf.delete("old")
    quotas.add_up(site.tools)
    with site.tools.db.begin() as tx:
        for path in (shelf.project, group, ""):
            meter, now = meters.at(tx, path), site.tools.clock()
            used = quotas.line(tx, path)[0].used_bytes
            rows = [
                {"meter_id": meter, "at": now - timedelta(days=day), "used_bytes": used - used * day // 25}
                for day in range(1, 22)
            ]
            tx.execute(insert(meter_samples), rows)
    return shelf


def test_usage_of_a_project_and_its_limit(person: NewPerson, site: Server, shelf: Shelf) -> None:
    group = site.tools and shelf.project.rpartition("/")[0]
    root = person(admin=True)
    page = root.open(f"/{shelf.project}/-/usage")
    figures = page.get_by_role("definition")
    expect(figures.filter(has_text="are used here alone")).to_contain_text(f"elsewhere in {group}")
    expect(page.get_by_text("In the trash")).to_be_visible()
    expect(page.get_by_role("img", name="From")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="/app")).to_be_visible()
    page.get_by_label("New limit").fill("5.5 MiB")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("status").first).to_contain_text("The limit is 5.5 MiB now")
    expect(page.get_by_text("it is full in about")).to_be_visible()
    expect(page.get_by_role("note")).to_contain_text(f"The storage of {shelf.project} is 9")
    root.check("usage-project")
    page.get_by_label("New limit").fill("much")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("alert")).to_contain_text("is no size")
    page.get_by_label("New limit").fill("1 MiB")
    page.get_by_role("button", name="Set limit").click()
    page.goto(f"/{shelf.project}")
    expect(page.get_by_role("note")).to_contain_text("full: pushes are refused")
    page.goto(f"/{shelf.project}/-/usage")
    page.get_by_label("New limit").fill("")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("status").first).to_contain_text("The limit is lifted")


def test_usage_of_a_group_with_a_limit_for_each_project(person: NewPerson, site: Server, shelf: Shelf) -> None:
    group = shelf.project.rpartition("/")[0]
    root = person(admin=True)
    page = root.open(f"/{group}/-/usage")
    expect(page.get_by_role("link", name=shelf.project)).to_be_visible()
    page.get_by_label("New limit").fill("40 MiB")
    page.get_by_label("Each project in it").check()
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_text("Now: 40.0 MiB")).to_be_visible()
    root.check("usage-group")
    reader = person()
    members.add(site.tools, OPERATOR, group, reader.username, Role.REPORTER)
    said = reader.open(f"/{group}/-/usage").get_by_text("Each project in it that has no limit of its own: 40.0 MiB")
    expect(said).to_be_visible()
    page.goto(f"/{shelf.project}/-/usage")
    expect(page.get_by_text(f"Inherited from {group}")).to_be_visible()


def test_usage_of_the_whole_registry(person: NewPerson, shelf: Shelf) -> None:
    root = person(admin=True)
    page = root.open("/admin/usage")
    expect(page.get_by_role("link", name=shelf.project)).to_be_visible()
    root.check("admin-usage")


def test_who_sees_it(person: NewPerson, site: Server, shelf: Shelf) -> None:
    inside, stranger = person(site.project(), "owner"), person()
    page = stranger.page
    answer = page.goto(f"/{shelf.project}/-/usage")
    assert answer is not None
    assert answer.status == 404
    own = person(site_project := site.project(), "owner").open(f"/{site_project.path}/-/usage")
    expect(own.get_by_role("heading", name="Limits")).to_be_visible()
    expect(own.get_by_label("New limit")).to_have_count(0)
    assert inside.page.goto("/admin/usage").status == 404  # type: ignore[union-attr]


def test_limits_are_for_owners_of_what_is_above(site: Server, shelf: Shelf) -> None:
    assert quotas.may_limit(site.tools, OPERATOR, shelf.project)


def test_what_nobody_pulls(person: NewPerson, shelf: Shelf) -> None:
    root = person(admin=True)
    page = root.open(f"/{shelf.project}/-/usage/unpulled")
    expect(page.get_by_text("within 90 days")).to_be_visible()
    page.get_by_label("Neither pulled nor pushed for").fill("0")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name=f"{shelf.path}:v1")).to_be_visible()
    root.check("usage-unpulled")


def test_what_is_pulled_how_often(person: NewPerson, site: Server) -> None:
    group = site.group()
    often, lately = (Shelf(site.tools, name, site.project(f"{group.path}/{name}")) for name in ("often", "lately"))
    for shelf, times in ((often, 3), (lately, 1)):
        shelf.image(shelf.path.encode(), tag="v1")
        for _ in range(times):
            pull.count(site.tools, pull.manifest(site.tools, shelf.caller, shelf.path, "v1"), "v1")
        site.tools.uses.flush(site.tools.db)
    ada = person(group, "guest")
    page = ada.open(f"/{group.path}/-/usage/pulls")
    expect(page.locator("dl > div").filter(has_text="of all images here")).to_contain_text("4")
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text(often.path)
    expect(rows.first.locator("[data-of=Pulls]")).to_have_text("3")
    expect(rows).to_have_count(2)
    ada.check("usage-pulls")
    page.get_by_label("Sort by").select_option("Last pull")
    expect(rows.first).to_contain_text(lately.path)
    rows.first.get_by_role("link").click()
    expect(page.locator("dl > div").filter(has_text="Pulled")).to_contain_text("1 time, last")
    page.goto(f"/{group.path}/-/registry?sort=pulls")
    expect(rows.first.locator("[data-of=Pulled]")).to_contain_text("3 times")
    ada.check("registry-pulls")
