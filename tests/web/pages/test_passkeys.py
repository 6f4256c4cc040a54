"""Passkeys in a browser, with the device that Chromium itself can play: added, shown, refused, removed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import Person, confirm
from tests.web.pages.test_second_factor import add as add_second_factor
from tests.web.pages.visitor import Visitor, somebody

WITHOUT_PASSKEYS = "**/static/passkey.js*"


class Device:
    """A device with a finger on it, for one window."""

    def __init__(self, person: Person) -> None:
        self.cdp: CDPSession = person.context.new_cdp_session(person.page)
        self.cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.named = {"authenticatorId": made["authenticatorId"]}

    def unlocks(self, *, right: bool) -> None:
        """Is the finger the owner's?"""
        self.cdp.send("WebAuthn.setUserVerified", {**self.named, "isUserVerified": right})

    def forget(self) -> None:
        """Lose every key."""
        self.cdp.send("WebAuthn.clearCredentials", self.named)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, stylesheet: None) -> Iterator[Server]:
    """A server that people know by a name: browsers make no passkeys for numbers."""
    made = Server(tmp_path_factory.mktemp("passkeys"), {"server": {"workers": 1}})
    made.url = f"http://localhost:{made.port}"
    made.table["external_url"] = made.url
    made.change({})
    made.start()
    yield made
    made.stop()


def add(page: Page, name: str) -> None:
    page.goto("/profile/passkeys")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()


def added(page: Page, name: str) -> None:
    add(page, name)
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()


def sign_in(person: Person) -> Page:
    """By passkey alone."""
    person.context.clear_cookies()
    page = person.open("/login")
    page.get_by_role("button", name="Use a passkey").click()
    return page


def test_it_is_added_signs_in_and_is_removed(person: NewPerson, house: Server) -> None:
    ada = person(server=house)
    device, page = Device(ada), ada.open("/profile/passkeys")
    ada.check("passkeys-empty")
    add(page, "laptop")
    expect(page.get_by_role("status").first).to_contain_text("sign in with this passkey")
    row = page.get_by_role("row").filter(has_text="laptop")
    expect(row).to_contain_text("never")
    add(page, "again")
    expect(page.get_by_role("alert")).to_contain_text("has a passkey for this account already")
    ada.context.clear_cookies()
    page = ada.open("/login?next=/profile/passkeys")
    ada.check("login-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/profile/passkeys")
    expect(row).not_to_contain_text("never")
    ada.check("passkeys", hidden=["time"])
    expect(page.get_by_text("A password of yours signs you in without a passkey as well")).to_be_visible()
    page.goto("/profile/sessions")
    expect(page.get_by_text("by passkey")).to_be_visible()
    page.goto("/profile/passkeys")
    number = (page.locator("dialog").get_attribute("id") or "").partition("-")[2]
    refused = Visitor(house, ada.username).post("/profile/passkeys/remove", {"passkey": number, "typed": "other"})
    assert (refused.status_code, "type laptop to go on" in refused.text) == (422, True)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog")).to_contain_text("It no longer signs you in")
    confirm(page, "Remove", "laptop")
    expect(page.get_by_role("heading", name="You have no passkey yet")).to_be_visible()
    expect(sign_in(ada).get_by_role("alert")).to_contain_text("not known here")
    device.forget()
    expect(sign_in(ada).get_by_role("alert").last).to_contain_text("Nothing was shown")
    assert not [one for one in ada.complaints if "NotAllowed" not in one]


def test_who_cannot_unlock_the_device_is_not_let_in(person: NewPerson, house: Server) -> None:
    ada = person(server=house)
    device = Device(ada)
    added(ada.page, "phone")
    device.unlocks(right=False)
    page = sign_in(ada)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was shown")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_focused()
    device.unlocks(right=True)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/login" not in url)


def test_it_stands_in_for_the_code_of_a_second_factor(person: NewPerson, house: Server) -> None:
    ada = person(server=house)
    Device(ada)
    added(ada.page, "phone")
    add_second_factor(ada)
    expect(ada.open("/profile/passkeys").get_by_text("A password of yours signs you in")).to_have_count(0)
    ada.context.clear_cookies()
    page = ada.sign_in_form()
    ada.check("login-second-passkey")
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(lambda url: "/login" not in url)
    sign_in(ada).wait_for_url(lambda url: "/login" not in url)


def test_a_browser_without_them_is_told_so(person: NewPerson, house: Server) -> None:
    ada = person(server=house)
    ada.context.route(WITHOUT_PASSKEYS, lambda route: route.fulfill(body="", content_type="text/javascript"))
    page = ada.open("/profile/passkeys")
    expect(page.get_by_text("This browser makes no passkeys")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    ada.context.clear_cookies()
    ada.open("/login")
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_an_address_without_a_name_has_none(person: NewPerson, site: Server) -> None:
    ada = person()
    page = ada.open("/profile/passkeys")
    expect(page.get_by_role("heading", name="Not at this address")).to_be_visible()
    ada.check("passkeys-none")
    visitor = somebody(site)
    assert visitor.get("/profile/passkeys/new").status_code == 422
    assert visitor.post("/profile/passkeys", {"answer": "{}", "name": "x"}).status_code == 422
    assert Visitor(site).get("/login/passkey").status_code == 422


def test_answers_that_are_made_up_are_refused(house: Server) -> None:
    visitor, nobody = somebody(house), Visitor(house)
    assert visitor.get("/profile/passkeys/new").json()["rp"] == {"name": "Wharfinger", "id": "localhost"}
    for answer in ("", "{}", '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}'):
        assert visitor.post("/profile/passkeys", {"answer": answer, "name": "x"}).status_code == 401
        assert nobody.post("/login/passkey", {"answer": answer}).status_code == 401
    assert nobody.post("/login/second/passkey", {"answer": "{}"}).headers["location"] == "/login"


def test_an_administrator_removes_them(person: NewPerson, house: Server) -> None:
    ada, root = person(server=house), person(admin=True, server=house)
    Device(ada)
    added(ada.page, "lost")
    page = root.open(f"/admin/users/{ada.username}")
    page.get_by_role("button", name="Remove passkeys").click()
    expect(page.get_by_role("dialog")).to_contain_text("They have 1 passkey")
    confirm(page, "Remove", ada.username)
    expect(page.get_by_role("status").first).to_contain_text("good for nothing")
    expect(page.get_by_role("button", name="Remove passkeys")).to_have_count(0)
    expect(sign_in(ada).get_by_role("alert")).to_contain_text("not known here")
