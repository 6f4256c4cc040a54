"""Everything with the keyboard alone: reached by Tab, seen where it is, left by Escape."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.harbour import Harbour, furnish

REACHABLE = """() => {
  const all = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
  const shown = (one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0;
  const chosen = (one) => one.type !== "radio" || one.checked
    || ![...document.getElementsByName(one.name)].some((other) => other.checked && other.form === one.form);
  const found = all.filter((one) => shown(one) && chosen(one));
  found.forEach((one, number) => { one.dataset.number = number; });
  return found.map((one) => one.outerHTML.slice(0, 160));
}"""
STANDING = """() => {
  const one = document.activeElement;
  const ringed = (part) => {
    const style = part && getComputedStyle(part);
    return style && (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
  };
  const ring = ringed(one) || ringed(one.closest("label.input, label.select"));  // an icon stands in the field with it
  const box = one.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  return {number: one.dataset.number ?? "", seen: ring && inside, html: one.outerHTML.slice(0, 160)};
}"""
PAGES = (
    "/", "/projects", "/groups", "/groups/new", "/profile", "/profile/tokens", "/profile/sessions", "/help/refused",
    "/search?q=web",
    "/{place:place}", "/{place:place}/-/registry", "/{place:place}/-/registry/{id}",
    "/{place:place}/-/registry/{id}/rename", "/{place:place}/-/registry/{id}/bulk",
    "/{place:place}/-/registry/{id}/tags/{name}", "/{place:place}/-/registry/{id}/compare?from=1.0&to=1.1",
    "/{place:place}/-/members", "/{place:place}/-/cleanup", "/{place:place}/-/protection", "/{place:place}/-/usage",
    "/{place:place}/-/trash", "/{place:place}/-/settings", "/admin", "/admin/users",
    "/admin/users/{username}/tokens", "/admin/tokens", "/admin/deploy_tokens", "/admin/jobs", "/admin/audit",
)  # fmt: skip


@pytest.fixture(scope="module")
def harbour(site: Server) -> Harbour:
    return furnish(site)


@pytest.mark.parametrize("route", PAGES)
def test_everything_is_reached_and_seen(person: NewPerson, harbour: Harbour, route: str) -> None:
    page = person(admin=True).open(harbour.path(route))
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    wanted = page.evaluate(REACHABLE)
    reached: set[str] = set()
    for _ in range(len(wanted) * 2 + 10):  # a field for a date takes several
        page.keyboard.press("Tab")
        at = page.evaluate(STANDING)
        assert at["seen"] or not at["number"], f"one cannot see where one is: {at['html']}"
        reached.add(at["number"])
        if len(reached - {""}) == len(wanted):
            break
    missing = [html for number, html in enumerate(wanted) if str(number) not in reached]
    assert not missing, "\n".join(missing)


def focus(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError("Tab does not lead there")


def test_the_first_thing_is_a_way_past_the_head(person: NewPerson, harbour: Harbour) -> None:
    page = person(admin=True).open(harbour.path("/{place:place}"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_dialog_holds_the_focus_and_gives_it_back(person: NewPerson, harbour: Harbour) -> None:
    page = person(admin=True).open(harbour.path("/{place:place}/-/settings"))
    opener = page.get_by_role("button", name="Delete project")
    focus(page, opener)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("to go on")).to_be_focused()
    inside = "dialog => dialog.contains(document.activeElement) || document.activeElement === document.body"
    for _ in range(8):
        page.keyboard.press("Tab")
        assert dialog.evaluate(inside), page.evaluate(STANDING)["html"]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Keep it").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_menu_opens_and_closes(person: NewPerson) -> None:
    page = person().open("/groups")
    menu = page.get_by_label("Account of")
    focus(page, menu)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Profile")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile")).to_be_hidden()
    expect(menu).to_be_focused()


def test_what_was_found_is_reached_from_the_field(person: NewPerson, harbour: Harbour) -> None:
    page = person(admin=True).open("/groups")
    box = page.get_by_role("searchbox", name="Search projects")
    focus(page, box)
    page.keyboard.type(f"{harbour.project}/web:1.1")
    expect(page.get_by_role("link", name=f"{harbour.project}/web:1.1")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#found-anywhere a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/-/registry/**")


def test_an_image_is_deleted_and_brought_back(person: NewPerson, harbour: Harbour) -> None:
    page = person(admin=True).open(harbour.path("/{place:place}/-/registry/{id}"))
    focus(page, page.get_by_label("Tick 1.0"))
    page.keyboard.press("Space")
    focus(page, page.get_by_role("button", name="Delete ticked (1)"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 tag?")
    focus(page, page.get_by_role("button", name="Move 1 tag to the trash"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 tag is in the trash")).to_be_visible()
    focus(page, page.get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()
