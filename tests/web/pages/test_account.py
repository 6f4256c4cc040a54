"""One's own account in a browser: tokens, password, sessions."""

import httpx
from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import PASSWORD, Person, confirm


def test_a_token_is_made_shown_once_rotated_and_revoked(person: NewPerson, site: Server) -> None:
    ada = person()
    page = ada.open("/profile/tokens")
    ada.check("tokens-empty")
    page.get_by_label("Name").fill("laptop")
    page.get_by_label("Description").fill("Black, with a dent.")
    page.get_by_label("Expires on").fill("2099-01-01")
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_label("Command").first.inner_text()
    assert works(site, ada.username, secret)
    ada.check("tokens-new", hidden=["section code"])
    page.goto("/profile/tokens")
    expect(page.get_by_text(secret)).to_have_count(0)
    expect(page.get_by_role("row", name="laptop")).to_contain_text("Black, with a dent.")
    page.get_by_role("button", name="Rotate").first.click()
    ada.check("tokens-rotate")
    page.get_by_label("The new one ends on").fill("2098-07-06")
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    expect(page.get_by_role("row", name="laptop")).to_contain_text("Black, with a dent.")
    expect(page.get_by_role("row", name="laptop").locator("time[datetime^='2098-07-06']")).to_have_count(1)
    new = page.get_by_label("Command").first.inner_text()
    assert new != secret
    assert not works(site, ada.username, secret)
    assert works(site, ada.username, new)
    page.get_by_role("button", name="Revoke").first.click()
    confirm(page, "Revoke", "laptop")
    expect(page.get_by_role("status").first).to_contain_text("good for nothing")
    assert not works(site, ada.username, new)
    ada.check("tokens-over")


def test_the_secret_is_copied(person: NewPerson) -> None:
    ada = person()
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = ada.open("/profile/tokens")
    page.get_by_label("Name").fill("copied")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("button", name="Copy the token").click()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Command").first.inner_text()


def test_a_token_without_scopes_is_refused_and_the_name_kept(person: NewPerson) -> None:
    page = person().open("/profile/tokens")
    page.get_by_label("Name").fill("useless")
    for scope in ("read_registry", "write_registry"):
        page.get_by_role("checkbox", name=scope, exact=True).uncheck()
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_contain_text("good for nothing")
    expect(page.get_by_label("Name")).to_have_value("useless")


def test_tokens_of_a_project(person: NewPerson, site: Server) -> None:
    project = site.project()
    keeper = person(project, "maintainer")
    page = keeper.open(f"/{project.path}/-/tokens")
    page.get_by_label("Name", exact=True).fill("pipeline")
    page.get_by_label("Description").fill("Asked for by Bob.")
    page.get_by_role("button", name="Create token").click()
    assert works(site, "anything", page.get_by_label("Command").first.inner_text())
    expect(page.get_by_role("row", name="pipeline")).to_contain_text("Asked for by Bob.")
    page.get_by_text("Create a token").click()
    page.get_by_label("Deploy token").check()
    page.get_by_label("Name", exact=True).fill("cluster")
    page.get_by_label("User name").fill("cluster-7")
    page.get_by_role("button", name="Create token").click()
    assert works(site, "cluster-7", page.get_by_label("Command").first.inner_text())
    keeper.check("place-tokens", hidden=["section code"])


def test_the_password_is_changed_by_who_knows_it(person: NewPerson) -> None:
    ada = person()
    page = ada.open("/profile")
    ada.check("profile")
    for present, new, why in (("wrong one here", "another ten", "current password"), (PASSWORD, "short", "10 to 256")):
        page.get_by_label("Present password").fill(present)
        page.get_by_label("New password").fill(new)
        page.get_by_label("The same again").fill(new)
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_role("alert")).to_contain_text(why)
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("quite another one")
    page.get_by_label("The same again").fill("quite another one")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").first).to_contain_text("is changed")


def test_a_session_elsewhere_is_ended(person: NewPerson, site: Server) -> None:
    ada = person()
    elsewhere = Person(ada.context.browser, site, ada.username).sign_in()  # type: ignore[arg-type]
    page = ada.open("/profile/sessions")
    ada.check("sessions")
    page.get_by_role("button", name="Sign out all others").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    elsewhere.open("/profile")
    assert "/login" in elsewhere.page.url
    elsewhere.close()


def works(site: Server, username: str, secret: str) -> bool:
    """Does the token service know this token?"""
    asked = {"service": "container_registry"}
    return httpx.get(f"{site.url}/jwt/auth", params=asked, auth=(username, secret)).status_code == 200
