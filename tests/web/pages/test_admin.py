"""What administrators see and do in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.visitor import somebody
from wharfinger.domain import queue, users
from wharfinger.domain.access import OPERATOR

PAGES = ["", "/users", "/groups", "/tokens", "/deploy_tokens", "/jobs", "/storage", "/settings"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_administrators_alone(person: NewPerson, path: str) -> None:
    stranger = person()
    answer = stranger.page.goto(f"/admin{path}")
    assert answer is not None
    assert answer.status == 404


def test_every_page(person: NewPerson, site: Server) -> None:
    with site.tools.db.begin() as tx:
        queue.put(tx, site.tools, "no such task", {"about": "nothing"})
    root = person(admin=True)
    for path in PAGES:
        root.open(f"/admin{path}")
        root.check(f"admin{path.replace('/', '-')}")


def test_a_user_is_made_and_signs_in(person: NewPerson) -> None:
    root, username = person(admin=True), fresh("newcomer")
    page = root.open("/admin/users")
    page.get_by_text("Create a user").click()
    page.get_by_label("User name").fill(username)
    page.get_by_label("Name", exact=False).nth(1).fill("New Comer")
    page.get_by_role("button", name="Create user").click()
    password = page.get_by_label("Command").inner_text()
    root.check("user-new", hidden=["section code"])
    newcomer = person(None)
    newcomer.username, newcomer.password = username, password
    newcomer.sign_in_form().wait_for_url("**/login/password")


def test_a_user_is_blocked_signed_out_and_let_in_again(person: NewPerson) -> None:
    root, ada = person(admin=True), person()
    page = root.open(f"/admin/users/{ada.username}")
    page.get_by_role("button", name="Block").click()
    page.get_by_role("dialog").get_by_role("button", name="Block").click()
    expect(page.get_by_role("status").first).to_contain_text("are blocked")
    ada.open("/profile")
    assert "/login" in ada.page.url
    ada.sign_in_form()
    expect(ada.page.get_by_role("alert")).to_contain_text("is blocked")
    page.get_by_role("button", name="Unblock").click()
    page.get_by_role("dialog").get_by_role("button", name="Unblock").click()
    ada.sign_in()


def test_a_user_is_made_administrator_and_deleted(person: NewPerson) -> None:
    root, ada = person(admin=True), person()
    page = root.open(f"/admin/users/{ada.username}")
    page.get_by_label("Administrator").check()
    page.get_by_role("button", name="Save").click()
    assert ada.page.goto("/admin").status == 200  # type: ignore[union-attr]
    page.get_by_label("Administrator").uncheck()
    page.get_by_role("button", name="Save").click()
    assert ada.page.goto("/admin").status == 404  # type: ignore[union-attr]
    page.get_by_role("button", name="Delete user").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(ada.username)
    page.get_by_role("dialog").get_by_role("button", name="Delete user").click()
    expect(page.get_by_role("status").first).to_contain_text("is deleted")


def names_of(page: Page) -> list[str]:
    """The user names in the list, in its order."""
    return page.get_by_role("main").locator("tbody a").all_inner_texts()


def test_users_are_filtered_and_sorted(person: NewPerson, site: Server) -> None:
    word = fresh("crew")
    first, second, third = (
        users.create(site.tools, OPERATOR, f"{letter}-{word}", name="Größe").username for letter in "bca"
    )
    users.block(site.tools, OPERATOR, second)
    root = person(admin=True)
    page = root.open("/admin/users")
    page.get_by_label("Find a user").fill(word)
    expect(page.locator("#found tbody tr")).to_have_count(3)
    assert names_of(page) == [third, first, second]
    for order, found in (
        ("Newest first", [third, second, first]),
        ("User name, from Z", [second, first, third]),
        ("Oldest first", [first, second, third]),
    ):
        page.get_by_label("Sort by").select_option(order)
        expect(page.get_by_label("Find a user")).to_have_value(word)
        expect(page.locator("#found tbody a")).to_have_text(found)
    page.get_by_label("Show", exact=True).select_option("Blocked")
    expect(page.locator("#found tbody a")).to_have_text([second])
    root.check("admin-users-blocked", ("time",))
    page.get_by_label("Find a user").fill("größe")
    expect(page.locator("#found tbody a").filter(has_text=second)).to_be_visible()
    page.get_by_label("Show", exact=True).select_option("Active")
    expect(page.get_by_label("Sort by")).to_have_value("oldest")
    expect(page.locator("#found tbody a").filter(has_text=second)).to_have_count(0)


def test_filter_and_order_go_on_to_the_next_page(site: Server) -> None:
    word, root = fresh("many"), somebody(site, admin=True)
    made = [users.create(site.tools, OPERATOR, f"{word}-{number:02}").username for number in range(52)]
    users.block(site.tools, OPERATOR, made[7])
    first = root.get("/admin/users", params={"q": word, "state": "active", "sort": "newest"}).text
    found = re.search(r'href="(/admin/users\?[^"]*after=[^"]+)"', first)
    assert found is not None
    rest = root.get(found[1].replace("&amp;", "&")).text
    shown = re.findall(rf'href="/admin/users/({word}-\d+)"', first + rest)
    assert shown == [one for one in made[::-1] if one != made[7]]


def test_settings_say_where_they_come_from(person: NewPerson) -> None:
    page = person(admin=True).open("/admin/settings")
    expect(page.get_by_role("row").filter(has_text="listen").first).to_contain_text("wharfinger.toml")
    expect(page.get_by_role("row").filter(has_text="blob_limit")).to_contain_text("default")
