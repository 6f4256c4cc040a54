"""What administrators see and do in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.db import users as user_rows
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


CHOSEN = "a rope of three strands"


def test_a_user_is_made_with_a_password_that_the_administrator_chose(person: NewPerson) -> None:
    root, username = person(admin=True), fresh("newcomer")
    page = root.open("/admin/users")
    page.get_by_text("Create a user").click()
    page.get_by_label("User name").fill(username)
    page.get_by_label("One that you choose").check()
    page.get_by_label("New password").fill("too short")
    page.get_by_label("The same again").fill("too short")
    root.check("user-password")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("alert")).to_contain_text("A password has 10 to 256 characters, this one has 9")
    expect(page.get_by_label("One that you choose")).to_be_checked()
    expect(page.get_by_label("New password")).to_have_value("")
    page.get_by_label("New password").fill(CHOSEN)
    page.get_by_label("The same again").fill(CHOSEN)
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("status").first).to_contain_text("with the password that you chose")
    assert CHOSEN not in page.content()
    newcomer = person(None)
    newcomer.username, newcomer.password = username, CHOSEN
    newcomer.sign_in()


def test_a_user_gets_another_password(person: NewPerson, site: Server) -> None:
    root, ada = person(admin=True), person()
    page = root.open(f"/admin/users/{ada.username}")
    page.get_by_role("button", name="Choose a password").click()
    page.get_by_label("New password").fill(CHOSEN)
    page.get_by_label("The same again").fill(CHOSEN)
    root.check("user-password-dialog")
    confirm(page, "Set password", ada.username)
    expect(page.get_by_role("status").first).to_contain_text("signs in by the password that you chose")
    assert CHOSEN not in page.content() + site.log()
    ada.open("/profile")
    assert "/login" in ada.page.url
    ada.password = CHOSEN
    ada.sign_in()
    page = root.open(f"/admin/users/{root.username}")
    expect(page.get_by_role("button", name="Choose a password")).to_have_count(0)
    expect(page.get_by_role("link", name="Change your password")).to_have_attribute("href", "/profile")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"way": "chosen", "password": CHOSEN, "again": CHOSEN + "!"}, "he two new passwords differ"),
        ({"way": "chosen", "password": "", "again": ""}, "10 to 256 characters, this one has 0"),
        ({"way": "chosen", "password": "x" * 257, "again": "x" * 257}, "this one has 257"),
        ({"way": "once", "password": CHOSEN, "again": CHOSEN}, "it is not to be one that you choose"),
        ({"way": "none", "password": CHOSEN, "again": CHOSEN}, "it is not to be one that you choose"),
    ],
)
def test_a_password_that_is_refused_changes_nothing(site: Server, sent: dict[str, str], said: str) -> None:
    root, ada, username = somebody(site, admin=True), somebody(site), fresh("nobody")
    answers = [
        root.post("/admin/users", {"username": username, **sent}),
        root.post(f"/admin/users/{ada.username}/password", {"typed": ada.username, **sent}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert said in answer.text
        assert CHOSEN not in answer.text
    assert root.get(f"/admin/users/{username}").status_code == 404
    assert ada.get("/profile").status_code == 200
    assert CHOSEN not in site.log()


def test_a_user_without_a_password_does_not_sign_in_by_one(site: Server) -> None:
    root, username = somebody(site, admin=True), fresh("guest")
    answer = root.post("/admin/users", {"username": username, "way": "none", "password": "", "again": ""})
    assert answer.headers["location"] == f"/admin/users/{username}"
    with site.tools.db.read() as tx:
        row = user_rows.at(tx, username)
    assert row is not None
    assert (row.password_hash, row.password_once) == (None, False)


def test_ones_own_password_is_changed_by_who_knows_it(site: Server) -> None:
    """As by the API: an administrator's page that was left open is no way to keep them out."""
    root = somebody(site, admin=True)
    sent = {"typed": root.username, "way": "chosen", "password": CHOSEN, "again": CHOSEN}
    assert root.post(f"/admin/users/{root.username}/password", sent).status_code >= 400
    assert Visitor(site, root.username).get("/profile").status_code == 200


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
