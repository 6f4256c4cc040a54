"""The second factor in a browser: added, asked for, replaced by a recovery code, removed."""

import time

import pyotp
from playwright.sync_api import Page, expect

from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import PASSWORD, Person


def code_for(secret: str, steps: int = 0) -> str:
    """A code of so many steps from now."""
    totp = pyotp.TOTP(secret)
    return totp.at(0, counter_offset=int(time.time()) // 30 + steps)


def add(person: Person) -> tuple[str, list[str]]:
    """Add a second factor; its secret and the recovery codes."""
    page = person.open("/profile/second-factor")
    page.get_by_role("button", name="Add a second factor").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(code_for(secret, -1))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="It is on")).to_be_visible()
    return secret, page.locator("#recovery-codes li").all_inner_texts()


def show(page: Page, code: str) -> None:
    """Answer the question for a code."""
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_it_is_added_and_asked_for(person: NewPerson) -> None:
    ada = person()
    page = ada.open("/profile/second-factor")
    ada.check("second-factor-off")
    page.get_by_role("button", name="Add a second factor").click()
    ada.check("second-factor-new", hidden=["svg[width]", "#secret"])
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("alert")).to_contain_text("code is wrong")
    assert page.locator("#secret").inner_text() == secret  # the same one, so that the app need not be asked again
    secret, codes = add(ada)
    assert len(set(codes)) == 10
    ada.check("second-factor-on", hidden=["#recovery-codes"])
    ada.context.clear_cookies()
    page = ada.sign_in_form()
    ada.check("login-second")
    page.goto("/profile")
    assert "/login/second" in page.url  # nothing else opens
    show(page, "123456")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    show(page, code_for(secret))
    page.wait_for_url(lambda url: "/login" not in url)
    used = code_for(secret)
    ada.context.clear_cookies()
    show(ada.sign_in_form(), used)
    expect(page.get_by_role("alert")).to_contain_text("used before")


def test_a_recovery_code_is_good_once(person: NewPerson) -> None:
    ada = person()
    _secret, codes = add(ada)
    ada.context.clear_cookies()
    page = ada.sign_in_form()
    show(page, codes[3].upper().replace("-", " "))
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/profile/second-factor")
    expect(page.get_by_text("9 recovery codes left")).to_be_visible()
    ada.context.clear_cookies()
    show(ada.sign_in_form(), codes[3])
    expect(page.get_by_role("alert")).to_contain_text("wrong")


def test_it_is_removed_by_who_knows_the_password(person: NewPerson) -> None:
    ada = person()
    add(ada)
    page = ada.page
    page.get_by_label("Your password").last.fill("not the password")
    page.get_by_role("button", name="Remove the second factor").click()
    expect(page.get_by_role("alert")).to_contain_text("password is wrong")
    page.get_by_label("Your password").last.fill(PASSWORD)
    page.get_by_role("button", name="Remove the second factor").click()
    expect(page.get_by_role("status").first).to_contain_text("without a second factor")
    ada.context.clear_cookies()
    ada.sign_in()
