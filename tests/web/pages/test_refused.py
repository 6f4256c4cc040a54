"""Why was I refused? In a browser: a pasted message, a token, and what is hidden."""

from urllib.parse import urlsplit

from playwright.sync_api import Locator, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import Person
from wharfinger.domain import tokens
from wharfinger.domain.access import OPERATOR


def ask(person: Person, message: str = "", path: str = "", token: str = "") -> None:
    """Fill in the form and send it."""
    page = person.open("/help/refused")
    page.get_by_label("Message").fill(message)
    page.get_by_role("textbox", name="Image (may stay empty)").fill(path)
    if token:
        page.get_by_label("Logged in").select_option(label=token)
    page.get_by_role("button", name="Find out").click()


def row(person: Person, action: str) -> Locator:
    """What the answer says of an action."""
    named = person.page.get_by_role("rowheader", name=action)
    return person.page.locator("#reasons").get_by_role("row").filter(has=named)


def test_a_pasted_message_is_understood(person: NewPerson, site: Server) -> None:
    project = site.project()
    keeper, guest = person(project, "maintainer"), person(project, "guest")
    host = urlsplit(site.url).netloc
    ask(guest, f"Error: writing blob: initiating layer upload to {host}/{project.path}/web: denied")
    expect(row(guest, "Pull")).to_contain_text("Allowed, but nothing is there")
    expect(row(guest, "Push")).to_contain_text("needs the role developer")
    expect(guest.page.locator("#reasons")).to_contain_text(keeper.username)
    guest.check("refused")


def test_a_token_is_looked_at(person: NewPerson, site: Server) -> None:
    project = site.project()
    ada = person(project, "developer")
    tokens.create_personal(site.tools, OPERATOR, "narrow", ["read_registry"], username=ada.username)
    ask(ada, path=f"{project.path}/web", token="Personal token “narrow”")
    expect(row(ada, "Push")).to_contain_text(
        "your token has read_registry; pushing needs write_registry", ignore_case=True
    )


def test_what_is_hidden_is_as_what_is_absent(person: NewPerson, site: Server) -> None:
    hidden, stranger = site.project().path, person()
    said = []
    for path in (hidden, hidden + "x"):
        ask(stranger, path=path)
        said.append(stranger.page.get_by_role("alert").inner_text().replace(path, "…"))
    assert said[0] == said[1]
    assert "no project for …" in said[0]


def test_a_message_that_says_nothing_asks_for_the_name(person: NewPerson) -> None:
    ada = person()
    ask(ada, "it does not work")
    expect(ada.page.get_by_role("alert")).to_contain_text("write the image's name")
    expect(ada.page.get_by_label("Message")).to_have_value("it does not work")
