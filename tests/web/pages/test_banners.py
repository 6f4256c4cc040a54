"""What stands above every page of a place: a limit that fills up, and a registry that is switched off."""

import pytest
from playwright.sync_api import expect

from tests.domain.shelf import Shelf
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from wharfinger.domain import groups, projects, quotas
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import RegistryAccess

USED = 100_000
PAGES = ("", "/-/registry", "/-/members", "/-/usage")


def filled(site: Server, percent: int) -> str:
    """A project whose limit is filled so far."""
    shelf = Shelf(site.tools)
    shelf.image(b"x" * USED, tag="v1")
    used = quotas.show(site.tools, OPERATOR, shelf.project)[0].used_bytes
    quotas.set_limit(site.tools, OPERATOR, shelf.project, used * 100 // percent)
    return shelf.project


@pytest.mark.parametrize(
    ("percent", "said", "kind"),
    [(70, "70 % full", "alert-info"), (85, "85 % full", "alert-warning"), (95, "95 % full", "alert-error"),
     (100, "full: pushes are refused, pulling and deleting go on", "alert-error"),
     (150, "full: pushes are refused, pulling and deleting go on", "alert-error")],
)  # fmt: skip
def test_a_limit_that_fills_up(person: NewPerson, site: Server, percent: int, said: str, kind: str) -> None:
    path = filled(site, percent)
    ada = person(projects.get(site.tools, OPERATOR, path), "reporter")
    for page in PAGES:
        banner = ada.open(f"/{path}{page}").get_by_role("note")
        expect(banner).to_contain_text(f"The storage of {path} is {said}")
        assert kind in (banner.get_attribute("class") or "")
    ada.check(f"banner-{percent}")
    banner.get_by_role("link", name=path).click()
    expect(ada.page.get_by_role("heading", name="Limits")).to_be_visible()


def test_a_limit_with_room_is_not_spoken_of(person: NewPerson, site: Server) -> None:
    path = filled(site, 69)
    page = person(projects.get(site.tools, OPERATOR, path), "reporter").open(f"/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)


def test_a_limit_of_the_group_is_told_in_its_projects(person: NewPerson, site: Server) -> None:
    shelf = Shelf(site.tools)
    shelf.image(b"x" * USED, tag="v1")
    group = shelf.project.rpartition("/")[0]
    quotas.set_limit(site.tools, OPERATOR, group, USED)
    member = person(projects.get(site.tools, OPERATOR, shelf.project), "reporter")
    owner, stranger = person(groups.get(site.tools, OPERATOR, group), "reporter"), person()
    for page in (f"/{group}", f"/{shelf.project}"):
        expect(owner.open(page).get_by_role("note")).to_contain_text(f"The storage of {group} is full")
    expect(stranger.open(f"/{group}").get_by_role("note")).to_have_count(0)
    expect(member.open(f"/{shelf.project}").get_by_role("heading", level=1)).to_be_visible()


def test_a_registry_that_is_switched_off(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="public")
    projects.change(site.tools, OPERATOR, project.path, registry_access=RegistryAccess.DISABLED)
    keeper, developer = person(project, "maintainer"), person(project, "developer")
    for page in ("", "/-/members", "/-/usage"):
        note = developer.open(f"/{project.path}{page}").get_by_role("note")
        expect(note).to_contain_text("nobody can pull, push or delete them")
    expect(note.get_by_role("link")).to_have_count(0)
    page = keeper.open(f"/{project.path}")
    keeper.check("banner-off")
    page.get_by_role("note").get_by_role("link", name="Switch it on again").click()
    page.get_by_label("Whoever sees the project").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    expect(page.get_by_role("note")).to_have_count(0)
