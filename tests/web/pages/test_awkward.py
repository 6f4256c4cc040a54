"""Names that are long, or written from right to left; systems that paint with colours of their own."""

import pytest
from playwright.sync_api import expect

from tests.domain.gallery import Gallery
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import PHONE
from wharfinger.domain import projects, protection
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Level, Rule

INSIDE = """() => [...document.querySelectorAll("main *")].filter((one) => {
  const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim());
  return text && one.checkVisibility() && !one.closest("pre, .sr-only, thead, caption, select")
    && one.getBoundingClientRect().right > innerWidth + 1;
}).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("page_of", ["", "/-/registry", "/-/members", "/-/usage", "/-/settings/ci_cd", "/-/protection"])
def test_long_names_are_seen_in_full_on_a_phone(person: NewPerson, site: Server, page_of: str) -> None:
    group = site.group(f"{site.group().path}/{'a-long-way-to-go' * 4}")
    project = site.project(f"{group.path}/{'warehouse' * 7}")
    projects.change(site.tools, OPERATOR, project.path, name="مشروع المتجر 🛒")
    Gallery(site.tools, "image" * 12, project).container({"os": "linux", "architecture": "amd64"}, b"x", tag="t" * 100)
    ada = person(project, "owner")
    ada.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page = ada.open(f"/{project.path}{page_of}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(INSIDE) == []


def test_where_one_is_is_seen_without_our_colours(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "owner").open(f"/{project.path}/-/members")
    page.emulate_media(forced_colors="active")
    here = page.get_by_role("navigation", name="In ").get_by_role("link", name="Members")
    other = page.get_by_role("navigation", name="In ").get_by_role("link", name="Usage")
    style = "one => getComputedStyle(one).outlineStyle"
    assert (here.evaluate(style), other.evaluate(style)) == ("solid", "none")


def test_a_rule_is_changed(person: NewPerson, site: Server) -> None:
    project = site.project()
    protection.add(site.tools, OPERATOR, project.path, Rule(Kind.TAG, "^v", push=Level.OWNER))
    page = person(project, "maintainer").open(f"/{project.path}/-/protection")
    page.get_by_role("button", name="Change ^v").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Who may push")).to_have_value("owner")
    expect(dialog.get_by_label("Who may delete")).to_have_value("")
    dialog.get_by_label("Pattern of the tags").fill("^release")
    dialog.get_by_label("Who may delete").select_option("admin")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="^release")).to_contain_text("Administrators only")
    (kept,) = protection.list_rules(site.tools, OPERATOR, project.path)
    assert kept.rule == Rule(Kind.TAG, "^release", push=Level.OWNER, delete=Level.ADMIN)
