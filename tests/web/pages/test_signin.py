"""Signing in and out with a browser."""

import re

from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import PASSWORD, Person, with_password
from wharfinger.domain import users
from wharfinger.domain.access import OPERATOR


def test_the_page_to_sign_in(person: NewPerson) -> None:
    nobody = person(None)
    nobody.open("/login")
    nobody.check("login")


def test_who_is_not_signed_in_is_led_to_it_and_back(person: NewPerson, site: Server) -> None:
    nobody = person(None)
    page = nobody.open("/?x=1")
    assert page.url.endswith("/login?next=%2F%3Fx%3D1")
    nobody.username = with_password(site)
    page.get_by_label("User name").fill(nobody.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?x=1")


def test_a_wrong_password_is_told(person: NewPerson, site: Server) -> None:
    nobody = person(None)
    page = nobody.open("/login")
    page.get_by_label("User name").fill(with_password(site))
    page.get_by_label("Password").fill("not that one at all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    nobody.check("login-refused")


def test_signing_out(person: NewPerson) -> None:
    somebody: Person = person()
    page = somebody.page
    page.get_by_label(re.compile("Account of")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").first).to_contain_text("signed out")
    page.goto("/")
    assert "/login" in page.url


def test_a_generated_password_has_to_be_replaced_first(person: NewPerson, site: Server) -> None:
    newcomer = person(None)
    newcomer.username = with_password(site)
    newcomer.password = users.generate_password(site.tools, OPERATOR, newcomer.username)
    page = newcomer.sign_in_form()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a password of your own")
    newcomer.check("login-password")
    page.goto("/")
    assert "/login/password" in page.url  # nothing else opens
    for first, second, why in (("short", "short", "10 to 256"), (PASSWORD, "another one", "differ")):
        page.get_by_label("New password").fill(first)
        page.get_by_label("The same again").fill(second)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_role("alert")).to_contain_text(why)
    page.get_by_label("New password").fill("my own words for this")
    page.get_by_label("The same again").fill("my own words for this")
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url(lambda url: "/login" not in url)
    newcomer.password = "my own words for this"
    newcomer.context.clear_cookies()
    newcomer.sign_in()


def test_the_switch_between_light_and_dark_is_remembered(person: NewPerson) -> None:
    nobody = person(None)
    page = nobody.open("/login")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    body = page.locator("body")
    expect(body).not_to_have_css("background-color", light)
    dark = page.evaluate(ground)
    page.reload()
    expect(body).to_have_css("background-color", dark)
