"""Every page there is, full of things: axe-core finds nothing, in light, in dark, at phone width. None is left out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.harbour import Harbour, furnish
from tests.web.pages.people import Person, with_password
from wharfinger.domain import projects
from wharfinger.domain.access import OPERATOR
from wharfinger.web.pages.front import BROKEN
from wharfinger.web.pages.routes import TABLE

NO_PAGE = {  # lines that answer with something else
    "/login/oidc": "leads to the provider",
    "/login/oidc/callback": "leads on to a page",
    "/login/second": "is for who has shown a password: test_second_factor.py looks at it",
    "/login/passkey": "is what a device is asked",
    "/profile/passkeys/new": "is what a device is asked",
    "/login/password": "is for who has a one-time password: test_signin.py looks at it",
    "/admin/audit/export": "is a file",
    "/{place:place}/-/audit/export": "is a file",
    "/{place:place}/-/registry/{id}/size": "is a part of a page",
    "/{place:place}/-/registry/{id}/size/tree": "is a part of a page",
    "/{place:place}/-/cleanup/runs": "is a part of a page",
    "/{place:place}/-/settings/ci_cd/find": "is a part of a page",
}
ASKED = {  # what a page is asked, to have something to show
    "/search": "?q=web",
    "/help/refused": "?path={project}/web:2.0&action=push",
    "/{place:place}/-/registry/{id}/compare": "?from=1.0&to=1.1",
    "/{place:place}/-/custody": "?image={project}/web&digest={digest}",
}
AT_REST = {  # pages of which nothing changes while they are open
    "/login": "is a form",
    "/projects/new": "is a form",
    "/groups/new": "is a form",
    "/profile/second-factor": "is changed by its own person alone",
    "/profile/passkeys": "is changed by its own person alone",
}
PAGES = [line.path for line in TABLE if line.method == "GET" and line.path not in NO_PAGE]
GROUP_PAGES = ("", "/-/registry", "/-/members", "/-/tokens", "/-/cleanup", "/-/usage", "/-/settings", "/-/webhooks",
               "/-/audit")  # fmt: skip


@pytest.fixture(scope="module")
def harbour(site: Server) -> Harbour:
    return furnish(site)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Server) -> Iterator[Person]:
    one = Person(browser, site, with_password(site, admin=True)).sign_in()
    yield one
    one.close()


@pytest.fixture
def admin(signed_in: Person) -> Person:
    """The same for all pages, without what the browser complained about before."""
    signed_in.complaints.clear()
    return signed_in


def name(route: str) -> str:
    """What the pictures of a page are called."""
    return "every" + route.replace("{place:place}", "project").replace("/-/", "/").replace("/", "-").translate(
        str.maketrans("", "", "{}")
    )


@pytest.mark.parametrize("route", PAGES)
def test_a_page(person: NewPerson, admin: Person, harbour: Harbour, route: str) -> None:
    somebody = person(None) if route.startswith("/login") else admin
    asked = ASKED.get(route, "").format(project=harbour.project, digest=harbour.index)
    answer = somebody.page.goto(harbour.path(route) + asked)
    assert answer is not None
    assert answer.status == 200
    somebody.page.wait_for_load_state("networkidle")
    assert somebody.page.locator("[data-live]").count() or route in AT_REST, "it does not keep itself up to date"
    assert not somebody.page.locator("table:not(:has(caption))").count(), "a table does not say what it lists"
    assert not somebody.page.locator("form [name=id]").count(), "htmx takes such a form for another one: see ui.html"
    somebody.check(name(route), hidden=["svg[aria-label*='QR']"])


@pytest.mark.parametrize("page", GROUP_PAGES)
def test_a_page_of_a_group(admin: Person, harbour: Harbour, page: str) -> None:
    admin.open(f"/{harbour.group}{page}")
    admin.check("every-group" + page.replace("/-/", "-"))


@pytest.mark.parametrize(
    ("status", "heading", "path"),
    [(404, "Nothing is here", "/no/such/place"), (403, "You may not do this", "/{project}/-/settings")],
)
def test_a_page_that_says_no(
    person: NewPerson, harbour: Harbour, site: Server, status: int, heading: str, path: str
) -> None:
    guest = person(projects.get(site.tools, OPERATOR, harbour.project), "guest")
    answer = guest.page.goto(path.format(project=harbour.project))
    assert answer is not None
    assert answer.status == status
    expect(guest.page.get_by_role("heading", level=1)).to_have_text(heading)
    guest.check(f"every-{status}")


def test_a_page_that_broke(person: NewPerson, site: Server) -> None:
    """Its frame is none of the templates, so it is put into a page as the server would send it."""
    somebody = person(None)
    somebody.page.route(
        "**/broken", lambda route: route.fulfill(status=500, content_type="text/html", body=BROKEN.format(id="0f3c"))
    )
    somebody.page.goto("/broken")
    expect(somebody.page.get_by_role("heading", level=1)).to_have_text("Something broke here")
    somebody.complaints.clear()  # the browser notes the status
    somebody.check("every-500")


def test_nothing_is_left_out() -> None:
    """A line that is no page says why, and is a line of the table."""
    lines = {line.path for line in TABLE if line.method == "GET"}
    assert NO_PAGE.keys() <= lines
    assert ASKED.keys() <= lines
